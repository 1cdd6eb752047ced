"""Rows 61 to 66 and 69 through every caller: whoever makes this node ask for something, it asks only outside.

The node lets in 127.0.0.1 alone (`insecure_peers`), where the attacker's server answers; a trap listens at 127.0.0.2,
which stands for every address that is not public. Each caller is led to each target directly and by a redirect. No
connection may reach the trap, and the log of exchanges says why.
"""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest

from admin.inspect import inspect
from federation.errors import FederationError
from federation.signatures import SigningKey
from node.accounts.queries import find_account_by_uri
from node.auth.queries import find_token
from node.base.errors import RookeryError
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.media.queries import list_media
from node.media.remote import remote_media, remote_picture
from node.media.views import remote_token
from node.notifications.service import notify
from node.push.models import PushMessage, PushSubscription
from node.push.sending import send_due
from node.push.vapid import vapid_key
from node.remote.actors import fetch_actor, resolve_handle
from node.remote.keys import fetch_key
from node.remote.posts import fetch_post
from node.remote.profile_links import verify_profile_links
from node.remote.resolving import resolve
from node.uris import actor_uri
from tests.support.fake_peer import Answer, FakePeer, document, redirect
from tests.support.make import make_account, make_token
from tests.support.nodes import open_node
from tests.support.push_service import Phone
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger

REASONS = {"private_address", "private_host", "plain_http", "bad_uri", "port_refused", "own_host", "bad_request"}


@dataclass
class Stage:
    """A node, the attacker's server and the trap."""

    node: Runtime
    evil: FakePeer
    trap: FakePeer
    someone: int
    """The id of somebody here."""

    def targets(self) -> list[str]:
        """Rows 61, 62, 64 and 66: addresses, spellings, schemes, all meaning the trap or something like it."""
        port = self.trap.port
        return [
            f"http://127.0.0.2:{port}/x",
            f"https://127.0.0.2:{port}/x",
            f"http://[::ffff:127.0.0.2]:{port}/x",
            f"https://[64:ff9b::7f00:2]:{port}/x",
            f"http://2130706434:{port}/x",
            f"http://0x7f.2:{port}/x",
            f"http://evil.example@127.0.0.2:{port}/x",
            f"http://127.0.0.2:{port}\\@127.0.0.1/x",
            "http://169.254.169.254/latest/meta-data/",
            "http://[fd00::1]/x",
            "https://printer.internal/x",
            "https://redis:6379/x",
            f"gopher://127.0.0.2:{port}/x",
            "unix:///tmp/redis.sock",
            "file:///etc/passwd",
            self.node.settings.public_url + "/x",
        ]


@pytest.fixture
async def stage(redis_server: RedisServer) -> AsyncIterator[Stage]:
    async with (
        open_node(redis_server, insecure_peers=(ip_network("127.0.0.1/32"),)) as node,
        FakePeer() as evil,
        FakePeer(host="127.0.0.2") as trap,
    ):
        yield Stage(node, evil, trap, (await make_account(node, "someone")).id)


async def by_actor(stage: Stage, url: str, name: str) -> None:
    await fetch_actor(stage.node, url)


async def by_key(stage: Stage, url: str, name: str) -> None:
    await fetch_key(stage.node, url)


async def by_key_owner(stage: Stage, url: str, name: str) -> None:
    key_id = f"{stage.evil.url}/keys/{name}"
    stage.evil.routes[f"/keys/{name}"] = document({"id": key_id, "type": "Key", "owner": url, "publicKeyPem": "x"})
    await fetch_key(stage.node, key_id)


async def by_post(stage: Stage, url: str, name: str) -> None:
    await fetch_post(stage.node, url)


async def by_author(stage: Stage, url: str, name: str) -> None:
    note = Stranger(stage.evil, name).note(attributedTo=url)
    await fetch_post(stage.node, note["id"])


async def by_pasted_link(stage: Stage, url: str, name: str) -> None:
    await resolve(stage.node, url, None)


async def by_alternate_link(stage: Stage, url: str, name: str) -> None:
    body = f'<link rel="alternate" type="application/activity+json" href="{url}">'.encode()
    stage.evil.routes[f"/page/{name}"] = Answer(body=body, content_type="text/html")
    await resolve(stage.node, f"{stage.evil.url}/page/{name}", None)


async def by_handle(stage: Stage, url: str, name: str) -> None:
    await resolve_handle(stage.node, f"{name}@{url.partition('://')[2].partition('/')[0]}")


async def by_webfinger(stage: Stage, url: str, name: str) -> None:
    handle = f"{name}@{stage.evil.domain}"
    stage.evil.routes[f"/.well-known/webfinger?resource=acct:{handle}"] = document(
        {"subject": f"acct:{handle}", "links": [{"rel": "self", "type": "application/activity+json", "href": url}]}
    )
    await resolve_handle(stage.node, handle)


async def by_webfinger_subject(stage: Stage, url: str, name: str) -> None:
    handle = f"{name}@{stage.evil.domain}"
    domain = url.partition("://")[2].partition("/")[0]
    stage.evil.routes[f"/.well-known/webfinger?resource=acct:{handle}"] = document(
        {
            "subject": f"acct:{name}@{domain}",
            "links": [{"rel": "self", "type": "application/activity+json", "href": f"{stage.evil.url}/x"}],
        }
    )
    await resolve_handle(stage.node, handle)


async def by_host_meta(stage: Stage, url: str, name: str) -> None:
    stage.evil.routes["/.well-known/host-meta"] = Answer(
        body=json.dumps({"links": [{"rel": "lrdd", "template": url + "?r={uri}"}]}).encode(),
        content_type="application/json",
    )
    await resolve_handle(stage.node, f"{name}@{stage.evil.domain}")


async def by_avatar(stage: Stage, url: str, name: str) -> None:
    eve = Stranger(stage.evil, name, profile={"icon": {"type": "Image", "url": url}})
    account = await fetch_actor(stage.node, eve.uri)
    await remote_picture(stage.node, account.id, "avatar")


async def by_header(stage: Stage, url: str, name: str) -> None:
    eve = Stranger(stage.evil, name, profile={"image": {"type": "Image", "url": url}})
    account = await fetch_actor(stage.node, eve.uri)
    await remote_picture(stage.node, account.id, "header")


async def by_attachment(stage: Stage, url: str, name: str) -> None:
    eve = Stranger(stage.evil, name)
    note = eve.note(attachment=[{"type": "Document", "mediaType": "image/png", "url": url}])
    post = await fetch_post(stage.node, note["id"])
    assert post is not None
    async with stage.node.read() as reader:
        media = await list_media(reader, post.id)
    for medium in media:
        await remote_media(stage.node, medium.id, remote_token(medium.remote_url), "original")


async def by_profile_link(stage: Stage, url: str, name: str) -> None:
    account = await make_account(stage.node, name, fields=[{"name": "x", "value": url, "verified_at": None}])
    await verify_profile_links(stage.node, actor_uri(stage.node.settings, account.id))
    async with stage.node.read() as reader:
        again = await find_account_by_uri(reader, actor_uri(stage.node.settings, account.id))
    assert again is not None
    assert again.fields[0]["verified_at"] is None


async def by_delivery(stage: Stage, url: str, name: str) -> None:
    pem = Stranger(stage.evil, "signer").private_pem
    await stage.node.http.post_activity(url, b"{}", signer=SigningKey("https://x.example/k", pem))


async def by_nodeinfo(stage: Stage, url: str, name: str) -> None:
    stage.evil.routes["/.well-known/nodeinfo"] = document({"links": [{"rel": "nodeinfo", "href": url}]})
    await inspect(stage.node, stage.evil.domain)


async def by_inspection(stage: Stage, url: str, name: str) -> None:
    await inspect(stage.node, url)


async def by_push(stage: Stage, url: str, name: str) -> None:
    """As if the address had been fine when it was left here: its name may mean another host by now."""
    node, ann = stage.node, await make_account(stage.node, f"ann_{name}")
    token_id = await _token_id(node, await make_token(node, ann.id))
    async with node.write() as uow:
        subscription = PushSubscription(
            id=new_id(),
            token_id=token_id,
            account_id=ann.id,
            endpoint=url,
            **Phone().keys(),
            standard=True,
            alerts={"mention": True},
            policy="all",
            token=(await vapid_key(node)).seal("x"),
            created_at=node.now(),
        )
        uow.add(subscription)
        await uow.flush()
        told = await notify(
            uow, node.settings, account_id=ann.id, kind="follow", from_account_id=stage.someone, now=node.now()
        )
        assert told is not None
        uow.add(
            PushMessage(
                id=new_id(),
                subscription_id=subscription.id,
                notification_id=told.id,
                urgency="normal",
                created_at=node.now(),
                due_at=node.now(),
                attempts=0,
            )
        )
    await send_due(node)


async def _token_id(node: Runtime, token: str) -> int:
    async with node.read() as reader:
        found = await find_token(reader, token, node.now())
    assert found is not None
    return found.token_id


CALLERS: list[Callable[[Stage, str, str], Awaitable[None]]] = [
    by_actor,
    by_key,
    by_key_owner,
    by_post,
    by_author,
    by_pasted_link,
    by_alternate_link,
    by_handle,
    by_webfinger,
    by_webfinger_subject,
    by_host_meta,
    by_avatar,
    by_header,
    by_attachment,
    by_profile_link,
    by_delivery,
    by_nodeinfo,
    by_inspection,
    by_push,
]


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.__name__)
async def test_no_caller_leads_inside(stage: Stage, caller: Callable[[Stage, str, str], Awaitable[None]]) -> None:
    """Rows 61, 62, 64, 65, 66: no packet leaves, whichever door the address came through."""
    for number, target in enumerate(stage.targets()):
        stage.evil.routes[f"/go{number}"] = redirect(target)
        for way, url in (("d", target), ("r", f"{stage.evil.url}/go{number}")):
            with contextlib.suppress(FederationError, RookeryError):
                await caller(stage, url, f"{way}{number}")
    assert stage.trap.connections == 0
    assert stage.trap.requests == []


@pytest.mark.parametrize("caller", [by_actor, by_key, by_post, by_avatar, by_attachment, by_webfinger])
async def test_the_log_says_why(stage: Stage, caller: Callable[[Stage, str, str], Awaitable[None]]) -> None:
    """Row 61: "log says why"; through a redirect, so that a request is made at all."""
    stage.evil.routes["/go"] = redirect(f"http://127.0.0.2:{stage.trap.port}/x")
    with contextlib.suppress(FederationError, RookeryError):
        await caller(stage, f"{stage.evil.url}/go", "eve")
    found = await stage.node.exchanges.read(stage.evil.domain) or []
    assert any(one.verdict == "refused" and one.reason in REASONS for one in found), found


async def test_a_signature_never_follows_to_another_host(stage: Stage) -> None:
    """Row 69: each hop is signed anew for its host; nothing of the first request's headers goes along."""
    async with FakePeer() as second:
        eve = Stranger(second, "eve")
        stage.evil.routes["/go"] = redirect(eve.uri)
        with contextlib.suppress(FederationError):
            await fetch_actor(stage.node, f"{stage.evil.url}/go")
        (first,), (other, *_) = stage.evil.asked("/go"), second.asked("/users/eve")
        assert first.header("signature") != other.header("signature")
        assert other.header("host") == second.domain
        assert other.header("cookie") is None
        assert other.header("authorization") is None


async def test_the_environment_has_no_say(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 66: proxies of the environment are not asked."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, stage.trap.url)
    eve = Stranger(stage.evil, "eve")
    assert (await fetch_actor(stage.node, eve.uri)).uri == eve.uri
    assert stage.trap.connections == 0


OWN_CONNECTIONS = {
    "federation/answers.py",  # only reads what the client brings
    "federation/client.py",
    "federation/transport.py",
    "federation/handshake.py",  # asks the guard first, see above
    "admin/doctor.py",  # our own address
    "admin/demo/nodes.py",  # our own nodes on loopback
    "admin/demo/play.py",
    "node/mail/sending.py",  # the operator's mail server
}
_CONNECTS = re.compile(
    r"^\s*(?:import|from) (?:httpx|httpcore|aiohttp|requests|urllib3|smtplib|http\.client|urllib\.request|websockets)\b"
    r"|open_connection\(|create_connection\(|sock_connect\(",
    re.M,
)


def test_there_is_one_outbound_client() -> None:
    """Row 65: whoever needs something from another server has to go through it; a second client is a finding."""
    root = Path(__file__).parents[2]
    found = {
        path.relative_to(root).as_posix()
        for package in ("federation", "node", "inbox", "outbox", "admin")
        for path in (root / package).rglob("*.py")
        if _CONNECTS.search(path.read_text(encoding="utf-8"))
    }
    assert found == OWN_CONNECTIONS
