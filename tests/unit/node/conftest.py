"""Two people of the node under test."""

import pytest

from node.accounts.models import Account
from node.base.runtime import Runtime
from tests.support.make import make_account


@pytest.fixture
async def ann(runtime: Runtime) -> Account:
    """One of ours."""
    return await make_account(runtime, "ann")


@pytest.fixture
async def bo(runtime: Runtime) -> Account:
    """Another."""
    return await make_account(runtime, "bo")
