"""A node that sends, without its web server, and peers that take what it sends.

    async with sending_node(redis) as node, FakePeer() as peer:
        bo = await node.known(Stranger(peer, "bo"), follows=ann)
        await make_post(node.runtime, ann, "Hello")
        await node.send()
        assert [activity["type"] for activity in node.taken(peer)] == ["Create"]

`taken` verifies every signature against the key our actor would show.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from federation.keys import load_public_key
from federation.signatures import SignedRequest, inspect_signature, verify_signature
from node.accounts.models import Account, AccountKey
from node.accounts.queries import find_account_by_uri
from node.base.runtime import Runtime
from node.follows.service import accept_follow, follow
from node.remote.actors import fetch_actor
from outbox.deliver import deliver, deliver_slow
from outbox.models import Delivery, OutgoingActivity, Peer
from outbox.relay import relay
from tests.support.fake_peer import Answer, FakePeer, PeerRequest
from tests.support.nodes import Clock, clock_of, open_node
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger


@dataclass
class SendingNode:
    """The node under test."""

    runtime: Runtime

    @property
    def clock(self) -> Clock:
        return clock_of(self.runtime)

    async def known(self, stranger: Stranger, *, follows: Account | None = None) -> Account:
        """Let the node know a stranger, and the stranger follow one of ours; its inboxes take what comes."""
        stranger.peer.routes.setdefault("/inbox", Answer(status=202))
        stranger.peer.routes.setdefault(f"/users/{stranger.name}/inbox", Answer(status=202))
        account = await fetch_actor(self.runtime, stranger.uri)
        if follows is not None:
            async with self.runtime.write() as uow:
                row = await follow(
                    uow, self.runtime.settings, account, follows, uri=f"{stranger.uri}/f/1", now=self.runtime.now()
                )
                if row.accepted_at is None:
                    await accept_follow(uow, row, now=self.runtime.now())
            await self.send()
            stranger.peer.requests.clear()
        return account

    async def account(self, uri: str) -> Account:
        """Return an account as it is stored now."""
        async with self.runtime.read() as reader:
            found = await find_account_by_uri(reader, uri)
        assert found is not None
        return found

    async def send(self) -> None:
        """Let every due event and delivery go out once."""
        await relay(self.runtime)
        await deliver(self.runtime)
        await deliver_slow(self.runtime)

    async def waiting(self) -> list[Delivery]:
        """Return what still waits, in the order of its causes."""
        async with self.runtime.read() as reader:
            return list(await reader.scalars(select(Delivery).order_by(Delivery.activity_id, Delivery.id)))

    async def activities(self) -> list[OutgoingActivity]:
        """Return the stored activities."""
        async with self.runtime.read() as reader:
            return list(await reader.scalars(select(OutgoingActivity).order_by(OutgoingActivity.id)))

    async def peer(self, host: str) -> Peer | None:
        """Return what is remembered of a host."""
        async with self.runtime.read() as reader:
            found: Peer | None = await reader.scalar(select(Peer).where(Peer.host == host))
            return found

    async def taken(self, peer: FakePeer, path: str | None = None) -> list[dict[str, Any]]:
        """Return the activities a peer was sent, each with a signature that holds (SIG-1)."""
        posts = [request for request in peer.requests if request.method == "POST"]
        posts = [request for request in posts if path is None or request.path == path]
        for request in posts:
            await self.verify(peer, request)
        return [request.json() for request in posts]

    async def verify(self, peer: FakePeer, request: PeerRequest) -> str:
        """Check a request's signature as an honest server would; return the scheme."""
        incoming = SignedRequest(
            method=request.method,
            raw_target=request.target,
            headers=request.headers,
            body=request.body,
            expected_hosts=frozenset({peer.domain}),
            scheme="http",
        )
        claim = inspect_signature(incoming)
        async with self.runtime.read() as reader:
            pem = await reader.scalar(select(AccountKey.public_pem).where(AccountKey.key_id == claim.key_id))
        now = self.runtime.now()
        verify_signature(claim, load_public_key(pem), request=incoming, now=now)
        assert claim.key_id.startswith(request.json()["actor"])
        return claim.scheme

    async def later(self, **amount: float) -> None:
        """Move time and send what came due."""
        self.clock.advance(**amount)
        await self.send()


@asynccontextmanager
async def sending_node(redis: RedisServer, **changes: Any) -> AsyncIterator[SendingNode]:
    """Open a node that sends."""
    async with open_node(redis, **changes) as runtime:
        yield SendingNode(runtime)
