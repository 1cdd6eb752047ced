"""Rows 105 and 106: somebody withdraws a post or consent to search *while* it is being indexed. On both engines.

The moment is forced: between a worker's look at the posts and what it writes of them, between the index and the rows,
and between the copy of a slice and its exchange. Nobody else finds anything of it from then on, and after the next look
nothing of it stands in the index or among the documents.
"""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from node.accounts.models import Account
from node.accounts.standing import delete_account, silence_account, suspend_account
from node.base.lanes import RELAY
from node.base.runtime import Runtime
from node.base.work import DRAINS
from node.blocks.service import block
from node.events import SearchConsentChanged
from node.posts.drafts import Draft
from node.posts.models import Post
from node.posts.queries import find_post
from node.posts.service import edit, withdraw
from node.search import indexing, jobs, turns, whoosh_engine, whoosh_files, whoosh_writing
from node.search.choosing import engine_of
from node.search.engines import WHOOSH
from node.search.models import SearchDocument
from node.search.service import search_posts
from node.search.steps import Plan, Token
from node.search.tasks import ask_for_account, ask_for_posts
from node.search.whoosh_files import Folder
from node.search.whoosh_reading import Searching
from tests.support.make import make_account, make_post
from tests.support.nodes import settle

Withdrawal = Callable[[Runtime, Account, Post], Awaitable[None]]
STAYS = {"silenced", "blocked"}
"""What is decided on the row alone: others may still find the post, so the index keeps it."""


async def _consent_ends(runtime: Runtime, author: Account, post: Post) -> None:
    async with runtime.write() as uow:
        await uow.write(update(Account).where(Account.id == author.id).values(indexable=False))
        await uow.record(SearchConsentChanged(author.id))


async def _suspended(runtime: Runtime, author: Account, post: Post) -> None:
    async with runtime.write() as uow:
        await suspend_account(uow, author.id, now=runtime.now())


async def _account_deleted(runtime: Runtime, author: Account, post: Post) -> None:
    async with runtime.write() as uow:
        await delete_account(uow, author.id, now=runtime.now())


async def _silenced(runtime: Runtime, author: Account, post: Post) -> None:
    async with runtime.write() as uow:
        await silence_account(uow, author.id, silenced=True, now=runtime.now())


async def _blocked(runtime: Runtime, author: Account, post: Post) -> None:
    async with runtime.write() as uow:
        eve = await uow.scalar(select(Account).where(Account.username == "eve"))
        await block(uow, runtime.settings, author, eve, now=runtime.now())


async def _deleted(runtime: Runtime, author: Account, post: Post) -> None:
    async with runtime.write() as uow:
        stored = await find_post(uow, post.id)
        assert stored is not None
        await withdraw(uow, stored, now=runtime.now())


async def _edited(runtime: Runtime, author: Account, post: Post) -> None:
    async with runtime.write() as uow:
        stored = await find_post(uow, post.id)
        assert stored is not None
        await edit(uow, runtime.settings, stored, Draft(text="something else"), mentions={}, now=runtime.now())


async def _narrowed(runtime: Runtime, author: Account, post: Post) -> None:
    async with runtime.write() as uow:
        await uow.write(update(Post).where(Post.id == post.id).values(visibility="private"))
        await ask_for_posts(uow, runtime.settings, [post.id], now=runtime.now())


WITHDRAWALS: dict[str, Withdrawal] = {
    "consent": _consent_ends,
    "suspended": _suspended,
    "account deleted": _account_deleted,
    "silenced": _silenced,
    "blocked": _blocked,
    "deleted": _deleted,
    "edited": _edited,
    "narrowed": _narrowed,
}


async def found(runtime: Runtime, word: str, viewer: Account | None) -> list[int]:
    return list((await search_posts(runtime, word, viewer_id=viewer.id if viewer else None)).ids)


async def in_index(runtime: Runtime, word: str) -> list[int]:
    """Return the posts that the index itself has under a word, as a process sees it that opens it now."""
    plan = Plan(Token(word))
    if engine_of(runtime).name != WHOOSH:
        proposed = await engine_of(runtime).propose(plan, since_id=None, until_id=None, limit=50, seconds=30)
        return list(proposed.ids)
    searching = Searching(Folder(runtime.settings.data_dir / "search"))
    try:
        deadline = time.monotonic() + 30
        return list(searching.propose(plan, since_id=None, until_id=None, limit=50, deadline=deadline).ids)
    finally:
        searching.close()


async def open_words(runtime: Runtime, word: str) -> list[int]:
    """Return the documents that say that everybody may search them for a word."""
    async with runtime.read() as reader:
        rows = await reader.scalars(
            select(SearchDocument.post_id).where(SearchDocument.is_open, SearchDocument.words.contains(f"|{word}|"))
        )
    return list(rows)


async def _a_batch(runtime: Runtime, author: Account, post: Post) -> None:
    assert await jobs._some_tasks(runtime, engine_of(runtime))


async def _an_account(runtime: Runtime, author: Account, post: Post) -> None:
    async with runtime.write() as uow:
        await ask_for_account(uow, runtime.settings, author.id, now=runtime.now())
    await _a_batch(runtime, author, post)


async def _a_rebuild(runtime: Runtime, author: Account, post: Post) -> None:
    await indexing.begin_rebuild(runtime, engine_of(runtime), "test")
    await indexing.rebuild_some(runtime, engine_of(runtime))


def ways(work: Withdrawal) -> dict[str, Withdrawal]:
    """Return the ways of withdrawing to try: all of them in one kind of work, one of each kind in the others."""
    some = ("consent", "deleted", "edited", "blocked")
    return WITHDRAWALS if work is _a_batch else {name: WITHDRAWALS[name] for name in some}


@pytest.mark.parametrize("work", [_a_batch, _an_account, _a_rebuild])
async def test_rows_105_106_what_is_withdrawn_while_it_is_indexed_is_gone(
    runtime: Runtime, work: Withdrawal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has read the post; it is withdrawn, and a second worker tries to follow at once; the first one writes
    what it had read. For each way of withdrawing, in a batch of tasks, a part of an account, a piece of a rebuild."""
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    eve = await make_account(runtime, "eve")
    await settle(runtime)
    looked = indexing.list_open_words
    for number, (name, withdrawn) in enumerate(ways(work).items()):
        word = f"secretword{number}"
        author = await make_account(runtime, f"author{number}", indexable=True)
        post = await make_post(runtime, author, word)
        await DRAINS[RELAY].service(runtime)
        happened: list[bool | None] = []
        to_do = [withdrawn]

        async def meanwhile(reader: Any, ids: Any) -> Any:
            held = await looked(reader, ids)
            if to_do and post.id in ids:  # noqa: B023  (this turn's, and used in it only)
                await to_do.pop()(runtime, author, post)  # noqa: B023
                await DRAINS[RELAY].service(runtime)
                happened.append(await jobs._some_tasks(runtime, engine_of(runtime)))  # noqa: B023
                assert await found(runtime, word, eve) == [], name  # noqa: B023
            return held

        with monkeypatch.context() as patch:
            patch.setattr(indexing, "list_open_words", meanwhile)
            await work(runtime, author, post)
        assert happened == [None], name  # the second worker had to wait: it can follow only what it sees written
        if name != "edited":  # its row still has the old words, until the next look
            assert await found(runtime, word, eve) == [], name
        await settle(runtime)
        assert await found(runtime, word, eve) == [], name
        assert await in_index(runtime, word) == await open_words(runtime, word) == [post.id] * (name in STAYS), name
        if name == "edited":
            assert await found(runtime, "something", eve) == [post.id]


@pytest.mark.parametrize("work", [_a_batch, _an_account, _a_rebuild])
async def test_row_106_what_a_killed_worker_had_written_goes_too(
    runtime: Runtime, work: Withdrawal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed when the index had the post and no row said so; then it is withdrawn: the next look finds it there."""
    eve = await make_account(runtime, "eve")
    await settle(runtime)

    async def killed(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    for number, (name, withdrawn) in enumerate(ways(work).items()):
        if name in STAYS:
            continue
        word = f"killedword{number}"
        author = await make_account(runtime, f"author{number}", indexable=True)
        post = await make_post(runtime, author, word)
        await DRAINS[RELAY].service(runtime)
        with monkeypatch.context() as patch:
            patch.setattr(indexing, "_keep", killed)
            with pytest.raises(KeyboardInterrupt):
                await work(runtime, author, post)
        await withdrawn(runtime, author, post)
        await settle(runtime)
        assert await found(runtime, word, eve) == [], name
        assert await in_index(runtime, word) == await open_words(runtime, word) == [], name


async def test_row_106_a_slice_that_is_compacted_meanwhile_brings_nothing_back(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consent ends while a slice is copied: the copy, which has the post, is never searched."""
    if engine_of(runtime).name != WHOOSH:
        return
    monkeypatch.setattr(whoosh_files, "SLICE_POSTS", 2)
    author, other = [await make_account(runtime, name, indexable=True) for name in ("author", "other")]
    post = await make_post(runtime, author, "copiedword")
    copies: list[Path] = []

    async def copied(here: Path, there: Path) -> bool:
        whoosh_writing.compact(here, there)
        if not copies:
            copies.append(there)
            await _consent_ends(runtime, author, post)
            await DRAINS[RELAY].service(runtime)
            assert await jobs._some_tasks(runtime, engine_of(runtime))
        return True

    monkeypatch.setattr(whoosh_engine, "compact_aside", copied)
    for _ in range(3):
        await make_post(runtime, other, "othersword")
    await settle(runtime)
    assert len(copies) == 1
    assert not copies[0].exists()
    assert await in_index(runtime, "copiedword") == []
    assert len(await in_index(runtime, "othersword")) == 3


async def test_a_rebuild_and_two_workers_share_turns(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody writes while another one has the turn, and nothing is lost by it."""
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    await settle(runtime)
    author = await make_account(runtime, "author", indexable=True)
    post = await make_post(runtime, author, "turnword")
    await DRAINS[RELAY].service(runtime)
    engine = engine_of(runtime)
    async with engine.turn() as is_ours:
        assert is_ours
        assert await jobs._some_tasks(runtime, engine) is None
        assert await indexing.begin_rebuild(runtime, engine, "test") is False
        assert await indexing.rebuild_some(runtime, engine) is True
        assert await in_index(runtime, "turnword") == []
    await settle(runtime)
    assert await in_index(runtime, "turnword") == [post.id]
