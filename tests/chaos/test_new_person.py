"""A new person on a node of one, between real processes: something to read, somebody to follow and something to find,
within the minute that the issue allows. Whoever hides whom they follow is asked nothing about it."""

import asyncio
import time

import pytest

from node.accounts.service import create_local_account
from node.base.runtime import running
from tests.chaos.conftest import StartNode
from tests.chaos.real_nodes import RealNode, Somebody
from tests.support.authors import POSTS, let_them_write
from tests.support.make import test_key_pair as shared_key_pair

pytestmark = [pytest.mark.processes, pytest.mark.long]

AUTHORS = [f"author{n}" for n in range(5)]
OTHERS = [f"other{n}" for n in range(26)]
A_MINUTE = 60.0


async def populate(node: RealNode, **profile: bool) -> None:
    async with running(node.settings) as runtime:
        ids: dict[str, int] = {}
        async with runtime.write() as uow:
            for name in (*AUTHORS, *OTHERS):
                account = await create_local_account(
                    uow, runtime.settings, name, now=runtime.now(), key_pair=shared_key_pair()
                )
                account.discoverable = account.indexable = True
                ids[name] = account.id
        authors = {ids[name]: name for name in AUTHORS}
        await let_them_write(runtime, authors, [ids[name] for name in OTHERS], **profile)


async def begin_to_follow(somebody: Somebody, handle: str) -> None:
    found = await somebody.call("GET", "/api/v2/search", params={"q": handle, "resolve": "true"})
    await somebody.call("POST", f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")


@pytest.mark.parametrize("hides", [False, True], ids=["open", "hidden and signed"])
async def test_five_follows_fill_a_new_node_within_a_minute(launch: StartNode, hides: bool) -> None:
    """At least 100 posts at home, 20 people to follow with reasons, and what the followed wrote is found."""
    there = launch("a", changes={"fetch_mode": "signed"} if hides else {})
    here = launch("b")
    await asyncio.gather(there.ready(), here.ready())
    await populate(there, hide_collections=hides)
    bo = await here.person("bo")
    for name in AUTHORS:
        await begin_to_follow(bo, f"@{name}@{there.settings.domain}")
    wanted = {"home": 100, "suggestions": 20, "search": POSTS}
    until = time.monotonic() + A_MINUTE
    while True:
        suggested = await bo.call("GET", "/api/v2/suggestions", params={"limit": 40})
        query = {"q": f"fancies from:author3@{there.settings.domain}", "type": "statuses", "limit": 40}
        found = {
            "home": len(await bo.home()),
            "suggestions": len([one for one in suggested if one["reasons"] and one["account"]["discoverable"]]),
            "search": len((await bo.call("GET", "/api/v2/search", params=query))["statuses"]),
        }
        if all(found[what] >= count for what, count in wanted.items()):
            return
        assert time.monotonic() < until, found
        await asyncio.sleep(0.5)
