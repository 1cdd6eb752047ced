"""A node whose inbox answers, and strangers to write to it."""

from collections.abc import AsyncIterator

import pytest

from tests.support.doors import Door, serve_inbox
from tests.support.fake_peer import FakePeer
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger


@pytest.fixture
async def door(redis_server: RedisServer, database_url: str) -> AsyncIterator[Door]:
    """The node under test."""
    async with serve_inbox(redis_server, database_url=database_url) as opened:
        yield opened


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """An honest server."""
    async with FakePeer() as opened:
        yield opened


@pytest.fixture
async def alice(peer: FakePeer) -> Stranger:
    """An honest actor."""
    return Stranger(peer, "alice")
