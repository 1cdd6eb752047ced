"""Posts of other servers: sanitised, once, in any order, with the readers they are meant for."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy import update as update_table

from node.accounts.models import Account
from node.base.db.event_log import EventRow
from node.base.errors import NotFound, Unavailable
from node.base.ids import time_of
from node.base.runtime import Runtime
from node.media.models import Media
from node.posts import remote
from node.posts.models import Mention, Post
from node.posts.queries import find_hashtag, find_post, get_visible_post, list_edits, list_mentions
from node.posts.remote import edit_remote_post, store_remote_boost
from node.posts.rendering import render_post
from node.posts.service import withdraw
from tests.support.make import make_account, make_post
from tests.unit.node.posts.makers import make_stranger, mention_tag, remote_post, store


async def fresh(runtime: Runtime, post_id: int) -> Post:
    async with runtime.read() as reader:
        found = await find_post(reader, post_id)
    assert found is not None
    return found


async def events(runtime: Runtime) -> list[tuple[str, bool]]:
    async with runtime.read() as reader:
        rows = await reader.scalars(select(EventRow).order_by(EventRow.id))
    return [(row.name, row.payload.get("quiet", False)) for row in rows]


async def update(runtime: Runtime, stored: Post, post: Any, known: tuple[Account, ...] = ()) -> bool:
    async with runtime.write() as uow:
        return await edit_remote_post(
            uow,
            runtime.settings,
            stored,
            post,
            mentions={account.uri: account for account in known},
            now=runtime.now(),
        )


@pytest.fixture
async def al(runtime: Runtime) -> Account:
    return await make_stranger(runtime)


async def test_a_remote_post_is_sanitised_and_sorted_by_its_own_time(runtime: Runtime, al: Account) -> None:
    note = remote_post(
        al,
        1,
        '<p>Hi <script>alert(1)</script><a href="javascript:x">x</a></p>',
        summary="<b>cw</b><img src=x onerror=1>",
        tag=[
            {"type": "Hashtag", "name": "#Straße"},
            {"type": "Emoji", "name": ":e:", "icon": {"url": "https://there.test/e.png"}},
        ],
        attachment=[
            {"type": "Document", "mediaType": "image/png", "url": "https://there.test/1.png", "name": "<i>alt</i>",
             "width": 20, "height": 10, "focalPoint": [0.5, -0.5]},
            {"type": "Document", "mediaType": "video/mp4", "url": "https://there.test/1.mp4"},
            {"type": "Document", "mediaType": "image/png", "url": "javascript:alert(1)"},
        ],
    )  # fmt: skip
    stored = await store(runtime, al, note)
    assert stored is not None
    assert stored.content == "<p>Hi x</p>"
    assert (stored.spoiler_text, stored.sensitive, stored.local) == ("cw", True, False)
    assert time_of(stored.id).replace(microsecond=0) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    async with runtime.read() as reader:
        assert await find_hashtag(reader, "strasse") is not None
        media = await reader.scalars(select(Media).where(Media.post_id == stored.id).order_by(Media.position))
    assert [(item.kind, item.remote_url, item.description) for item in media] == [
        ("image", "https://there.test/1.png", "alt"),
        ("video", "https://there.test/1.mp4", ""),
    ]
    assert (media[0].meta["original"]["aspect"], media[0].focus_x, media[0].focus_y) == (2.0, 0.5, -0.5)
    assert stored.emojis[0]["shortcode"] == "e"


async def test_gen_8_a_future_post_sorts_at_its_arrival(runtime: Runtime, al: Account) -> None:
    stored = await store(runtime, al, remote_post(al, 1, published="2999-01-01T00:00:00Z"))
    assert stored is not None
    assert abs(time_of(stored.id) - datetime.now(UTC)) < timedelta(minutes=1)
    assert stored.published_at.year == 2999
    early = await store(runtime, al, remote_post(al, 2, published="0001-01-01T00:00:00Z"))
    assert early is not None
    assert early.published_at.year == 1970


async def test_inb_3_twenty_copies_at_once_are_one_post(runtime: Runtime, al: Account) -> None:
    stored = await asyncio.gather(*(store(runtime, al, remote_post(al, 1)) for _ in range(20)))
    assert len({post.id for post in stored if post}) == 1
    assert await events(runtime) == [("PostPublished", False)]


async def test_row_38_the_first_author_of_an_id_keeps_it(runtime: Runtime, al: Account) -> None:
    eve = await make_stranger(runtime, "eve")
    first = await store(runtime, al, remote_post(al, 1, visibility="followers"))
    assert first is not None
    assert await store(runtime, eve, remote_post(eve, 1, "<p>wider</p>")) is None
    stored = await fresh(runtime, first.id)
    assert (stored.account_id, stored.visibility, stored.content) == (al.id, "followers", "<p>Hi</p>")


async def test_row_115_a_tombstone_wins_over_create_and_update(runtime: Runtime, al: Account) -> None:
    stored = await store(runtime, al, remote_post(al, 1))
    assert stored is not None
    async with runtime.write() as uow:
        await withdraw(uow, stored, now=runtime.now())
    assert await store(runtime, al, remote_post(al, 1)) is None
    assert not await update(runtime, stored, remote_post(al, 1, "<p>back</p>", updated="2026-06-01T00:00:00Z"))
    assert (await fresh(runtime, stored.id)).content == ""


async def test_obj_10_a_vote_is_never_a_post(runtime: Runtime, al: Account, ann: Account) -> None:
    post = await make_post(runtime, ann)
    vote = remote_post(al, 1, "", name="Yes", inReplyTo=post.uri, visibility="direct", addressed=[ann.uri])
    assert await store(runtime, al, vote, known=(ann,)) is None


async def test_obj_4_only_the_tagged_and_addressed_are_named(runtime: Runtime, al: Account, ann: Account) -> None:
    bo, cy = await make_account(runtime, "bo"), await make_account(runtime, "cy")
    note = remote_post(al, 1, visibility="direct", addressed=[ann.uri, bo.uri], tag=[mention_tag(ann), mention_tag(cy)])
    stored = await store(runtime, al, note, known=(ann, bo, cy))
    assert stored is not None
    async with runtime.read() as reader:
        rows = await list_mentions(reader, stored.id)
        assert {row.account_id: row.silent for row in rows} == {ann.id: False, bo.id: True}
        with pytest.raises(NotFound):  # being tagged opens nothing
            await get_visible_post(reader, stored.id, cy.id)


async def test_obj_4_a_direct_post_without_tags_speaks_to_its_addressees(
    runtime: Runtime, al: Account, ann: Account
) -> None:
    stored = await store(runtime, al, remote_post(al, 1, visibility="direct", addressed=[ann.uri]), known=(ann,))
    assert stored is not None
    async with runtime.read() as reader:
        assert [row.silent for row in await list_mentions(reader, stored.id)] == [False]


async def test_aud_3_a_personal_inbox_makes_its_owner_a_reader(runtime: Runtime, al: Account, ann: Account) -> None:
    bo = await make_account(runtime, "bo")
    note = remote_post(al, 1, visibility="followers")
    stored = await store(runtime, al, note, delivered_to=ann.id)
    assert stored is not None
    again = await store(runtime, al, note, delivered_to=bo.id)
    assert again is not None
    cy = await make_account(runtime, "cy")
    async with runtime.read() as reader:
        for reader_id in (ann.id, bo.id):
            assert (await get_visible_post(reader, stored.id, reader_id)).id == stored.id
        with pytest.raises(NotFound):
            await get_visible_post(reader, stored.id, cy.id)
        assert {row.silent for row in await list_mentions(reader, stored.id)} == {True}


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)], ids=str)
async def test_row_115_a_thread_is_the_same_in_any_order_of_arrival(
    runtime: Runtime, al: Account, order: tuple[int, ...]
) -> None:
    notes = [
        remote_post(al, 0),
        remote_post(al, 1, inReplyTo="https://there.test/notes/0"),
        remote_post(al, 2, inReplyTo="https://there.test/notes/1"),
    ]
    ids: dict[int, int] = {}
    for number in order:
        stored = await store(runtime, al, notes[number])
        assert stored is not None
        ids[number] = stored.id
    root, middle, leaf = [await fresh(runtime, ids[number]) for number in range(3)]
    assert (middle.in_reply_to_id, leaf.in_reply_to_id) == (root.id, middle.id)
    assert {root.thread_id, middle.thread_id, leaf.thread_id} == {root.id}
    assert (root.replies_count, middle.replies_count, leaf.replies_count) == (1, 1, 0)
    assert middle.in_reply_to_uri is leaf.in_reply_to_uri is None
    assert middle.in_reply_to_account_id == al.id


async def test_row_50_circles_stay_open(runtime: Runtime, al: Account) -> None:
    one = await store(runtime, al, remote_post(al, 1, inReplyTo="https://there.test/notes/2"))
    two = await store(runtime, al, remote_post(al, 2, inReplyTo="https://there.test/notes/1"))
    own = await store(runtime, al, remote_post(al, 3, inReplyTo="https://there.test/notes/3"))
    assert one is not None
    assert two is not None
    assert own is not None
    assert (await fresh(runtime, one.id)).in_reply_to_id is None
    assert (await fresh(runtime, two.id)).in_reply_to_id == one.id
    assert (own.in_reply_to_id, own.in_reply_to_uri) == (None, None)


async def test_obj_11_an_edit_must_be_newer_and_is_kept_in_history(runtime: Runtime, al: Account, ann: Account) -> None:
    stored = await store(
        runtime,
        al,
        remote_post(
            al, 1, tag=[mention_tag(ann)], addressed=[ann.uri],
            attachment=[{"type": "Image", "url": f"https://there.test/{name}.png"} for name in "ab"],
        ),
        known=(ann,),
    )  # fmt: skip
    assert stored is not None
    for stale in (None, "2026-01-02T03:04:05Z", "2025-01-01T00:00:00Z", "nonsense"):
        extra = {"updated": stale} if stale else {}
        assert not await update(runtime, stored, remote_post(al, 1, "<p>old</p>", **extra))
    newer = remote_post(
        al, 1, "<p>new<script></script></p>", updated="2026-01-03T00:00:00Z", summary="cw", visibility="public",
        attachment=[{"type": "Document", "mediaType": "image/png", "url": "https://there.test/b.png", "name": "B"}],
    )  # fmt: skip
    assert await update(runtime, stored, newer, (ann,))
    assert not await update(runtime, stored, newer, (ann,))
    now = await fresh(runtime, stored.id)
    assert (now.content, now.spoiler_text, now.edited_at) == ("<p>new</p>", "cw", datetime(2026, 1, 3, tzinfo=UTC))
    async with runtime.read() as reader:
        assert [row.content for row in await list_edits(reader, stored.id)] == ["<p>Hi</p>"]
        media = await reader.scalars(select(Media).where(Media.post_id == stored.id))
        assert [(item.remote_url, item.description) for item in media] == [("https://there.test/b.png", "B")]
        assert [(row.account_id, row.silent) for row in await list_mentions(reader, stored.id)] == [(ann.id, True)]
    assert [name for name, _ in await events(runtime)] == ["PostPublished", "PostEdited"]


async def test_row_38_an_edit_never_changes_the_visibility(runtime: Runtime, al: Account) -> None:
    stored = await store(runtime, al, remote_post(al, 1, visibility="followers"))
    assert stored is not None
    await update(runtime, stored, remote_post(al, 1, "<p>x</p>", updated="2026-02-01T00:00:00Z"))
    assert (await fresh(runtime, stored.id)).visibility == "followers"


async def test_obj_11_a_clock_from_the_future_does_not_shut_out_later_edits(runtime: Runtime, al: Account) -> None:
    stored = await store(runtime, al, remote_post(al, 1))
    assert stored is not None
    assert await update(runtime, stored, remote_post(al, 1, "<p>2999</p>", updated="2999-01-01T00:00:00Z"))
    runtime.clock.advance(minutes=1)  # type: ignore[attr-defined]
    later = runtime.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await update(runtime, stored, remote_post(al, 1, "<p>now</p>", updated=later))


async def test_obj_8_a_titled_object_is_title_text_and_link(runtime: Runtime, al: Account) -> None:
    article = remote_post(
        al, 1, "# A heading\n\nText <b>", type="Article", name="A <i>title</i>", summary="an excerpt",
        url="https://there.test/a?x=1&y=2", mediaType="text/markdown",
    )  # fmt: skip
    stored = await store(runtime, al, article)
    assert stored is not None
    assert (stored.title, stored.spoiler_text, stored.kind) == ("A title", "", "Article")
    assert stored.content.startswith("<p><strong>A heading</strong></p><p>Text &lt;b&gt;</p><p><a href=")
    assert "https://there.test/a?x=1&amp;y=2" in stored.content


@pytest.mark.parametrize(
    ("visibility", "own", "stored"),
    [("public", False, True), ("unlisted", False, True), ("followers", False, False), ("followers", True, True),
     ("direct", True, False)],
)  # fmt: skip
async def test_aud_4_which_boosts_of_others_are_kept(
    runtime: Runtime, al: Account, visibility: str, own: bool, stored: bool
) -> None:
    eve = await make_stranger(runtime, "eve")
    post = await store(runtime, al, remote_post(al, 1, visibility=visibility))
    assert post is not None

    async def announce(target: Post, uri: str = "https://there.test/boosts/1") -> Post | None:
        async with runtime.write() as uow:
            return await store_remote_boost(uow, al if own else eve, target, uri=uri, published=None, now=runtime.now())

    boosts = [await announce(post) for _ in range(3)]
    assert [boost is not None for boost in boosts] == [stored] * 3
    assert (await fresh(runtime, post.id)).boosts_count == int(stored)
    if boosts[0] is None:
        return
    assert boosts[0].visibility == visibility
    assert await announce(boosts[0], "https://there.test/boosts/2") is None, "row 53: no boost of a boost"
    async with runtime.write() as uow:
        await withdraw(uow, boosts[0], now=runtime.now())
    assert await announce(post) is None, "undone is undone"
    assert (await fresh(runtime, post.id)).boosts_count == 0


async def test_counts_of_remote_authors_are_their_own(runtime: Runtime, al: Account) -> None:
    stored = await store(runtime, al, remote_post(al, 1))
    assert stored is not None
    async with runtime.write() as uow:
        await withdraw(uow, stored, now=runtime.now())
    async with runtime.read() as reader:
        assert await reader.scalar(select(Account.posts_count).where(Account.id == al.id)) == 0
        assert await reader.scalar(select(Account.last_post_at).where(Account.id == al.id)) is not None
        assert await reader.scalar(select(func.count()).select_from(Mention)) == 0


async def test_row_75_foreign_html_is_sanitised_on_the_way_out_too(runtime: Runtime, al: Account) -> None:
    stored = await store(runtime, al, remote_post(al, 1))
    assert stored is not None
    async with runtime.write() as uow:
        await uow.write(update_table(Post).where(Post.id == stored.id).values(content="<p>x<script>1</script></p>"))
    async with runtime.read() as reader:
        shown = await render_post(runtime, reader, stored.id, viewer_id=None)
    assert shown["content"] == "<p>x</p>"


async def test_an_id_that_is_taken_asks_for_another_try(
    runtime: Runtime, al: Account, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids of one moment differ by chance alone: a clash loses nothing and is tried again."""
    first = await store(runtime, al, remote_post(al, 1))
    assert first is not None
    boosted = await make_post(runtime, ann)
    monkeypatch.setattr(remote, "id_at", lambda moment, after: first.id)
    with pytest.raises(Unavailable):
        await store(runtime, al, remote_post(al, 2))
    with pytest.raises(Unavailable):
        async with runtime.write() as uow:
            await store_remote_boost(
                uow, al, boosted, uri="https://there.test/boosts/1", published=runtime.now(), now=runtime.now()
            )
    monkeypatch.undo()
    assert await store(runtime, al, remote_post(al, 2)) is not None
