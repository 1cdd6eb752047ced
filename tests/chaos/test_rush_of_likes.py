"""Hundreds like one post at once, each more than once, while workers and the web process are killed in the midst of it.

At the end everybody who was answered has liked it, once; the count, the list and the one notification say the same.
"""

import asyncio
import time

import httpx
import pytest

from node.base.runtime import running
from tests.bench.filling import add_crowd, let_in
from tests.chaos.conftest import StartNode
from tests.chaos.real_nodes import RealNode, Somebody, settled

pytestmark = [pytest.mark.processes, pytest.mark.long]

FANS = 400
"""More than the likes that one person is told of singly in an hour (`notifications_per_hour`)."""
AT_ONCE = 16
STRIKES = {60: "worker relay", 160: "rookery: web", 260: "worker deliver", 360: "worker", 500: "rookery: web"}


async def _like(node: RealNode, path: str, token: str) -> None:
    """Like a post, trying again while the node is being killed: as every app does."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = await node.http.post(path, headers={"Authorization": f"Bearer {token}"})
            if answer.status_code == 200:
                assert answer.json()["favourited"]
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "nobody answers any more"
        await asyncio.sleep(0.1)


async def _list_likers(author: Somebody, post_id: str) -> list[str]:
    ids: list[str] = []
    path: str | None = f"/api/v1/statuses/{post_id}/favourited_by?limit=80"
    while path:
        response = await author.node.http.get(path, headers={"Authorization": f"Bearer {author.token}"})
        ids += [account["id"] for account in response.json()]
        path = response.links["next"]["url"] if "next" in response.links and response.json() else None
    return ids


async def test_a_rush_of_likes_survives_kills_in_its_midst(launch: StartNode) -> None:
    """Row 115: none is lost, none is there twice, and who posts meanwhile is told of as well."""
    node = launch("a", changes={"rate_limits": "off"})
    await node.ready()
    ann, bo = await node.person("ann"), await node.person("bo")
    post = await ann.call("POST", "/api/v1/statuses", json={"status": "goes round"})
    async with running(node.settings) as runtime:
        fans = await add_crowd(runtime, ann.account_id, FANS)
        tokens = await let_in(runtime, fans)
    path = f"/api/v1/statuses/{post['id']}/favourite"
    asked = iter([token for token in tokens for _ in range(2)])
    answered = 0

    async def like() -> None:
        nonlocal answered
        for token in asked:
            await _like(node, path, token)
            answered += 1
            if answered in STRIKES:
                assert node.kill(STRIKES[answered]) > 0, STRIKES[answered]
                await bo.post(f"@ann number {answered}")

    await asyncio.gather(*(like() for _ in range(AT_ONCE)))
    await settled(node, seconds=90)
    assert node.parked() == []
    assert (await ann.call("GET", f"/api/v1/statuses/{post['id']}"))["favourites_count"] == FANS
    assert sorted(await _list_likers(ann, post["id"])) == sorted(str(fan) for fan in fans)
    groups = (await ann.call("GET", "/api/v2/notifications", params={"limit": 40}))["notification_groups"]
    told = [group["notifications_count"] for group in groups if group["type"] == "favourite"]
    assert sum(told) == FANS
    assert len(told) <= 2, "one group, or two where a half day ended meanwhile"
    assert sum(group["type"] == "mention" for group in groups) == len(STRIKES)
