"""What the node says of itself beyond the first page: rules, texts, servers, weeks (client-api 12, 13)."""

from typing import Any

from sqlalchemy import update

from node.auth.models import User
from node.base.runtime import Runtime
from node.moderation.service import set_domain_policy
from node.site.writing import add_rule, retire_rule, write_page
from tests.api.conftest import serve
from tests.support.nodes import Node, Person, open_node
from tests.support.redis_server import RedisServer


async def get(node: Node, path: str, *, expect: int = 200, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = await node.http.get(f"/api/v1/instance{path}", headers=headers)
    assert response.status_code == expect, response.text
    return response.json()


async def test_rules_are_told_everywhere_in_their_order(node: Node, ann: Person, bob: Person) -> None:
    runtime = node.runtime
    async with runtime.write() as uow:
        kind = await add_rule(uow, "Be  kind", hint="To everybody.", now=runtime.now())
        old = await add_rule(uow, "No cats", now=runtime.now())
        await add_rule(uow, "No spam", now=runtime.now())
        await retire_rule(uow, old.id, now=runtime.now())
    rules = await get(node, "/rules")
    assert [(rule["text"], rule["hint"]) for rule in rules] == [("Be kind", "To everybody."), ("No spam", "")]
    assert rules == (await get(node, ""))["rules"]
    assert rules == (await node.http.get("/api/v2/instance")).json()["rules"]
    report = await ann.act("/api/v1/reports", account_id=bob.account_id, rule_ids=[str(kind.id)])
    assert (report["category"], report["rule_ids"]) == ("violation", [str(kind.id)])
    await ann.call("POST", "/api/v1/reports", json={"account_id": bob.account_id, "rule_ids": ["99"]}, expect=422)


async def test_longer_texts_are_rendered_and_safe(node: Node) -> None:
    runtime = node.runtime
    assert await get(node, "/extended_description") == {"updated_at": None, "content": ""}
    assert (
        "<h2>" in (await get(node, "/privacy_policy"))["content"]
        or "<strong>" in (await get(node, "/privacy_policy"))["content"]
    )
    await get(node, "/terms_of_service", expect=404)
    async with runtime.write() as uow:
        for name in ("about", "privacy", "terms"):
            await write_page(uow, name, "*Hello* <script>alert(1)</script>", now=runtime.now())
    for path in ("/extended_description", "/privacy_policy", "/terms_of_service"):
        content = (await get(node, path))["content"]
        assert "<em>Hello</em>" in content
        assert "<script" not in content
    terms = await get(node, "/terms_of_service")
    assert terms == await get(node, f"/terms_of_service/{terms['effective_date']}")
    await get(node, "/terms_of_service/2020-01-01", expect=404)
    urls = (await node.http.get("/api/v2/instance")).json()["configuration"]["urls"]
    assert urls["terms_of_service"].endswith("/terms")


async def test_the_weeks_are_counted(node: Node, ann: Person, bob: Person) -> None:
    await ann.post("one")
    await ann.post("two")
    node.clock.advance(minutes=11)
    await ann.get("/api/v1/accounts/verify_credentials")
    weeks = await get(node, "/activity")
    assert len(weeks) == 12
    assert int(weeks[0]["statuses"]) + int(weeks[1]["statuses"]) == 2
    assert int(weeks[0]["registrations"]) + int(weeks[1]["registrations"]) == 2
    assert int(weeks[0]["logins"]) + int(weeks[1]["logins"]) >= 1
    assert all(set(week) == {"week", "statuses", "logins", "registrations"} for week in weeks)


async def test_languages_and_translations(node: Node) -> None:
    assert {"code": "de", "name": "German"} in await get(node, "/languages")
    assert await get(node, "/translation_languages") == {}


async def _limit(runtime: Runtime) -> None:
    async with runtime.write() as uow:
        await set_domain_policy(uow, runtime.settings, "bad.test", "suspend", now=runtime.now())


async def test_attack_90_rules_for_servers_are_for_whom_the_operator_says(redis_server: RedisServer) -> None:
    for setting, anonymous, member in (("on", 200, 200), ("members", 401, 200), ("off", 404, 404)):
        async with open_node(redis_server, show_domain_rules=setting, show_peers=setting == "on") as runtime:
            await _limit(runtime)
            async for node in serve(runtime):
                ann = await node.person("ann")
                await get(node, "/domain_blocks", expect=anonymous)
                shown = await get(node, "/domain_blocks", expect=member, token=ann.token)
                if member == 200:
                    assert [entry["domain"] for entry in shown] == ["bad.test"]
                async with runtime.write() as uow:
                    await uow.write(update(User).values(approved_at=None))
                await get(node, "/domain_blocks", expect=403, token=ann.token)
                await get(node, "/peers", expect=200 if setting == "on" else 404)
