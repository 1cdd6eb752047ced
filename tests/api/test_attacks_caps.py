"""How much one person may pile up (attack row 59), and what a body that is too large is told (rows 31, 111)."""

import pytest
from sqlalchemy import func, select

from node.auth import sessions
from node.auth.models import WebSession
from node.auth.queries import find_session
from node.blocks import service as blocks
from node.follows import service as follows
from node.posts import bookmarks
from tests.support.nodes import Node, Person


async def test_row_59_follows_blocks_mutes_and_bookmarks_have_an_end(
    node: Node, ann: Person, bob: Person, carol: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """422 with plain words; what stands already can still be changed or taken back."""
    monkeypatch.setattr(follows, "MAX_FOLLOWS", 1)
    monkeypatch.setattr(blocks, "MAX_BLOCKS", 1)
    monkeypatch.setattr(bookmarks, "MAX_BOOKMARKS", 1)
    first, second = f"/api/v1/accounts/{bob.account_id}", f"/api/v1/accounts/{carol.account_id}"
    for verb in ("follow", "mute"):
        await ann.act(f"{first}/{verb}")
        problem = await ann.call("POST", f"{second}/{verb}", expect=422)
        assert f"cannot {verb} more than 1" in problem["error"]
    assert (await ann.act(f"{first}/follow", notify=True))["notifying"]
    await ann.act(f"{first}/unfollow")
    assert (await ann.act(f"{second}/follow"))["following"]
    await ann.act(f"{first}/block")
    assert "cannot block more" in (await ann.call("POST", f"{second}/block", expect=422))["error"]
    posts = [await carol.post(text) for text in ("one", "two")]
    await ann.act(f"/api/v1/statuses/{posts[0]['id']}/bookmark")
    problem = await ann.call("POST", f"/api/v1/statuses/{posts[1]['id']}/bookmark", expect=422)
    assert "bookmarks" in problem["error"]


async def test_row_59_the_oldest_session_makes_room(
    node: Node, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    runtime = node.runtime
    secrets = []
    for _ in range(3):
        node.clock.advance(minutes=1)
        async with runtime.write() as uow:
            secrets.append(await sessions.open_session(uow, ann.account_id, now=runtime.now()))
            if not secrets[1:]:
                await sessions.open_session(uow, bob.account_id, now=runtime.now())
    async with runtime.read() as reader:
        alive = [await find_session(reader, secret, runtime.now()) is not None for secret in secrets]
        everybody = await reader.scalar(select(func.count()).select_from(WebSession))
    assert alive == [False, True, True]
    assert everybody == 3


async def test_row_111_a_body_that_is_too_large_ends_the_connection(node: Node) -> None:
    """413, and it says that nothing more is read: what is left of the body is nobody's next request."""
    response = await node.http.post("/api/v1/statuses", content=b"x" * 1_100_000)
    assert response.status_code in (401, 413)
    response = await node.http.post("/api/v1/apps", content=b"x" * 1_100_000)
    if response.status_code == 413:
        assert response.headers["Connection"] == "close"
