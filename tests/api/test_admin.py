"""The moderators' API (client-api tier C): accounts, reports, domains, who may not sign up. Attack row 91."""

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from federation.keys import generate_rsa_key
from node.auth.service import create_token, set_role, sign_up
from node.barriers.rules import NetworkRule, email_hash, hardest
from node.base.errors import Forbidden, Invalid
from node.moderation.models import ModerationEntry
from tests.support.nodes import Node, Person
from tests.unit.node.media.pictures import picture

EVERYTHING = "read write admin:read admin:write"
MINE = "/api/v1/accounts/verify_credentials"


@dataclass
class Desk:
    """Somebody with a role, and a token that may do all that the role may."""

    node: Node
    account_id: int
    token: str

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.node.http.request(method, path, headers=headers, **request)

    async def get(self, path: str, **request: Any) -> httpx.Response:
        return await self.ask("GET", path, **request)

    async def post(self, path: str, **request: Any) -> httpx.Response:
        return await self.ask("POST", path, **request)

    async def put(self, path: str, **request: Any) -> httpx.Response:
        return await self.ask("PUT", path, **request)

    async def delete(self, path: str) -> httpx.Response:
        return await self.ask("DELETE", path)


async def staff(node: Node, name: str, role: str) -> Desk:
    person = await node.person(name)
    async with node.runtime.write() as uow:
        await set_role(uow, person.account_id, role)
        token = await create_token(uow, person.account_id, EVERYTHING, now=node.runtime.now())
    return Desk(node, person.account_id, token)


@pytest.fixture
async def boss(node: Node) -> Desk:
    return await staff(node, "boss", "admin")


@pytest.fixture
async def mo(node: Node) -> Desk:
    return await staff(node, "mo", "moderator")


async def logged(node: Node) -> list[str]:
    async with node.runtime.read() as reader:
        return list(await reader.scalars(select(ModerationEntry.action).order_by(ModerationEntry.id)))


async def test_accounts_are_found_by_what_they_have_in_common(node: Node, boss: Desk, mo: Desk, ann: Person) -> None:
    async def found(path: str, **params: Any) -> set[str]:
        return {account["username"] for account in (await boss.get(path, params=params)).json()}

    assert await found("/api/v1/admin/accounts", local="true", active="true") == {"boss", "mo", "ann"}
    assert await found("/api/v1/admin/accounts", remote="true") == set()
    assert await found("/api/v2/admin/accounts", permissions="staff") == {"boss", "mo"}
    assert await found("/api/v2/admin/accounts", username="an") == {"ann"}
    assert await found("/api/v2/admin/accounts", email="ann@") == {"ann"}
    assert await found("/api/v2/admin/accounts", status="suspended") == set()
    first = await boss.get("/api/v2/admin/accounts", params={"limit": 2})
    rest = await boss.get(first.links["next"]["url"])
    assert len(first.json()) == 2
    assert len(rest.json()) == 1
    assert (await boss.get("/api/v2/admin/accounts", params={"status": "sick"})).status_code == 422


async def test_each_action_takes_effect_and_can_be_taken_back(node: Node, boss: Desk, ann: Person) -> None:
    """`disable` shuts the person out with a 403 that says so; `sensitive` covers media; both are undone."""
    path = f"/api/v1/admin/accounts/{ann.account_id}"
    for action, undo, field in (
        ("disable", "enable", "disabled"),
        ("silence", "unsilence", "silenced"),
        ("sensitive", "unsensitive", "sensitized"),
        ("suspend", "unsuspend", "suspended"),
    ):
        assert (await boss.post(f"{path}/action", json={"type": action, "text": "why"})).json() == {}
        assert (await boss.get(path)).json()[field] is True
        await ann.call("GET", MINE, expect={"disable": 403, "suspend": 401}.get(action, 200))
        assert (await boss.post(f"{path}/{undo}")).json()[field] is False
        await ann.get(MINE)
    assert await logged(node) == [
        *("account.disable", "account.enable", "account.silence", "account.unsilence"),
        *("account.sensitive", "account.unsensitive", "account.suspend", "account.unsuspend"),
    ]


async def test_covered_media_are_sensitive_to_everybody(node: Node, boss: Desk, ann: Person) -> None:
    async def with_picture() -> Any:
        files = {"file": ("p.png", picture(), "image/png")}
        media = await ann.call("POST", "/api/v2/media", files=files)
        return await ann.post("a picture", media_ids=[media["id"]])

    before = await with_picture()
    await boss.post(f"/api/v1/admin/accounts/{ann.account_id}/action", data={"type": "sensitive"})
    after, words = await with_picture(), await ann.post("only words")
    shown = [(await boss.get(f"/api/v1/statuses/{post['id']}")).json()["sensitive"] for post in (before, after, words)]
    assert shown == [True, True, False]


async def test_moderators_do_not_reach_those_above_them(node: Node, boss: Desk, mo: Desk, ann: Person) -> None:
    """Attack row 91."""
    other = await staff(node, "other", "moderator")
    for target in (boss, other, mo):
        refused = await mo.post(f"/api/v1/admin/accounts/{target.account_id}/action", json={"type": "suspend"})
        assert refused.status_code == 403
        assert (await mo.delete(f"/api/v1/admin/accounts/{target.account_id}")).status_code == 403
    await ann.call("GET", "/api/v2/admin/accounts", expect=403)
    assert (await mo.post(f"/api/v1/admin/accounts/{ann.account_id}/action", json={"type": "silence"})).json() == {}
    assert await logged(node) == ["account.silence"]


async def test_who_waits_is_let_in_or_refused(node: Node, boss: Desk) -> None:
    waiting = []
    for name in ("dora", "eve"):
        async with node.runtime.write() as uow:
            user = await sign_up(
                uow, node.runtime.settings, username=name, email=f"{name}@example.com", password="swordfish-7",
                address="198.51.100.7", now=node.runtime.now(), key_pair=generate_rsa_key(),
            )  # fmt: skip
            user.approved_at = None
            uow.add(user)
            waiting.append(user.account_id)
    pending = await boss.get("/api/v2/admin/accounts?status=pending")
    assert [row["username"] for row in pending.json()] == ["eve", "dora"]
    assert (await boss.post(f"/api/v1/admin/accounts/{waiting[0]}/approve")).json()["approved"] is True
    assert (await boss.post(f"/api/v1/admin/accounts/{waiting[1]}/reject")).status_code == 200
    assert (await boss.get("/api/v2/admin/accounts?status=pending")).json() == []
    assert (await boss.get("/api/v1/accounts/lookup?acct=eve")).status_code == 404


async def test_a_report_goes_from_hand_to_hand(node: Node, boss: Desk, mo: Desk, ann: Person, bob: Person) -> None:
    post = await bob.post("nonsense")
    sent = {"account_id": str(bob.account_id), "status_ids": [post["id"]], "comment": "look"}
    report = await ann.call("POST", "/api/v1/reports", json=sent)
    path = f"/api/v1/admin/reports/{report['id']}"
    shown = (await mo.get(path)).json()
    assert shown["account"]["username"] == "ann"
    assert shown["target_account"]["username"] == "bob"
    assert [status["id"] for status in shown["statuses"]] == [post["id"]]
    assert (await mo.post(f"{path}/assign_to_self")).json()["assigned_account"]["username"] == "mo"
    assert (await mo.put(path, json={"category": "spam"})).json()["category"] == "spam"
    assert (await mo.put(path, json={"category": "boring"})).status_code == 422
    assert (await boss.post(f"{path}/unassign")).json()["assigned_account"] is None
    assert (await boss.post(f"{path}/resolve")).json()["action_taken_by_account"]["username"] == "boss"
    assert (await boss.get("/api/v1/admin/reports")).json() == []
    assert len((await boss.get("/api/v1/admin/reports?resolved=true")).json()) == 1
    assert len((await boss.get("/api/v1/admin/reports?resolved=true&unresolved=true")).json()) == 1
    assert (await boss.post(f"{path}/reopen")).json()["action_taken"] is False
    assert (await boss.get("/api/v1/admin/reports/1")).status_code == 404
    action = {"type": "silence", "report_id": report["id"]}
    await boss.post(f"/api/v1/admin/accounts/{bob.account_id}/action", json=action)
    assert (await boss.get(path)).json()["action_taken"] is True


async def test_domains_are_blocked_changed_and_freed(node: Node, boss: Desk, mo: Desk) -> None:
    made = (
        await boss.post("/api/v1/admin/domain_blocks/", data={"domain": "Bad.example", "severity": "suspend"})
    ).json()
    path = f"/api/v1/admin/domain_blocks/{made['id']}"
    assert (await mo.get(path)).json()["domain"] == "bad.example"
    changed = (await boss.put(path, data={"severity": "silence", "private_comment": "spam"})).json()
    assert (changed["severity"], changed["private_comment"], changed["id"]) == ("silence", "spam", made["id"])
    assert [row["id"] for row in (await boss.get("/api/v1/admin/domain_blocks/")).json()] == [made["id"]]
    allowed = (await boss.post("/api/v1/admin/domain_allows", data={"domain": "good.example"})).json()
    assert (await boss.get(f"/api/v1/admin/domain_blocks/{allowed['id']}")).status_code == 404
    assert (await boss.delete(f"/api/v1/admin/domain_allows/{made['id']}")).status_code == 404
    assert (await boss.delete(path)).json() == {}
    assert (await boss.get(path)).status_code == 404
    assert (await boss.post("/api/v1/admin/domain_blocks", data={"domain": "http://"})).status_code == 422


async def test_mail_domains_and_mailboxes_may_not_sign_up(node: Node, boss: Desk) -> None:
    """Attack row 101: dots and `+tag` make no other mailbox, and the refusal tells nothing (row 99)."""
    made = (await boss.post("/api/v1/admin/email_domain_blocks", data={"domain": "trash.example"})).json()
    mailbox = (await boss.post("/api/v1/admin/canonical_email_blocks", data={"email": "Te.st@example.com"})).json()
    assert mailbox["canonical_email_hash"] == email_hash("test@example.com")
    probe = await boss.post("/api/v1/admin/canonical_email_blocks/test", data={"email": "test+x@EXAMPLE.com"})
    assert [row["id"] for row in probe.json()] == [mailbox["id"]]
    for address in ("a@trash.example", "a@sub.trash.example", "t.est+9@example.com"):
        with pytest.raises(Invalid, match="cannot be used here"):
            await _sign_up(node, address)
    again = {"canonical_email_hash": email_hash("test@example.com")}
    twice = await boss.post("/api/v1/admin/canonical_email_blocks", data=again)
    assert twice.status_code == 422
    assert (await boss.delete(f"/api/v1/admin/canonical_email_blocks/{mailbox['id']}")).json() == {}
    assert (await boss.delete(f"/api/v1/admin/email_domain_blocks/{made['id']}")).json() == {}
    await _sign_up(node, "test@example.com")


async def test_networks_are_kept_from_signing_up_or_out(node: Node, boss: Desk) -> None:
    made = (
        await boss.post("/api/v1/admin/ip_blocks", json={"ip": "198.51.100.9/24", "severity": "sign_up_block"})
    ).json()
    assert made["ip"] == "198.51.100.0/24"
    path = f"/api/v1/admin/ip_blocks/{made['id']}"
    with pytest.raises(Forbidden):
        await _sign_up(node, "dora@example.com")
    changed = await boss.put(path, json={"severity": "sign_up_requires_approval", "expires_in": 60})
    assert changed.json()["expires_at"] is not None
    assert (await _sign_up(node, "dora@example.com")).approved_at is None
    for wrong in ({"ip": "0.0.0.0/0"}, {"ip": "here"}, {"severity": "shout"}, {"expires_in": -1}):
        sent = {"ip": "203.0.113.0/24", "severity": "no_access", **wrong}
        assert (await boss.post("/api/v1/admin/ip_blocks", json=sent)).status_code == 422
    assert (await boss.delete(path)).json() == {}
    assert (await boss.get("/api/v1/admin/ip_blocks")).json() == []


async def test_a_network_without_access_gets_nothing(node: Node, boss: Desk) -> None:
    shut = await boss.post("/api/v1/admin/ip_blocks", json={"ip": "203.0.113.0/24", "severity": "no_access"})
    assert shut.status_code == 200
    node.runtime.caches.get("network_rules", size=1, seconds=1).clear()
    app = node.http._transport.app  # type: ignore[attr-defined]
    for address, expected in (("203.0.113.9", 403), ("::ffff:203.0.113.9", 403), ("198.51.100.1", 200)):
        transport = httpx.ASGITransport(app=app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url=node.url) as http:
            assert (await http.get("/api/v2/instance")).status_code == expected


def test_the_hardest_rule_decides() -> None:
    wide = NetworkRule(ip_network("203.0.113.0/24"), "sign_up_requires_approval")
    narrow = NetworkRule(ip_network("203.0.113.8/29"), "no_access")
    sixth = NetworkRule(ip_network("2001:db8::/32"), "sign_up_block")
    rules = [wide, narrow, sixth]
    assert hardest(rules, "203.0.113.9") == "no_access"
    assert hardest(rules, "203.0.113.99") == "sign_up_requires_approval"
    assert hardest(rules, "2001:db8::1") == "sign_up_block"
    assert hardest(rules, "198.51.100.1") == hardest(rules, "") == hardest([], "203.0.113.9") == ""


async def _sign_up(node: Node, address: str) -> Any:
    name = address.partition("@")[0].replace(".", "").replace("+", "") + "x"
    async with node.runtime.write() as uow:
        return await sign_up(
            uow, node.runtime.settings, username=name, email=address, password="swordfish-7", address="198.51.100.7",
            now=node.runtime.now(), key_pair=generate_rsa_key(),
        )  # fmt: skip
