"""Drafts, scheduled posts, whole threads and writing anew, through the forms alone (attack rows 87, 89, 94)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from node.drafts.models import KeptDraft
from node.posts.models import Post
from node.scheduled.models import ScheduledPost
from tests.browser.test_pages_without_script import PIXEL
from tests.browser.visitor import Visitor
from tests.support.nodes import Node, settle


@pytest.fixture
async def ann(node: Node) -> AsyncIterator[Visitor]:
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("ann")
        yield visitor


@pytest.fixture
async def bo(node: Node) -> AsyncIterator[Visitor]:
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("bo")
        yield visitor


async def only(node: Node, table: type[KeptDraft] | type[ScheduledPost]) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(table.id)) or 0)


async def texts(node: Node) -> list[str]:
    async with node.runtime.read() as reader:
        statement = select(Post.text).where(Post.deleted_at.is_(None)).order_by(Post.id)
        return list(await reader.scalars(statement))


async def test_a_draft_is_kept_and_gone_on_with(node: Node, ann: Visitor) -> None:
    """With its picture; published, it is no draft any more."""
    files = {"media_file_1": ("a.png", PIXEL, "image/png")}
    page = await ann.post(
        "Half a tho", then="draft", files=files, media_alt_1="A dot", spoiler_text="cw", has_warning="1"
    )
    assert page.path == "/drafts"
    assert "Half a tho" in page.text
    assert await texts(node) == []
    page = await ann.open(f"/compose?draft={await only(node, KeptDraft)}")
    assert page.form("textarea[name='text']").text().strip() == "Half a tho"
    assert page.form("[name='spoiler_text']").attributes["value"] == "cw"
    page = await ann.send(page, "form.composer", text="A whole thought")
    assert "A whole thought" in page.text
    assert page.form("article.post img[alt='A dot']") is not None
    assert await texts(node) == ["A whole thought"]
    assert await only(node, KeptDraft) == 0


async def test_a_thread_is_written_post_by_post(node: Node, ann: Visitor) -> None:
    """ "Add another post" puts one down; what was put down can be changed and taken out; "Post" sends all, in order."""
    page = await ann.post("one", then="another", visibility="unlisted")
    for text in ("two", "to be taken out"):
        assert page.path == "/compose"
        page = await ann.send(page, "form.composer", text=text, then="another")
    assert "one" in page.text
    draft = await only(node, KeptDraft)
    page = await ann.send(page, f"form[action='/web/drafts/{draft}/parts/2/remove']")
    page = await ann.open(f"/compose?draft={draft}&part=0")
    page = await ann.send(page, "form.composer", text="first", then="another")
    page = await ann.send(page, "form.composer", text="last")
    assert page.path.startswith("/@ann/")
    assert await texts(node) == ["first", "two", "last"]
    assert page.text.index("first") < page.text.index("two") < page.text.index("last")
    assert await only(node, KeptDraft) == 0


async def test_a_refused_thread_keeps_every_word(node: Node, ann: Visitor) -> None:
    page = await ann.post("x" * 300, then="another")
    page = await ann.send(page, "form.composer", text="second")
    assert page.status == 422
    assert "Post 1" in page.text
    assert page.form("textarea[name='text']").text().strip() == "second"
    assert await texts(node) == []
    page = await ann.send(page, "form.composer", text="second", then="draft")
    async with node.runtime.read() as reader:
        kept = await reader.scalar(select(KeptDraft))
    assert kept is not None
    assert [post["text"] for post in kept.posts] == ["x" * 300, "second"]


async def test_a_post_for_later_in_the_persons_own_zone(node: Node, ann: Visitor) -> None:
    """Listed, moved, taken back or written anew; too soon is refused beside the field with nothing lost."""
    page = await ann.open("/settings/appearance")
    await ann.send(page, "form[action='/settings/appearance']", time_zone="Asia/Tokyo")
    page = await ann.post("Too soon", scheduled_at="2020-01-01T10:00")
    assert page.status == 422
    assert "5 minutes" in page.text
    assert page.form("textarea[name='text']").text().strip() == "Too soon"
    page = await ann.post("Good morning", scheduled_at="2999-01-01T10:00")
    assert page.path == "/scheduled"
    assert "1 January 2999, 10:00 (Asia/Tokyo)" in page.text
    scheduled = await only(node, ScheduledPost)
    async with node.runtime.read() as reader:
        at = await reader.scalar(select(ScheduledPost.scheduled_at))
    assert at == datetime(2999, 1, 1, 10, tzinfo=ZoneInfo("Asia/Tokyo")).astimezone(UTC)
    move = f"form[action='/web/scheduled/{scheduled}/move']"
    page = await ann.send(page, move, scheduled_at="2999-01-02T11:30")
    assert "2 January 2999, 11:30" in page.text
    page = await ann.send(page, move, scheduled_at="yesterday")
    assert "2 January 2999, 11:30" in page.text
    page = await ann.send(page, move, button="rewrite")
    assert page.form("textarea[name='text']").text().strip() == "Good morning"
    assert (await only(node, ScheduledPost), bool(await only(node, KeptDraft))) == (0, True)
    page = await ann.post("Another", scheduled_at="2999-01-01T10:00", time_zone="America/New_York")
    async with node.runtime.read() as reader:
        at = await reader.scalar(select(ScheduledPost.scheduled_at))
    assert at == datetime(2999, 1, 1, 15, tzinfo=UTC)
    await ann.send(page, "form[action*='/move']", button="delete")
    assert await only(node, ScheduledPost) == 0
    assert await texts(node) == []


async def test_why_it_was_not_published_is_said(node: Node, ann: Visitor, bo: Visitor) -> None:
    shown = await bo.post("To be quoted")
    post_id = shown.path.rpartition("/")[2]
    page = await ann.open(f"/compose?quote={post_id}")
    soon = (node.runtime.now().astimezone(UTC)).strftime("%Y-%m-%dT23:59")
    node.clock.advance(days=-1)
    await ann.send(page, "form.composer", text="look", scheduled_at=soon)
    node.clock.advance(days=1)
    await bo.send(await bo.open(f"/@bo/{post_id}/delete"), f"form[action='/web/posts/{post_id}/delete']")
    node.clock.advance(days=2)
    await settle(node.runtime)
    page = await ann.open("/scheduled")
    assert "Not published" in page.text
    assert "is gone" in page.text


async def test_delete_and_write_anew(node: Node, ann: Visitor) -> None:
    """Both or neither; text, warning, poll and picture are there again."""
    files = {"media_file_1": ("a.png", PIXEL, "image/png")}
    page = await ann.post("With a slp", files=files, media_alt_1="A dot", spoiler_text="cw", has_warning="1")
    post_id = page.path.rpartition("/")[2]
    page = await ann.open(f"/@ann/{post_id}/delete")
    page = await ann.send(page, f"form[action='/web/posts/{post_id}/delete']", button="redraft")
    assert page.path == "/compose"
    assert page.form("textarea[name='text']").text().strip() == "With a slp"
    assert (await ann.open(f"/@ann/{post_id}")).status in (404, 410)
    page = await ann.send(page, "form.composer", text="With a slip")
    assert await texts(node) == ["With a slip"]
    assert page.form("article.post img[alt='A dot']") is not None


async def test_local_only(node: Node, ann: Visitor, bo: Visitor) -> None:
    page = await ann.post("For us", local_only="1")
    assert "Local only" in page.text
    assert "For us" in (await bo.open(page.path)).text
    async with Visitor(node.url) as stranger:
        assert (await stranger.open(page.path)).status == 404
        assert "For us" not in (await stranger.open("/@ann")).text


async def test_row_89_nobody_elses(node: Node, ann: Visitor, bo: Visitor) -> None:
    await ann.post("mine", then="draft")
    await ann.post("secretly", scheduled_at="2999-01-01T10:00")
    draft, scheduled = await only(node, KeptDraft), await only(node, ScheduledPost)
    token = (await bo.open("/compose")).form("form.composer [name='csrf_token']").attributes["value"]
    for path in (
        f"/web/drafts/{draft}/delete",
        f"/web/drafts/{draft}/parts/0/remove",
        f"/web/scheduled/{scheduled}/move",
        f"/web/scheduled/{scheduled}/delete",
        f"/web/scheduled/{scheduled}/rewrite",
    ):
        answer = await bo.http.post(path, data={"csrf_token": token, "scheduled_at": "2999-01-01T10:00"})
        assert answer.status_code == 404, path
    assert (await bo.open(f"/compose?draft={draft}")).status == 404
    assert "mine" not in (await bo.open("/drafts")).text
    assert "secretly" not in (await bo.open("/scheduled")).text
    assert (await only(node, KeptDraft), await only(node, ScheduledPost)) == (draft, scheduled)
