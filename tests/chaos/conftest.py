"""Fixtures of the chaos tests."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.real_nodes import RealNode
from tests.support.postgres import PostgresServer

StartNode = Callable[..., RealNode]


def on_postgres(server: PostgresServer) -> dict[str, Any]:
    """Return what a node is started with to have a database of its own there."""
    return {"postgres": server, "changes": {"database_url": server.new_url()}}


@pytest.fixture
async def launch(tmp_path: Path) -> AsyncIterator[StartNode]:
    """Start a node by name; every one of them is gone after the test."""
    nodes: list[RealNode] = []

    def start(name: str, *, redis_url: str = "", **more: Any) -> RealNode:
        kind = more.pop("kind", RealNode)
        made: RealNode = kind(tmp_path, name, redis_url, **more)
        nodes.append(made)
        made.launch()
        return made

    yield start
    for one in nodes:
        one.close()
        await one.http.aclose()
