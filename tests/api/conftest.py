"""The API of one node, driven over HTTP as apps drive it. `node.person("ann")` gives somebody with a token."""

from collections.abc import AsyncIterator

import httpx
import pytest
from quart import Quart

from node.api import blueprints
from node.app import create_app
from node.base.runtime import Runtime
from node.media.routes import blueprint as media_blueprint
from node.stream import blueprints as stream_blueprints
from node.stream.hub import hub_of
from tests.support.contract import held_to_contract
from tests.support.nodes import Node, Person
from tests.support.route_table import Route, routes


def make_app(runtime: Runtime) -> Quart:
    """Return an application with the doors for apps alone."""
    return create_app(runtime, [*blueprints(), media_blueprint])


async def serve(runtime: Runtime) -> AsyncIterator[Node]:
    """Yield a node that answers without a socket in between."""
    url = runtime.settings.public_url
    app = make_app(runtime)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    hooks = {"response": [held_to_contract(app)]}
    async with httpx.AsyncClient(transport=transport, base_url=url, trust_env=False, event_hooks=hooks) as http:
        yield Node(runtime, url, http)


@pytest.fixture
async def node(runtime: Runtime) -> AsyncIterator[Node]:
    """One node with the doors for apps."""
    async for served in serve(runtime):
        yield served


@pytest.fixture
async def ann(node: Node) -> Person:
    """Somebody."""
    return await node.person("ann", display_name="Ann")


@pytest.fixture
async def bob(node: Node) -> Person:
    """Somebody else."""
    return await node.person("bob")


@pytest.fixture
async def carol(node: Node) -> Person:
    """A third."""
    return await node.person("carol")


@pytest.fixture
async def table(node: Node) -> AsyncIterator[list[Route]]:
    """Every route for apps, streams among them; the node answers on all of them."""
    app = create_app(node.runtime, [*blueprints(), media_blueprint, *stream_blueprints()])
    found = sorted(routes(app), key=lambda route: (route.path, route.method))
    assert len(found) > 200
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=node.url, trust_env=False) as http:
        node.http = http
        yield found
    await hub_of(app).close()  # nothing serves the application, so nothing ends what it began
