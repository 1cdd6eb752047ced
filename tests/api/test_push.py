"""Web push (client-api behaviour 22): subscriptions, what a push service gets, and when it gets nothing any more
(attack rows 59, 65, 89, 95)."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from mastodon import Mastodon
from sqlalchemy import func, select, update

from federation.egress import EgressPolicy
from node.accounts.service import suspend_account
from node.auth.queries import find_token
from node.auth.service import change_password, revoke_token
from node.base.db.claims import claim_due
from node.base.errors import Invalid
from node.notifications.priorities import Made, Priority
from node.push.models import PushMessage, PushSubscription
from node.push.rules import ALERTS, MOST_WAITING, TTL
from node.push.sending import send_due
from node.push.service import ring
from node.push.service import subscribe as subscribe_app
from node.push.vapid import vapid_key
from outbox.relay import relay
from tests.support.fake_peer import Answer, FakePeer
from tests.support.make import make_token
from tests.support.nodes import Node, Person, settle
from tests.support.push_service import Phone

PATH = "/api/v1/push/subscription"
ALL = dict.fromkeys(ALERTS, True)


@pytest.fixture
async def service() -> AsyncIterator[FakePeer]:
    """A push service that takes everything."""
    async with FakePeer() as opened:
        opened.routes["/ring"] = Answer(status=201)
        yield opened


async def subscribe(person: Person, service: FakePeer, phone: Phone, **more: Any) -> dict[str, Any]:
    data = more.pop("data", {"alerts": ALL})
    wish = {"endpoint": f"{service.url}/ring", "keys": phone.keys(), **more}
    found: dict[str, Any] = await person.call("POST", PATH, json={"subscription": wish, "data": data})
    return found


async def count(node: Node, table: Any) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(table)))


@pytest.mark.parametrize("standard", [True, False])
async def test_a_mention_rings(node: Node, ann: Person, bob: Person, service: FakePeer, standard: bool) -> None:
    """Both encodings, decrypted by what apps use; the statement is signed with the key the app was told."""
    phone = Phone()
    told = await subscribe(ann, service, phone, standard=standard)
    await ann.act(f"/api/v1/accounts/{bob.account_id}/follow")
    post = await bob.post("@ann hello & <b>welcome</b> " + "x" * 150)
    await settle(node.runtime)
    (sent,) = service.asked("/ring")
    words = phone.read(sent, server_key=told["server_key"])
    (notification,) = await ann.get("/api/v1/notifications", types="mention")
    assert words["notification_id"] == notification["id"]
    assert words["notification_id"].isdigit()
    assert (words["notification_type"], words["access_token"]) == ("mention", ann.token)
    assert (words["preferred_locale"], words["title"]) == ("en", "bob mentioned you")
    assert words["icon"] == notification["account"]["avatar_static"]
    assert words["body"].startswith("@ann hello & <b>welcome</b> xxx")
    assert len(words["body"]) == 140
    assert set(words) == {
        "access_token", "preferred_locale", "notification_id", "notification_type", "icon", "title", "body"
    }  # fmt: skip
    assert phone.claims["aud"] == service.url
    assert phone.claims["sub"].startswith(("mailto:", "http"))
    assert timedelta() < datetime.fromtimestamp(phone.claims["exp"], UTC) - node.runtime.now() < timedelta(hours=24)
    assert (sent.header("ttl"), sent.header("urgency")) == (str(int(TTL.total_seconds())), "high")
    assert len(sent.header("topic") or "") == 32
    assert await count(node, PushMessage) == 0
    assert post["id"] == notification["status"]["id"]


async def test_mastodon_py_reads_it(node: Node, ann: Person, bob: Person, service: FakePeer) -> None:
    """What the library makes of keys and headers is what real bots make of them."""
    app = Mastodon(access_token=ann.token, api_base_url=node.url, version_check_mode="none")
    private, public = app.push_subscription_generate_keys()
    made: dict[str, Any] = dict(public)
    keys = {"p256dh": base64.b64encode(made["pubkey"]).decode(), "auth": base64.b64encode(made["auth"]).decode()}
    form = {
        "subscription[endpoint]": f"{service.url}/ring",
        "subscription[keys][p256dh]": keys["p256dh"],
        "subscription[keys][auth]": keys["auth"],
        "policy": "all",
        "data[alerts][mention]": "1",
        "data[alerts][admin.sign_up]": "0",
    }
    told = await ann.call("POST", PATH, data=form)
    assert told["alerts"] == dict.fromkeys(ALERTS, False) | {"mention": True}
    await ann.act(f"/api/v1/accounts/{bob.account_id}/follow")
    await bob.post("@ann psst", visibility="direct")
    await settle(node.runtime)
    (sent,) = service.asked("/ring")
    words = app.push_subscription_decrypt_push(
        sent.body, private, sent.header("encryption") or "", sent.header("crypto-key") or ""
    )
    assert (words["notification_type"], words["body"]) == ("mention", "@ann psst")


async def test_subscribing_in_all_ways(node: Node, ann: Person, service: FakePeer) -> None:
    """JSON, a form, and everything in the query of a POST, as Ice Cubes sends it (client-api 1); POST replaces."""
    await ann.call("GET", PATH, expect=404)
    await ann.call("PUT", PATH, expect=404, json={"data": {"policy": "none"}})
    first = await subscribe(ann, service, Phone(), data={"alerts": {"follow": True}, "policy": "followed"})
    assert first["endpoint"] == f"{service.url}/ring"
    assert (first["policy"], first["standard"], first["alerts"]["follow"]) == ("followed", False, True)
    assert 0 < first["id"] < 2**31
    assert first == await ann.get(PATH)
    keys = Phone().keys()
    query = urlencode(
        {
            "subscription[endpoint]": f"{service.url}/other",
            "subscription[keys][p256dh]": keys["p256dh"],
            "subscription[keys][auth]": keys["auth"],
            "subscription[standard]": "true",
            "data[alerts][mention]": "true",
            "data[alerts][follow]": "false",
            "data[policy]": "all",
        }
    )
    second = await ann.call("POST", f"{PATH}?{query}")
    assert (second["endpoint"], second["standard"], second["policy"]) == (f"{service.url}/other", True, "all")
    assert second["alerts"] == dict.fromkeys(ALERTS, False) | {"mention": True}
    assert second["id"] != first["id"]
    assert await count(node, PushSubscription) == 1
    for method in ("PUT", "PATCH"):
        changed = await ann.call(method, PATH, json={"data": {"alerts": {"poll": True}, "policy": "none"}})
        assert (changed["policy"], changed["alerts"]) == ("none", dict.fromkeys(ALERTS, False) | {"poll": True})
    assert (await ann.call("PUT", PATH, json={"data": {"policy": "follower"}}))["alerts"]["poll"]
    assert await ann.call("DELETE", PATH) == {}
    assert await ann.call("DELETE", PATH) == {}
    await ann.call("GET", PATH, expect=404)


WRONG: list[dict[str, Any]] = [
    {"endpoint": ""},
    {"endpoint": "x"},
    {"endpoint": "https://10.0.0.1/1"},
    {"endpoint": "https://[fd00::1]/1"},
    {"endpoint": "ftp://push.example/1"},
    {"endpoint": "https://push.example/" + "x" * 3_000},
    {"keys": {}},
    {"keys": Phone().keys() | {"p256dh": "AAAA"}},
    {"keys": Phone().keys() | {"p256dh": base64.b64encode(b"\x04" + b"\x01" * 64).decode()}},
    {"keys": Phone().keys() | {"auth": "AAAA"}},
]


async def test_what_is_refused(node: Node, ann: Person, service: FakePeer) -> None:
    """Attack row 65 at the door: an address that is never called is not taken either."""
    good = {"endpoint": f"{service.url}/ring", "keys": Phone().keys()}
    for change in WRONG:
        await ann.call("POST", PATH, expect=422, json={"subscription": good | change})
    await ann.call("POST", PATH, expect=422, json={"subscription": good, "data": {"policy": "some"}})
    await ann.call("POST", PATH, expect=422, json={})
    assert await count(node, PushSubscription) == 0


@pytest.mark.parametrize(
    "endpoint", ["http://push.example/1", "https://127.0.0.1/1", "https://redis/1", "https://push.example:25/1"]
)
async def test_an_ordinary_node_calls_by_https_and_outside_only(node: Node, ann: Person, endpoint: str) -> None:
    """Attack row 65, without `insecure_peers`."""
    runtime = node.runtime
    with pytest.raises(Invalid):
        async with runtime.write() as uow:
            await subscribe_app(
                uow,
                token_id=1,
                account_id=ann.account_id,
                token=ann.token,
                endpoint=endpoint,
                **Phone().keys(),
                standard=True,
                alerts=ALL,
                policy="all",
                key=await vapid_key(runtime),
                egress=EgressPolicy(),
                now=runtime.now(),
            )


async def test_a_token_has_its_own(node: Node, ann: Person, bob: Person, service: FakePeer) -> None:
    """Attack rows 89 and 90: nobody else's is to be had, not even that of another app of one's own."""
    other = await make_token(node.runtime, ann.account_id, "push")
    reading = await make_token(node.runtime, ann.account_id, "read write")
    await subscribe(ann, service, Phone())

    async def status(method: str, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return (await node.http.request(method, PATH, headers=headers, json={"data": {}})).status_code

    assert await status("GET", other) == 404
    assert await status("GET", bob.token) == 404
    assert await status("DELETE", bob.token) == 200
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        assert await status(method, reading) == 403, method
        assert await status(method, "nonsense") == 401
    assert await ann.get(PATH)


async def test_who_and_what_rings(node: Node, ann: Person, bob: Person, carol: Person, service: FakePeer) -> None:
    """Alerts and policies; what does not get past the rules of notifications does not ring either."""
    phone = Phone()
    key = (await subscribe(ann, service, phone, data={"alerts": {"mention": True, "favourite": True}}))["server_key"]
    post = (await ann.post("hello"))["id"]
    await settle(node.runtime)

    async def rung() -> list[tuple[str, str]]:
        await settle(node.runtime)
        found = [(phone.read(sent, server_key=key)["title"], str(sent.header("urgency"))) for sent in service.requests]
        service.requests.clear()
        return found

    await bob.act(f"/api/v1/statuses/{post}/favourite")
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    assert await rung() == [("bob liked your post", "low")], "nobody asked to be rung for follows"
    await ann.call("PUT", PATH, json={"data": {"policy": "follower"}})
    await bob.post("@ann one")
    await carol.post("@ann two")
    assert await rung() == [("bob mentioned you", "normal")]
    await ann.act(f"/api/v1/accounts/{carol.account_id}/follow")
    await ann.call("PUT", PATH, json={"data": {"policy": "followed"}})
    await bob.post("@ann three")
    await carol.post("@ann four")
    assert await rung() == [("carol mentioned you", "high")]
    await ann.call("PUT", PATH, json={"data": {"policy": "none"}})
    await carol.post("@ann five")
    assert await rung() == []
    await ann.call("PUT", PATH, json={"data": {"policy": "all"}})
    await ann.act(f"/api/v1/accounts/{carol.account_id}/mute")
    await carol.post("@ann six")
    assert await rung() == []


async def test_a_deleted_post_rings_no_more(node: Node, ann: Person, bob: Person, service: FakePeer) -> None:
    """What a ring says is asked for when it is sent."""
    await subscribe(ann, service, Phone())
    service.routes["/ring"] = Answer(status=503)
    post = (await bob.post("@ann oops"))["id"]
    await settle(node.runtime)
    assert len(service.requests) == 1
    await bob.call("DELETE", f"/api/v1/statuses/{post}")
    await settle(node.runtime)
    node.clock.advance(hours=2)
    await settle(node.runtime)
    assert len(service.requests) == 1
    assert await count(node, PushMessage) == 0


@pytest.mark.parametrize("status", [404, 410])
async def test_an_app_that_is_gone(node: Node, ann: Person, bob: Person, service: FakePeer, status: int) -> None:
    service.routes["/ring"] = Answer(status=status)
    await subscribe(ann, service, Phone())
    await bob.post("@ann one")
    await settle(node.runtime)
    await ann.call("GET", PATH, expect=404)
    await bob.post("@ann two")
    await settle(node.runtime)
    assert len(service.requests) == 1


async def test_a_busy_push_service_is_waited_for(node: Node, ann: Person, bob: Person, service: FakePeer) -> None:
    """429 as long as it says, within an hour; failures longer each time; never beyond two days."""
    phone = Phone()
    key = (await subscribe(ann, service, phone))["server_key"]
    service.routes["/ring"] = Answer(status=429, headers=(("Retry-After", "86400"),))
    await bob.post("@ann one")
    await settle(node.runtime)
    node.clock.advance(minutes=59)
    await settle(node.runtime)
    assert len(service.requests) == 1
    service.routes["/ring"] = Answer(status=500)
    node.clock.advance(minutes=2)
    await settle(node.runtime)
    assert len(service.requests) == 2
    service.routes["/ring"] = Answer(status=201)
    node.clock.advance(hours=1)
    await settle(node.runtime)
    assert len(service.requests) == 3
    assert phone.read(service.requests[2], server_key=key)["title"] == "bob mentioned you"
    assert await count(node, PushMessage) == 0
    service.routes["/ring"] = Answer(status=500)
    await bob.post("@ann two")
    await settle(node.runtime)
    node.clock.advance(hours=49)
    await settle(node.runtime)
    assert len(service.requests) == 4
    assert await count(node, PushMessage) == 0


async def test_what_a_push_service_refuses_is_over(node: Node, ann: Person, bob: Person, service: FakePeer) -> None:
    """And a redirect is not followed (attack row 65)."""
    await subscribe(ann, service, Phone())
    for status in (400, 413, 302):
        service.routes["/ring"] = Answer(status=status, headers=(("Location", f"{service.url}/elsewhere"),))
        await bob.post(f"@ann {status}")
        await settle(node.runtime)
        assert await count(node, PushMessage) == 0
    assert len(service.asked("/ring")) == 3
    assert service.asked("/elsewhere") == []
    assert await ann.get(PATH)


async def test_a_killed_worker_rings_nobody_twice(node: Node, ann: Person, bob: Person, service: FakePeer) -> None:
    """It had begun to hand the ring over when it died: that may have arrived, so it is not sent again."""
    runtime = node.runtime
    await subscribe(ann, service, Phone())
    await bob.post("@ann one")
    while not await count(node, PushMessage):
        await settle_relay(node)
    async with runtime.write() as uow:
        (id_,) = await claim_due(uow, PushMessage, now=runtime.now(), lease=timedelta(minutes=2), limit=1)
        await uow.write(update(PushMessage).where(PushMessage.id == id_).values(started_at=runtime.now()))
    node.clock.advance(minutes=3)
    await send_due(runtime)
    assert service.requests == []
    assert await count(node, PushMessage) == 0


async def test_one_that_died_before_is_made_good(node: Node, ann: Person, bob: Person, service: FakePeer) -> None:
    runtime = node.runtime
    await subscribe(ann, service, Phone())
    await bob.post("@ann one")
    while not await count(node, PushMessage):
        await settle_relay(node)
    async with runtime.write() as uow:
        assert await claim_due(uow, PushMessage, now=runtime.now(), lease=timedelta(minutes=2), limit=1)
    await send_due(runtime)
    assert service.requests == []
    node.clock.advance(minutes=3)
    await send_due(runtime)
    assert len(service.requests) == 1


async def settle_relay(node: Node) -> None:
    await relay(node.runtime)


@pytest.mark.parametrize("way", ["revoked", "password", "suspended"])
async def test_a_subscription_ends_with_its_token(
    node: Node, ann: Person, bob: Person, service: FakePeer, way: str
) -> None:
    """Attack row 95, and rule 9: at once when a ring is due, and the row goes with the event."""
    runtime = node.runtime
    await subscribe(ann, service, Phone())
    service.routes["/ring"] = Answer(status=503)
    await bob.post("@ann one")
    await settle(runtime)
    assert len(service.requests) == 1
    async with runtime.write() as uow:
        if way == "revoked":
            await revoke_token(uow, ann.token, now=runtime.now())
        elif way == "password":
            await change_password(uow, runtime.settings, ann.account_id, "another good horse", now=runtime.now())
        else:
            await suspend_account(uow, ann.account_id, now=runtime.now())
    node.clock.advance(hours=2)
    await send_due(runtime)
    assert len(service.requests) == 1, "before the event was told of"
    await settle(runtime)
    assert await count(node, PushSubscription) == 0
    assert await count(node, PushMessage) == 0


async def test_what_waits_is_bounded(node: Node, ann: Person, bob: Person, service: FakePeer) -> None:
    """Attack row 59."""
    runtime = node.runtime
    await subscribe(ann, service, Phone())
    made = Made(
        id=1,
        account_id=ann.account_id,
        kind="mention",
        from_account_id=bob.account_id,
        post_id=1,
        priority=Priority.REPLY,
        is_told=True,
    )
    async with runtime.write() as uow:
        for number in range(MOST_WAITING + 5):
            assert await ring(uow, replace(made, id=number + 1), now=runtime.now()) == 1
        again = await ring(uow, replace(made, id=MOST_WAITING), now=runtime.now())
        assert again == 0, "an event whose effects are repeated rings once"
    assert await count(node, PushMessage) == MOST_WAITING


async def test_the_token_is_kept_sealed(node: Node, ann: Person, service: FakePeer) -> None:
    """Attack row 113: a copy of the table opens no account."""
    await subscribe(ann, service, Phone())
    async with node.runtime.read() as reader:
        subscription = await reader.scalar(select(PushSubscription))
        assert await find_token(reader, ann.token, node.runtime.now())
    assert ann.token.encode() not in subscription.token


async def test_the_key_is_told_everywhere_and_stays(node: Node, ann: Person) -> None:
    key = (await node.http.get("/api/v2/instance")).json()["configuration"]["vapid"]["public_key"]
    wish = {"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
    app = await node.http.post("/api/v1/apps", json=wish)
    assert app.json()["vapid_key"] == key
    assert len(key) == 87
    node.runtime.caches.get("push_key", size=1, seconds=1).clear()
    phone = Phone()
    made = await ann.call(
        "POST", PATH, json={"subscription": {"endpoint": "https://push.example/1", "keys": phone.keys()}}
    )
    assert made["server_key"] == key
