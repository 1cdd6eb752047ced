"""Publishing, editing and withdrawing local posts, through the services the doors call."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from node.accounts.models import Account
from node.accounts.queries import get_account
from node.base.db.event_log import EventRow
from node.base.errors import Invalid, NotFound
from node.base.ids import new_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.blocks.models import Block
from node.follows.models import Follow
from node.media.models import Media
from node.media.rules import MediaChange
from node.posts.account_queries import list_account_post_ids
from node.posts.bookmarks import bookmark, forget_bookmarks
from node.posts.boosts import boost
from node.posts.models import Bookmark, Like, Post, PostEdit
from node.posts.queries import (
    find_hashtag,
    find_post,
    find_post_by_uri,
    get_own_post,
    get_visible_post,
    list_edits,
    list_mentions,
    search_hashtags,
)
from node.posts.service import Draft, edit, publish, withdraw, withdraw_boosts
from tests.support.make import like, make_account, make_post


async def write(runtime: Runtime, author: Account, **fields: Any) -> Post:
    """Publish without resolving mentions."""
    mentions, key = fields.pop("mentions", {}), fields.pop("key", None)
    async with runtime.write() as uow:
        return await publish(
            uow, runtime.settings, author, Draft(**fields), mentions=mentions, now=runtime.now(), idempotency_key=key
        )


async def do_edit(runtime: Runtime, post: Post, seconds: float = 5, **fields: Any) -> Post:
    """Edit without resolving mentions, `seconds` from now."""
    async with runtime.write() as uow:
        now = runtime.now() + timedelta(seconds=seconds)
        return await edit(uow, runtime.settings, post, Draft(**fields), mentions={}, now=now)


async def fresh(runtime: Runtime, post: Post) -> Post:
    async with runtime.read() as reader:
        found = await find_post(reader, post.id)
    assert found is not None
    return found


async def events(runtime: Runtime) -> list[tuple[str, int]]:
    async with runtime.read() as reader:
        rows = await reader.scalars(select(EventRow).order_by(EventRow.id))
    return [(row.name, row.payload["post_id"]) for row in rows if "post_id" in row.payload]


async def make_upload(runtime: Runtime, owner: Account, **columns: Any) -> Media:
    media = Media(id=new_id(), account_id=owner.id, created_at=runtime.now(), storage_key="k", **columns)
    async with runtime.write() as uow:
        uow.add(media)
    return media


async def test_a_post_stands_with_everything_that_belongs_to_it(runtime: Runtime, ann: Account, bo: Account) -> None:
    post = await write(
        runtime,
        ann,
        text="Hi @bo, #Tag! https://x.test/",
        language="PT_br",
        mentions={"bo": bo},
        spoiler_text=" cw\nb ",
    )
    stored = await fresh(runtime, post)
    assert stored.uri == f"{runtime.settings.public_url}/users/{ann.id}/statuses/{post.id}"
    assert stored.url.endswith(f"/@ann/{post.id}")
    assert stored.context_uri == f"{runtime.settings.public_url}/contexts/{post.id}"
    assert (stored.visibility, stored.language, stored.spoiler_text, stored.sensitive, stored.thread_id) == (
        "public",
        "pt-br",
        "cw b",
        True,
        post.id,
    )
    assert stored.text == "Hi @bo, #Tag! https://x.test/"
    assert "u-url mention" in stored.content
    async with runtime.read() as reader:
        mentions = await list_mentions(reader, post.id)
        tag = await find_hashtag(reader, "#TAG")
        assert await find_post_by_uri(reader, post.uri) is not None
        author = await get_account(reader, ann.id)
    assert [(mention.account_id, mention.silent) for mention in mentions] == [(bo.id, False)]
    assert tag is not None
    assert tag.display == "Tag"
    assert author.posts_count == 1
    assert author.last_post_at is not None
    assert await events(runtime) == [("PostPublished", post.id)]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n\x00"}, "text"),
        ({"text": "a" * 281}, "text"),
        ({"text": "a" * 200, "spoiler_text": "b" * 81}, "text"),
        ({"text": "a\u0301" + "\u0301" * 5000}, "text"),
        ({"text": "https://x.test/ " * 1_000_000}, "text"),
        ({"text": "a", "visibility": "everyone"}, "visibility"),
        ({"text": "a", "language": "klingon!"}, "language"),
        ({"text": "a", "language": "x" * 300}, "language"),
        ({"text": "a", "media_ids": (1, 2, 3, 4, 5)}, "media_ids"),
        ({"text": "a", "media_ids": (77,)}, "media_ids"),
    ],
)
async def test_a_broken_rule_is_named_by_its_field_and_nothing_stays(
    runtime: Runtime, ann: Account, fields: dict[str, Any], name: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await write(runtime, ann, **fields, key="k")
    assert list(caught.value.fields) == [name]
    assert caught.value.status == 422
    async with runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(Post)) == 0
    assert (await write(runtime, ann, text="fine", key="k")).text == "fine"


async def test_links_and_domains_of_handles_cost_what_the_composer_says(runtime: Runtime, ann: Account) -> None:
    text = "a" * 255 + " https://x.test/" + "b" * 300
    assert (await write(runtime, ann, text=text)).text == text
    handle = "@somebody@" + "very." * 40 + "long.test"
    await write(runtime, ann, text=handle + " " + "c" * 270)
    with pytest.raises(Invalid):
        await write(runtime, ann, text=handle + " " + "c" * 271)


async def test_a_warning_before_nothing_is_the_text(runtime: Runtime, ann: Account) -> None:
    post = await write(runtime, ann, text=" ", spoiler_text="only this")
    assert (post.text, post.spoiler_text, post.sensitive) == ("only this", "", False)


async def test_row_87_only_own_unattached_media_are_attached(runtime: Runtime, ann: Account, bo: Account) -> None:
    own, second, foreign = [await make_upload(runtime, owner) for owner in (ann, ann, bo)]
    post = await write(runtime, ann, media_ids=(second.id, own.id, second.id))
    async with runtime.read() as reader:
        rows = await reader.scalars(select(Media).where(Media.post_id == post.id).order_by(Media.position))
    assert [row.id for row in rows] == [second.id, own.id]
    for wrong in (own.id, foreign.id):
        with pytest.raises(Invalid):
            await write(runtime, ann, text="x", media_ids=(wrong,))
    with pytest.raises(Invalid):
        await do_edit(runtime, post, text="x", media_ids=(foreign.id,))


async def test_a_reply_takes_its_place_and_is_counted(runtime: Runtime, ann: Account, bo: Account) -> None:
    root = await write(runtime, ann, text="root", visibility="unlisted")
    reply = await write(runtime, bo, text="reply", in_reply_to_id=root.id)
    assert (reply.in_reply_to_id, reply.in_reply_to_account_id, reply.thread_id) == (root.id, ann.id, root.id)
    assert reply.context_uri == root.context_uri
    assert reply.visibility == "unlisted", "the default is the parent's"
    assert (await write(runtime, bo, text="wide", in_reply_to_id=root.id, visibility="public")).visibility == "public"
    async with runtime.read() as reader:
        assert [mention.account_id for mention in await list_mentions(reader, reply.id)] == [ann.id]  # OBJ-4
    assert (await fresh(runtime, root)).replies_count == 2


async def test_row_107_private_replies_are_not_in_public_counters(runtime: Runtime, ann: Account, bo: Account) -> None:
    root = await write(runtime, ann, text="root")
    for visibility in ("followers", "direct"):
        hidden = await write(runtime, bo, text="psst", in_reply_to_id=root.id, visibility=visibility)
        assert (await fresh(runtime, root)).replies_count == 0
        async with runtime.write() as uow:
            await withdraw(uow, hidden, now=runtime.now())
    await write(runtime, bo, text="loud", in_reply_to_id=root.id)
    assert (await fresh(runtime, root)).replies_count == 1
    async with runtime.read() as reader:
        assert (await get_account(reader, bo.id)).posts_count == 1


async def test_rows_42_89_a_reply_to_what_one_may_not_see_is_not_found(
    runtime: Runtime, ann: Account, bo: Account
) -> None:
    hidden = [await write(runtime, ann, text="x", visibility=name) for name in ("followers", "direct")]
    gone = await write(runtime, ann, text="x")
    async with runtime.write() as uow:
        await withdraw(uow, gone, now=runtime.now())
    for parent_id in (*(post.id for post in hidden), gone.id, 12345):
        with pytest.raises(NotFound):
            await write(runtime, bo, text="x", in_reply_to_id=parent_id)
    open_post = await write(runtime, ann, text="x")
    async with runtime.write() as uow:
        uow.add(Block(id=new_id(), account_id=ann.id, target_id=bo.id, created_at=runtime.now()))
    with pytest.raises(NotFound):
        await write(runtime, bo, text="x", in_reply_to_id=open_post.id)


async def test_a_reply_to_a_boost_is_a_reply_to_what_was_boosted(runtime: Runtime, ann: Account, bo: Account) -> None:
    root = await write(runtime, ann, text="root")
    async with runtime.write() as uow:
        shared = await boost(uow, runtime.settings, bo, root, now=runtime.now())
    assert (await write(runtime, bo, text="x", in_reply_to_id=shared.id)).in_reply_to_id == root.id


async def test_behaviour_8_one_key_is_one_post_also_at_once(runtime: Runtime, ann: Account, bo: Account) -> None:
    upload = await make_upload(runtime, ann)
    posts = await asyncio.gather(
        *(write(runtime, ann, text="once", media_ids=(upload.id,), key="same") for _ in range(10))
    )
    assert len({post.id for post in posts}) == 1
    assert (await write(runtime, bo, text="mine", key="same")).id != posts[0].id
    assert (await write(runtime, ann, text="other", key="other")).id != posts[0].id
    assert (await write(runtime, ann, text="long", key="k" * 400)).id == (
        await write(runtime, ann, text="long", key="k" * 400)
    ).id
    assert [name for name, _ in await events(runtime)].count("PostPublished") == 4


async def test_behaviour_8_a_key_is_free_again_after_an_hour_or_a_deletion(runtime: Runtime, ann: Account) -> None:
    first = await write(runtime, ann, text="x", key="k")
    runtime.clock.advance(minutes=59)  # type: ignore[attr-defined]
    assert (await write(runtime, ann, text="x", key="k")).id == first.id
    runtime.clock.advance(minutes=2)  # type: ignore[attr-defined]
    second = await write(runtime, ann, text="x", key="k")
    assert second.id != first.id
    async with runtime.write() as uow:
        await withdraw(uow, second, now=runtime.now())
    assert (await write(runtime, ann, text="x", key="k")).id not in (first.id, second.id)


async def test_an_edit_keeps_history_and_who_was_told(runtime: Runtime, ann: Account, bo: Account) -> None:
    upload = await make_upload(runtime, ann, description="old words")
    post = await write(runtime, ann, text="one @bo #a", mentions={"bo": bo}, media_ids=(upload.id,))
    change = MediaChange(upload.id, "new", (0, 1))
    for _ in range(2):  # the second one changes nothing and leaves no trace
        await do_edit(runtime, post, text="two #b", spoiler_text="cw", media_ids=(upload.id,), media_changes=(change,))
    stored = await fresh(runtime, post)
    assert (stored.text, stored.spoiler_text, stored.sensitive) == ("two #b", "cw", True)
    assert stored.edited_at is not None
    assert stored.edited_at > stored.published_at
    async with runtime.read() as reader:
        history = await list_edits(reader, post.id)
        assert [(row.text, row.media, row.created_at) for row in history] == [
            ("one @bo #a", [{"id": str(upload.id), "description": "old words"}], stored.published_at)
        ]
        assert [(row.account_id, row.silent) for row in await list_mentions(reader, post.id)] == [(bo.id, True)]
        media = await reader.scalar(select(Media).where(Media.id == upload.id))
        assert (media.description, media.focus_y) == ("new", 1.0)
        assert [tag.name for tag in await search_hashtags(reader, "b", viewer_id=ann.id)] == ["b"]
        assert await search_hashtags(reader, "a", viewer_id=ann.id) == []
    assert await events(runtime) == [("PostPublished", post.id), ("PostEdited", post.id)]


async def test_an_edit_that_breaks_a_rule_changes_nothing(runtime: Runtime, ann: Account) -> None:
    post = await write(runtime, ann, text="one")
    with pytest.raises(Invalid):
        await do_edit(runtime, post, text="x" * 999)
    assert (await fresh(runtime, post)).text == "one"
    async with runtime.write() as uow:
        await withdraw(uow, post, now=runtime.now())
    with pytest.raises(NotFound):
        await do_edit(runtime, post, text="x")


async def test_row_89_only_the_author_gets_a_post_to_change(runtime: Runtime, ann: Account, bo: Account) -> None:
    post = await write(runtime, ann, text="one")
    async with runtime.read() as reader:
        assert (await get_own_post(reader, post.id, ann.id)).id == post.id
        for account_id, post_id in ((bo.id, post.id), (ann.id, 1)):
            with pytest.raises(NotFound):
                await get_own_post(reader, post_id, account_id)


async def test_a_withdrawn_post_leaves_an_empty_tombstone_that_knows_its_readers(
    runtime: Runtime, ann: Account, bo: Account
) -> None:
    upload = await make_upload(runtime, ann)
    root = await write(runtime, bo, text="root")
    post = await write(
        runtime, ann, text="hi @bo #t", mentions={"bo": bo}, in_reply_to_id=root.id, media_ids=(upload.id,)
    )
    async with runtime.write() as uow:
        await edit(
            uow, runtime.settings, post, Draft(text="hi", media_ids=(upload.id,)), mentions={}, now=runtime.now()
        )
    async with runtime.write() as uow:
        await like(uow, runtime.settings, bo, post, now=runtime.now())
        await bookmark(uow, bo.id, post, now=runtime.now())
        shared = await boost(uow, runtime.settings, bo, post, now=runtime.now())
    for expected in (True, False):
        async with runtime.write() as uow:
            assert await withdraw(uow, post, now=runtime.now()) is expected
    async with runtime.read() as reader:
        for gone in (post, shared):
            with pytest.raises(NotFound):
                await get_visible_post(reader, gone.id, bo.id)
    async with runtime.write() as uow:  # as the effects of PostDeleted do
        assert await withdraw_boosts(uow, post.id, now=runtime.now()) == [shared.id]
        assert not await forget_bookmarks(uow, post.id)
    stored = await fresh(runtime, post)
    assert stored.deleted_at is not None
    assert (stored.text, stored.content, stored.spoiler_text, stored.likes_count, stored.boosts_count) == ("",) * 3 + (
        0,
        0,
    )
    assert (await fresh(runtime, shared)).deleted_at is not None
    assert (await fresh(runtime, root)).replies_count == 0
    async with runtime.read() as reader:
        for table in (Bookmark, PostEdit):
            assert await reader.scalar(select(func.count()).select_from(table)) == 0
        assert await reader.scalar(select(func.count()).select_from(Like)) == 1  # until its author has been told
        assert [mention.account_id for mention in await list_mentions(reader, post.id)] == [bo.id]
        media = await reader.scalar(select(Media).where(Media.id == upload.id))
        assert (media.post_id, media.kind) == (None, "discarded")
        assert (await get_account(reader, ann.id)).posts_count == 0
        assert (await get_account(reader, bo.id)).posts_count == 1
    assert (await events(runtime)).count(("PostDeleted", post.id)) == 1


async def test_delete_and_redraft_gives_the_pictures_back(runtime: Runtime, ann: Account) -> None:
    upload = await make_upload(runtime, ann)
    post = await write(runtime, ann, text="x", media_ids=(upload.id,))
    async with runtime.write() as uow:
        await withdraw(uow, post, now=runtime.now(), keep_media=True)
    again = await write(runtime, ann, text="y", media_ids=(upload.id,))
    async with runtime.read() as reader:
        assert await reader.scalar(select(Media.post_id).where(Media.id == upload.id)) == again.id


async def test_lists_of_an_account_obey_their_filters_and_the_viewer(
    runtime: Runtime, ann: Account, bo: Account
) -> None:
    upload = await make_upload(runtime, ann)
    plain = await write(runtime, ann, text="plain #x")
    pictured = await write(runtime, ann, text="pic", media_ids=(upload.id,))
    own_reply = await write(runtime, ann, text="more", in_reply_to_id=plain.id)
    other = await write(runtime, bo, text="other")
    reply = await write(runtime, ann, text="re", in_reply_to_id=other.id)
    private = await write(runtime, ann, text="p", visibility="followers")
    direct = await write(runtime, ann, text="d", visibility="direct")
    async with runtime.write() as uow:
        shared = await boost(uow, runtime.settings, ann, other, now=runtime.now())
    fan = await make_account(runtime, "fan")
    async with runtime.write() as uow:
        uow.add(
            Follow(
                id=new_id(), follower_id=fan.id, followee_id=ann.id, created_at=runtime.now(), accepted_at=runtime.now()
            )
        )

    async def ids(viewer: Account | None, page: Page | None = None, **filters: Any) -> list[int]:
        async with runtime.read() as reader:
            found = await list_account_post_ids(
                reader, ann.id, viewer.id if viewer else None, page or Page(), **filters
            )
            return found.ids

    everything = [shared.id, direct.id, private.id, reply.id, own_reply.id, pictured.id, plain.id]
    assert await ids(ann) == everything
    assert await ids(fan) == [id_ for id_ in everything if id_ != direct.id]
    public = [shared.id, reply.id, own_reply.id, pictured.id, plain.id]
    assert await ids(None) == await ids(bo) == public
    assert await ids(None, only_media=True) == [pictured.id]
    assert await ids(None, exclude_replies=True) == [shared.id, own_reply.id, pictured.id, plain.id]
    assert await ids(None, exclude_boosts=True) == public[1:]
    assert await ids(None, tagged="X") == [plain.id]
    assert await ids(None, Page(limit=2, max_id=pictured.id)) == [plain.id]
    assert await ids(None, Page(limit=2, min_id=plain.id)) == [own_reply.id, pictured.id]
    assert await ids(None, Page(limit=2, since_id=plain.id)) == public[:2]


async def test_make_post_resolves_local_names(runtime: Runtime, ann: Account, bo: Account) -> None:
    post = await make_post(runtime, ann, f"@bo @ANN @bo@{runtime.settings.domain} @nobody", visibility="direct")
    async with runtime.read() as reader:
        assert [mention.account_id for mention in await list_mentions(reader, post.id)] == [bo.id]
        assert (await get_visible_post(reader, post.id, bo.id)).id == post.id
    assert post.content.count("u-url mention") == 3
