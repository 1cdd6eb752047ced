"""Bo's server, built on Fedify, and Ann on a node of ours. Fedify checks signatures, reads with its own classes and
writes with them: what arrives here in either direction was understood by somebody who never saw our code. What it
cannot do over plain http is WebFinger, so people are found by their ids.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.support.fedify import FedifyPeer, fedify_at, run_fedify
from tests.support.nodes import Node, Person, settle


@pytest.fixture(scope="session")
def fedify() -> Iterator[str]:
    """The URL of a server on Fedify, one for all tests here; each test has a node of its own."""
    with run_fedify() as url:
        yield url


@pytest.fixture
async def bo(fedify: str) -> AsyncIterator[FedifyPeer]:
    async with fedify_at(fedify) as peer:
        yield peer


@pytest.fixture
async def ann(node: Node) -> Person:
    return await node.person("ann")


@pytest.fixture
async def friends(node: Node, ann: Person, bo: FedifyPeer) -> dict[str, Any]:
    """Ann and Bo follow each other; returned is Bo's account as Ann's node shows it."""
    account: dict[str, Any] = await ann.resolve(bo.bo)
    await ann.act(f"/api/v1/accounts/{account['id']}/follow")
    await settle(node.runtime)
    await bo.send(ann.uri, {"id": f"{bo.url}/follows/{ann.account_id}", "type": "Follow", "object": ann.uri})
    await settle(node.runtime)
    return account
