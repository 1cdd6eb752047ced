"""Strangers, good and evil, to write to a node."""

from collections.abc import AsyncIterator

import pytest

from tests.support.fake_peer import FakePeer
from tests.support.stranger import Stranger


@pytest.fixture
def good(peer: FakePeer) -> FakePeer:
    """An honest server; `alice` lives there."""
    return peer


@pytest.fixture
async def evil() -> AsyncIterator[FakePeer]:
    """The attacker's server, which answers anything."""
    async with FakePeer() as opened:
        yield opened


@pytest.fixture
async def mallory(evil: FakePeer) -> Stranger:
    """The attacker."""
    return Stranger(evil, "mallory")
