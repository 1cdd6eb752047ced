"""What every engine does alike: one suite over both. An engine proposes too much at worst, never too little."""

import asyncio
import random
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect as PG

from node.base.ids import id_at
from node.base.runtime import Runtime
from node.search import whoosh_reading
from node.search.choosing import engine_of
from node.search.documents import Document, Source, document_of
from node.search.engines import Engine
from node.search.language import parse
from node.search.matching import Row, matches
from node.search.models import SearchDocument
from node.search.planning import make_plan
from node.search.postgresql import matching
from node.search.rules import WAITING_SEARCHES
from node.search.service import search_posts
from tests.support.make import make_account, make_post
from tests.support.plans import explaining

NOW = datetime(2026, 11, 21, tzinfo=UTC)

QUERIES = [
    "apple", "apples", "apple pear", "apple OR pear", "apple -pear", '"apple pear"', "-is:reply apple", "app*", "zz*",
    "apple -app*", '-"apple pear" apple', "(apple OR plum) -(pear fig)", "from:ann apple", "-from:ann plum",
    "tag:fruit",
    "#fruit pear", "東京", "京都 apple", "o'neill", "it's", r"back\slash", "has:image", "has:image -apple",
    "fig plum pear", "fig plum pear apple -is:reply",
    "since:2020 fig", "before:2020 fig", "lang:en fig", "nothing", "min_likes:1 fig", "min_likes:0",
    "fig OR min_likes:0",
    "-min_likes:1 fig", "plum OR nothing", "😀", "%", "a_b", "apple NOT (min_likes:1)",
]  # fmt: skip


def plan_of(query: str, author: int = 7) -> object:
    tree = parse(query, now=NOW)
    assert tree is not None
    return make_plan(tree, names={"ann": author}, languages=("en",))


def corpus(author: int, ids: Iterable[int]) -> list[Document]:
    """Return posts of a few words, so that every query finds some and misses some."""
    dice = random.Random(11)
    words = ["apple", "apples", "pear", "plum", "fig", "#fruit", "東京都", "京都", "O'Neill", "it's", r"back\slash",
             "appetite", "😀", "100%", "a_b"]  # fmt: skip
    made = []
    for id_ in ids:
        text = " ".join(dice.choices(words, k=dice.randint(1, 6)))
        tags = ["fruit"] if "#fruit" in text else []
        media = [("image", "")] if dice.random() < 0.3 else []
        who = author if dice.random() < 0.5 else author + 1
        made.append(
            document_of(
                Source(post_id=id_, author_id=who, content=f"<p>{text}</p>", language="en", hashtags=tags, media=media)
            )
        )
    return made


async def put(runtime: Runtime, engine: Engine, documents: list[Document], gone: Iterable[int] = ()) -> None:
    """Write documents the way the drain does."""
    await engine.write(documents, gone=list(gone))
    async with runtime.write() as uow:
        await engine.store(uow, documents)


async def test_what_is_proposed_holds_every_match(runtime: Runtime) -> None:
    """Both engines, every form of query: nothing that matches is missed, newest first, within the bounds asked for."""
    ann = await make_account(runtime, "ann")
    ids = [(await make_post(runtime, ann, f"number {number}")).id for number in range(4)]
    ids += [id_at(datetime(2019, 1, 1 + number, tzinfo=UTC)) for number in range(20)]
    documents = corpus(ann.id, ids)
    async with runtime.write() as uow:
        await uow.execute(insert_posts(ids[4:], ann.id))
        for document in documents:
            uow.add(
                SearchDocument(
                    post_id=document.post_id, account_id=document.author_id, is_open=True, words=document.words
                )
            )
    engine = engine_of(runtime)
    await engine.begin_rebuild()
    await engine.end_rebuild()
    await put(runtime, engine, documents)
    for query in QUERIES:
        plan = plan_of(query, ann.id)
        if plan is None:
            continue
        for step in (plan.alike, plan.most):
            if step is not None:
                loose = replace(plan, step=step)
                wanted = {one.post_id for one in documents if matches(step, Row(post_id=one.post_id, words=one.words))}
                some = await engine.propose(loose, since_id=None, until_id=None, limit=100, seconds=30)
                assert wanted <= set(some.ids), query
        wanted = {one.post_id for one in documents if matches(plan.step, Row(post_id=one.post_id, words=one.words))}
        found = await engine.propose(plan, since_id=None, until_id=None, limit=100, seconds=30)
        assert wanted <= set(found.ids), query
        assert list(found.ids) == sorted(found.ids, reverse=True), query
        assert found.is_all
        if '"' not in query and "-" not in query and "min_" not in query and "*" not in query and "NOT" not in query:
            span = {one for one in found.ids if matches(plan.step, Row(post_id=one, words=words_of(documents, one)))}
            assert span >= wanted
    everything = plan_of("fig OR -fig", ann.id)
    all_of = sorted(ids, reverse=True)
    first = await engine.propose(everything, since_id=None, until_id=None, limit=5, seconds=30)
    assert (list(first.ids), first.is_all) == (all_of[:5], False)
    rest = await engine.propose(everything, since_id=all_of[9], until_id=all_of[4], limit=50, seconds=30)
    assert list(rest.ids) == all_of[5:10]
    # Written again they stand there once, with the new words; taken out, they are gone.
    changed = document_of(Source(post_id=ids[0], author_id=ann.id, content="quince"))
    async with runtime.write() as uow:
        row = await uow.scalar(SearchDocument.__table__.select().where(SearchDocument.post_id == ids[0]))
        assert row is not None
    await put(runtime, engine, [changed, changed])
    quince = await engine.propose(plan_of("quince"), since_id=None, until_id=None, limit=9, seconds=30)
    assert quince.ids == (ids[0],)
    assert (await engine.status()).documents == len(ids)
    if engine.name == "whoosh":
        await put(runtime, engine, [], gone=ids[:3])
        assert (await engine.status()).documents == len(ids) - 3


def words_of(documents: list[Document], post_id: int) -> str:
    return next(one.words for one in documents if one.post_id == post_id)


def insert_posts(ids: list[int], account_id: int) -> object:
    """Return the INSERT of bare posts with these ids."""
    from node.posts.models import Post

    return insert(Post).values(
        [
            {
                "id": id_,
                "uri": f"https://far.test/{id_}",
                "account_id": account_id,
                "visibility": "public",
                "thread_id": id_,
                "published_at": NOW,
                "created_at": NOW,
            }
            for id_ in ids
        ]
    )


async def test_row_105_no_time_is_no_answer(runtime: Runtime) -> None:
    """Row 105: a search whose time is over is cut off, or refused in words, by either engine."""
    from node.search.engines import EngineAway

    engine = engine_of(runtime)
    await engine.begin_rebuild()
    await engine.end_rebuild()
    plan = plan_of("apple")
    documents = corpus(1, range(1, 4))
    if engine.name == "whoosh":
        await put(runtime, engine, documents)
        found = await engine.propose(plan, since_id=None, until_id=None, limit=5, seconds=-1)
        assert (found.ids, found.is_all, found.is_cut_off) == ((), False, True)
    else:
        try:
            await engine.propose(plan, since_id=None, until_id=None, limit=5, seconds=30)
        except EngineAway as error:
            raise AssertionError("an empty table answers in time") from error


async def test_row_105_too_many_searches_at_once_are_told_so(runtime: Runtime) -> None:
    """Row 105: an index that everybody asks at once answers some and refuses the rest in words, and harms nobody."""
    engine = engine_of(runtime)
    if engine.name != "whoosh":
        return
    await engine.begin_rebuild()
    await engine.end_rebuild()
    held = threading.Event()
    engine._thread.submit(held.wait, 30)  # type: ignore[attr-defined]
    try:
        searches = [
            asyncio.create_task(search_posts(runtime, f"apple{number}", viewer_id=None))
            for number in range(WAITING_SEARCHES + 3)
        ]
        await asyncio.wait(searches, return_when=asyncio.FIRST_COMPLETED)
    finally:
        held.set()
    answers = await asyncio.gather(*searches)
    away = [answer for answer in answers if answer.explanation.is_away]
    assert len(away) == 3
    assert "again" in away[0].explanation.sentences[-1]


async def test_row_105_a_beginning_of_too_many_words_says_so(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 105: `a*` stands for so many words at most; the answer says that there may be more."""
    engine = engine_of(runtime)
    await engine.begin_rebuild()
    await engine.end_rebuild()
    if engine.name != "whoosh":
        return  # reads its list of words without counting, and is cut off by time
    await put(runtime, engine, corpus(1, range(1, 30)))
    plan = plan_of("ap*")
    assert not (await engine.propose(plan, since_id=None, until_id=None, limit=50, seconds=30)).is_cut_off
    monkeypatch.setattr(whoosh_reading, "MAX_EXPANSIONS", 1)
    assert (await engine.propose(plan, since_id=None, until_id=None, limit=50, seconds=30)).is_cut_off


async def test_postgresql_asks_its_index(runtime: Runtime) -> None:
    """A condition that only says the same as the index's would have every search read the whole table."""
    if engine_of(runtime).name != "postgresql":
        return
    asked = f"{matching(None).compile(dialect=PG())} AND tokens @@ 'apple'::tsquery"
    async with explaining(runtime) as connection:
        plan = await connection.execute(text(f"EXPLAIN {asked}"))
        assert "ix_search_documents_tokens" in "".join(row[0] for row in plan)
