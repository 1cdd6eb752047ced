"""The drain and the rebuild: what a kill, a second worker or a broken file does to search. On both engines."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from node.accounts.models import Account
from node.base.lanes import INDEX, RELAY
from node.base.runtime import Runtime
from node.base.work import DRAINS
from node.cards.models import LinkCard, PostLink
from node.events import LinkCardReady
from node.posts.cards import show_card
from node.posts.models import Post
from node.search import indexing, jobs, turns, whoosh_files
from node.search.choosing import engine_of
from node.search.condition import look_at_search
from node.search.documents import Document
from node.search.models import SearchDocument, SearchRebuild, SearchTask
from node.search.service import search_posts
from node.search.tasks import ask_for_account, ask_for_posts
from node.search.whoosh_files import Folder
from tests.support.make import make_account, make_post
from tests.support.nodes import settle


async def found(runtime: Runtime, query: str, viewer_id: int | None = None) -> list[int]:
    return sorted((await search_posts(runtime, query, viewer_id=viewer_id)).ids)


async def count(runtime: Runtime, table: Any) -> int:
    async with runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(table)))


@pytest.fixture
async def ann(runtime: Runtime) -> Account:
    return await make_account(runtime, "ann", indexable=True)


async def test_a_kill_between_index_and_rows_loses_nothing(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine has the post, its row has not: the task is still there, due at once, and the second time does no
    harm."""
    await settle(runtime)
    post = await make_post(runtime, ann, "walnut")
    keep = indexing._keep

    async def killed(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(indexing, "_keep", killed)
    with pytest.raises(KeyboardInterrupt):
        await settle(runtime)
    monkeypatch.setattr(indexing, "_keep", keep)
    assert await found(runtime, "walnut") == []
    assert await count(runtime, SearchTask) == 1
    await settle(runtime)
    assert await found(runtime, "walnut") == [post.id]
    assert await count(runtime, SearchTask) == 0
    assert (await engine_of(runtime).status()).documents == 1


async def test_a_post_that_changes_while_it_is_indexed_comes_again(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle(runtime)
    post = await make_post(runtime, ann, "hazel")
    documents = indexing._documents

    def meanwhile(standings: Any) -> Any:
        made = documents(standings)
        changes.append(post.id)
        return made

    changes: list[int] = []
    monkeypatch.setattr(indexing, "_documents", meanwhile)
    forget = indexing.forget

    async def asked_again(uow: Any, tasks: Any) -> None:
        if len(changes) == 1:
            await ask_for_posts(uow, runtime.settings, [post.id], now=runtime.now())
        await forget(uow, tasks)

    monkeypatch.setattr(indexing, "forget", asked_again)
    await settle(runtime)
    assert len(changes) == 2
    assert await count(runtime, SearchTask) == 0


async def test_a_full_disk_gives_no_post_up(runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it lasts: what waits for room is indexed once there is some."""
    await settle(runtime)
    post = await make_post(runtime, ann, "alder")

    async def full(*_: Any) -> bool:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "index_posts", full)
        for _ in range(jobs.MAX_ATTEMPTS + 2):
            await settle(runtime)
            runtime.clock.advance(minutes=3)  # type: ignore[attr-defined]
    assert await count(runtime, SearchTask) == 1
    await settle(runtime)
    assert await found(runtime, "alder") == [post.id]


async def test_one_post_that_trips_it_holds_up_no_other(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack row 114."""
    await settle(runtime)
    bad, good = await make_post(runtime, ann, "pecan bad"), await make_post(runtime, ann, "pecan good")
    made = indexing.document_of

    def trips(source: Any) -> Document:
        if source.post_id == bad.id:
            raise RuntimeError("no document can be made of this")
        return made(source)

    monkeypatch.setattr(indexing, "document_of", trips)
    await settle(runtime)
    assert await found(runtime, "pecan") == [good.id]
    for _ in range(jobs.MAX_ATTEMPTS):
        runtime.clock.advance(minutes=3)  # type: ignore[attr-defined]
        await settle(runtime)
    assert await count(runtime, SearchTask) == 0


async def test_a_rebuild_serves_meanwhile_goes_on_after_a_kill_and_forgets_nothing(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "REBUILD_CHUNK", 2)
    await settle(runtime)
    posts = [await make_post(runtime, ann, f"almond {number}") for number in range(5)]
    await settle(runtime)
    everything = sorted(post.id for post in posts)
    engine = engine_of(runtime)
    assert await indexing.begin_rebuild(runtime, engine, "test")
    assert await indexing.rebuild_some(runtime, engine)
    assert await found(runtime, "almond") == everything
    condition = await look_at_search(runtime)
    assert condition.rebuild is not None
    assert (condition.rebuild.done, condition.rebuild.total) == (2, 5)
    # New, changed and deleted while it is under way, above and below where it stands.
    late = await make_post(runtime, ann, "almond late")
    async with runtime.write() as uow:
        for id_, text in ((posts[0].id, "cashew"), (posts[4].id, "cashew")):
            await uow.write(update(Post).where(Post.id == id_).values(content=text))
        await ask_for_posts(uow, runtime.settings, [posts[0].id, posts[4].id], now=runtime.now())
    while await jobs._some_tasks(runtime, engine):
        pass
    assert DRAINS[INDEX].is_due is jobs.is_due
    assert await jobs.is_due(runtime, runtime.now())
    await settle(runtime)
    assert (await look_at_search(runtime)).rebuild is None
    assert await found(runtime, "cashew") == sorted([posts[0].id, posts[4].id])
    assert await found(runtime, "almond") == sorted([posts[1].id, posts[2].id, posts[3].id, late.id])
    assert (await engine.status()).documents == 6


async def test_consent_of_an_author_with_many_posts_is_followed_in_parts(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FEP-1: change to false takes the posts out of the index, not only out of sight."""
    monkeypatch.setattr(jobs, "ACCOUNT_PART", 2)
    for number in range(5):
        await make_post(runtime, ann, f"chestnut {number}")
    await settle(runtime)
    engine = engine_of(runtime)
    assert (await engine.status()).documents == 5
    for allowed, documents in ((False, 0), (True, 5)):
        async with runtime.write() as uow:
            await uow.write(update(Account).where(Account.id == ann.id).values(indexable=allowed))
            await ask_for_account(uow, runtime.settings, ann.id, now=runtime.now())
        await settle(runtime)
        assert (await engine.status()).documents == documents
        assert len(await found(runtime, "chestnut")) == documents
    assert len(await found(runtime, "chestnut", ann.id)) == 5


async def test_a_node_from_before_search_is_indexed_by_itself(runtime: Runtime, ann: Account) -> None:
    """Whoosh finds that there is no index; on PostgreSQL an empty table is filled the same way."""
    post = await make_post(runtime, ann, "pistachio")
    async with runtime.write() as uow:
        from node.base.db.event_log import EventRow

        await uow.write(EventRow.__table__.delete())
    assert await jobs.is_due(runtime, runtime.now())
    await settle(runtime)
    assert await found(runtime, "pistachio") == [post.id]


async def test_a_like_does_not_write_to_the_index(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is as it was stands there already: a liked post's slice is not made anew for it."""
    post = await make_post(runtime, ann, "filbert")
    await settle(runtime)
    monkeypatch.setattr(type(engine_of(runtime)), "write", None)
    async with runtime.write() as uow:
        await ask_for_posts(uow, runtime.settings, [post.id], now=runtime.now())
    await settle(runtime)
    assert await count(runtime, SearchTask) == 0
    assert await found(runtime, "filbert") == [post.id]


async def test_upkeep_goes_on_in_a_process_of_its_own(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full slice is made one segment beside the drain, and finds the same."""
    if engine_of(runtime).name != "whoosh":
        return
    monkeypatch.setattr(whoosh_files, "SLICE_POSTS", 2)
    posts = [await make_post(runtime, ann, f"almond {number}") for number in range(3)]
    await settle(runtime)
    generation = Folder(runtime.settings.data_dir / "search").generation("current")
    assert generation is not None
    assert [one.is_compact for one in generation.slices] == [True, False]
    assert await found(runtime, "almond") == [post.id for post in posts]


async def test_another_process_that_writes_is_not_disturbed(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    await settle(runtime)
    engine = engine_of(runtime)
    if engine.name != "whoosh":
        return
    await make_post(runtime, ann, "macadamia")
    async with Folder(runtime.settings.data_dir / "search").lock() as is_ours:
        assert is_ours
        for lane in (RELAY, INDEX):
            await DRAINS[lane].service(runtime)
        assert await found(runtime, "macadamia") == []
        assert not await indexing.begin_rebuild(runtime, engine, "test")
    await settle(runtime)
    assert len(await found(runtime, "macadamia")) == 1


@pytest.mark.parametrize("harm", ["a slice", "every slice", "the list", "the pointer", "everything"])
async def test_a_broken_index_answers_and_mends_itself(runtime: Runtime, ann: Account, harm: str) -> None:
    """Never an error: the library still answers, people are told, and a worker builds it anew."""
    post = await make_post(runtime, ann, "brazilnut")
    bob = await make_account(runtime, "bob")
    await settle(runtime)
    if engine_of(runtime).name != "whoosh":
        return
    root: Path = runtime.settings.data_dir / "search"
    (generation,) = root.glob("g*")
    for path in generation.glob("s*/*"):
        if harm == "every slice" or (harm == "a slice" and path.suffix == ".seg"):
            path.write_bytes(b"not what it was")
    if harm == "the list":
        (generation / "slices.json").write_text("[{")
    if harm == "the pointer":
        (root / "current").write_text("g-of-another-day")
    if harm == "everything":
        shutil.rmtree(root)
    runtime.caches.get("search_engine", size=1, seconds=1).clear()
    answer = await search_posts(runtime, "brazilnut", viewer_id=bob.id)
    assert answer.ids == ()
    assert answer.explanation.sentences
    assert await found(runtime, "brazilnut", ann.id) == [post.id]
    await settle(runtime)
    assert await found(runtime, "brazilnut", bob.id) == [post.id]
    assert not (await look_at_search(runtime)).is_broken


async def test_rows_are_kept_only_while_they_serve_somebody(runtime: Runtime, ann: Account) -> None:
    """A remote post that nobody may search and that is in nobody's library leaves no words behind."""
    await make_post(runtime, ann, "beechnut")
    await settle(runtime)
    assert await count(runtime, SearchDocument) == 1
    async with runtime.write() as uow:
        await uow.write(update(Account).where(Account.id == ann.id).values(indexable=False))
        await uow.write(update(Post).values(local=False))
        await ask_for_account(uow, runtime.settings, ann.id, now=runtime.now())
    await settle(runtime)
    assert await count(runtime, SearchDocument) == 0
    assert await count(runtime, SearchRebuild) <= 1


async def test_words_of_a_link_preview_are_found_once_it_is_there(runtime: Runtime, ann: Account) -> None:
    """The page is looked at after the post was indexed: the post is indexed anew."""
    await settle(runtime)
    post = await make_post(runtime, ann, "Worth it: https://example.com/x1")
    await settle(runtime)
    now = runtime.now()
    async with runtime.write() as uow:
        uow.add(
            LinkCard(
                id=5, url="https://example.com/x1", host="example.com", title="Whale song", due_at=now, created_at=now
            )
        )
        await uow.flush()
        uow.add(PostLink(post_id=post.id, card_id=5))
        await uow.flush()
        await show_card(uow, 5, ready=True)
        await uow.record(LinkCardReady(5))
    assert await found(runtime, "whale") == []
    await settle(runtime)
    assert await found(runtime, "whale song") == [post.id]
