"""A node that searches posts, with either engine, and corpora for it."""

from collections.abc import AsyncIterator

import pytest

from node.base.runtime import Runtime
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer


@pytest.fixture
async def runtime(redis_server: RedisServer, database_url: str) -> AsyncIterator[Runtime]:
    """Whoosh on SQLite, PostgreSQL's own on PostgreSQL."""
    async with open_node(redis_server, database_url=database_url, search_engine="auto") as opened:
        yield opened
