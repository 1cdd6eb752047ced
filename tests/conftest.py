"""Fixtures every test may ask for."""

from collections.abc import AsyncIterator, Iterator

import pytest

from node.base.runtime import Runtime
from tests.support.nodes import Node, World, open_node, serve_node
from tests.support.redis_server import RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The run's private Redis."""
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
async def runtime(redis_server: RedisServer) -> AsyncIterator[Runtime]:
    """A node without its web server: a fresh database and its own Redis database."""
    async with open_node(redis_server) as opened:
        yield opened


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """One node that answers over HTTP."""
    async with serve_node(redis_server) as served:
        yield served


@pytest.fixture
async def world(redis_server: RedisServer) -> AsyncIterator[World]:
    """Two nodes, "a" and "b", that federate over loopback."""
    async with World(redis_server, "a", "b") as two:
        yield two
