"""A node whose inbox answers, and strangers, good and evil, to write to it."""

from collections.abc import AsyncIterator

import pytest

from tests.support.doors import Door, serve_inbox
from tests.support.fake_peer import FakePeer
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger


@pytest.fixture
async def door(redis_server: RedisServer) -> AsyncIterator[Door]:
    """The node under test."""
    async with serve_inbox(redis_server) as opened:
        yield opened


@pytest.fixture
async def good() -> AsyncIterator[FakePeer]:
    """An honest server."""
    async with FakePeer() as opened:
        yield opened


@pytest.fixture
async def evil() -> AsyncIterator[FakePeer]:
    """The attacker's server, which answers anything."""
    async with FakePeer() as opened:
        yield opened


@pytest.fixture
async def alice(good: FakePeer) -> Stranger:
    """An honest actor."""
    return Stranger(good, "alice")


@pytest.fixture
async def mallory(evil: FakePeer) -> Stranger:
    """The attacker."""
    return Stranger(evil, "mallory")
