"""Fixtures of the chaos tests."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.chaos.real_nodes import RealNode

StartNode = Callable[..., RealNode]


@pytest.fixture
async def launch(tmp_path: Path) -> AsyncIterator[StartNode]:
    """Start a node by name; every one of them is gone after the test."""
    nodes: list[RealNode] = []

    def start(name: str, *, redis_url: str = "") -> RealNode:
        made = RealNode(tmp_path, name, redis_url)
        nodes.append(made)
        made.launch()
        return made

    yield start
    for one in nodes:
        one.close()
        await one.http.aclose()
