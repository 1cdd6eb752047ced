"""A node and a foreign server with somebody on it."""

from collections.abc import AsyncIterator

import pytest

from tests.support.fake_peer import FakePeer
from tests.support.stranger import Stranger


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A foreign server."""
    async with FakePeer() as opened:
        yield opened


@pytest.fixture
async def alice(peer: FakePeer) -> Stranger:
    """Somebody on it."""
    return Stranger(peer, "alice")
