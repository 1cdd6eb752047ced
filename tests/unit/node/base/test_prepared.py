"""Prepared statements say what SQLAlchemy would say, and see every commit."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import (
    bindparam,
    column,
    delete,
    event,
    exists,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from node.accounts.models import Account
from node.base.db.base import UtcDateTime
from node.base.db.engine import CONNECTIONS
from node.base.db.inserts import insert_where_absent
from node.base.db.prepared import LONGEST_LIST, DirectReader, Prepared, PreparedEntities
from node.base.errors import Unavailable
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.posts.models import Like, Post
from outbox.models import Peer
from tests.support.make import make_account, make_post
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer

_ASKED = (
    select(
        Post.id,
        Post.published_at,
        Post.edited_at,
        Post.interaction_policy,
        Post.sensitive,
        literal("of ours").label("whose"),
        exists(select(Like.id).where(Like.post_id == Post.id, Like.account_id == bindparam("viewer"))).label("liked"),
        Account.username,
    )
    .join(Account, Account.id == Post.account_id)
    .where(
        Post.id.in_(bindparam("ids", expanding=True)),
        Post.visibility.in_(("public", "unlisted")),
        Post.published_at <= bindparam("now", type_=UtcDateTime()),
        Post.published_at > datetime(2001, 1, 1, tzinfo=UTC),
    )
    .order_by(Post.id)
)
_PREPARED = Prepared(_ASKED)


async def test_same_answer_as_sqlalchemy_for_lists_of_any_length(runtime: Runtime) -> None:
    """Times, JSON, truth and text come as their types have them; empty and very long lists too."""
    ann = await make_account(runtime, "ann")
    posts = [await make_post(runtime, ann, text=f"No. {number}") for number in range(5)]
    async with runtime.write() as uow:
        policy = {"quote": {"automatic": ["followers"], "manual": []}}
        changes = {"interaction_policy": policy, "edited_at": runtime.now(), "sensitive": True}
        await uow.write(update(Post).where(Post.id == posts[1].id).values(**changes))
    ids = [post.id for post in posts]
    for wanted in ([], ids[:1], ids[:3], ids, [*range(1, LONGEST_LIST + 1), *ids]):
        given = {"ids": wanted, "viewer": ann.id, "now": runtime.now() + timedelta(hours=1)}
        async with runtime.read() as reader:
            plain = (await reader.execute(_ASKED, given)).all()
            assert [tuple(row) for row in await reader.rows(_PREPARED, given)] == [tuple(row) for row in plain]
    async with runtime.read() as reader:
        row = (await reader.rows(_PREPARED, given))[1]
    assert (row.username, row.whose, row.sensitive, row.liked) == ("ann", "of ours", True, False)
    assert row.interaction_policy["quote"]["automatic"] == ["followers"]
    assert row.edited_at.tzinfo is not None


@pytest.mark.parametrize("field", [Post.id, Post.text], ids=["numbers", "text"])
@pytest.mark.parametrize("among", [True, False], ids=["in", "not in"])
async def test_an_empty_list_is_asked_for_like_any_other(runtime: Runtime, field: Any, among: bool) -> None:
    """Not by way of SQLAlchemy, which takes most of a millisecond to say that nothing is in nothing."""
    ann = await make_account(runtime, "ann")
    posts = [await make_post(runtime, ann, text=f"No. {number}") for number in range(3)]
    wanted = bindparam("wanted", expanding=True)
    prepared = Prepared(select(Post.id).where(field.in_(wanted) if among else field.not_in(wanted)).order_by(Post.id))
    given: dict[str, Any] = {"wanted": []}
    async with runtime.read() as reader:
        assert prepared.form(runtime.database.reader.dialect, given) is not None
        assert [id_ for (id_,) in await reader.rows(prepared, given)] == ([] if among else [post.id for post in posts])
        one = {"wanted": [getattr(posts[1], field.key)]}
        assert [id_ for (id_,) in await reader.rows(prepared, one)] == [
            post.id for post in posts if (post is posts[1]) == among
        ]


_ENTITIES = PreparedEntities(select(Post).where(Post.id.in_(bindparam("ids", expanding=True))).order_by(Post.id.desc()))


async def test_entities_are_those_of_sqlalchemy_and_are_written_back_only_by_a_unit_of_work(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    ids = [(await make_post(runtime, ann, text=f"No. {number}")).id for number in range(3)]
    async with runtime.read() as reader:
        plain = await reader.scalars(select(Post).where(Post.id.in_(ids)).order_by(Post.id.desc()))
        found = await reader.entities(_ENTITIES, {"ids": ids})
        assert not await reader.entities(_ENTITIES, {"ids": []})
    names = [attribute.key for attribute in inspect(Post).column_attrs]
    assert [[getattr(post, name) for name in names] for post in found] == [
        [getattr(post, name) for name in names] for post in plain
    ]
    assert inspect(found[0]).identity == (ids[2],)
    assert inspect(found[0]).detached == inspect(plain[0]).detached
    async with runtime.write() as uow:
        (mine,) = await uow.entities(_ENTITIES, {"ids": ids[:1]})
        mine.text = "Changed"
    async with runtime.read() as reader:
        (read,) = await reader.entities(_ENTITIES, {"ids": ids[:1]})
    assert read.text == "Changed"


async def test_a_view_sees_what_was_committed_since_it_was_opened(runtime: Runtime) -> None:
    """Like any other statement of a reader; and a unit of work sees what it wrote itself."""
    ann = await make_account(runtime, "ann")
    post = await make_post(runtime, ann)
    given = {"ids": [post.id], "viewer": ann.id, "now": runtime.now() + timedelta(hours=1)}
    async with runtime.read() as reader:
        assert not (await reader.rows(_PREPARED, given))[0].sensitive
        async with runtime.write() as uow:
            await uow.write(update(Post).values(sensitive=True))
            assert (await uow.rows(_PREPARED, given))[0].sensitive
            assert runtime.database.dialect != "sqlite" or not (await reader.rows(_PREPARED, given))[0].sensitive
        assert (await reader.rows(_PREPARED, given))[0].sensitive


async def test_what_is_inserted_at_once_is_a_row_like_any_other(runtime: Runtime) -> None:
    """With its defaults, changed later like one that was flushed, and left out where its key is taken."""
    ann = await make_account(runtime, "ann")

    def post(id_: int, words: str) -> Post:
        uri = f"https://local.example/{id_}"
        now = runtime.now()
        values = {"account_id": ann.id, "visibility": "public", "published_at": now, "created_at": now}
        return Post(id=id_, uri=uri, content=words, thread_id=id_, **values)

    async with runtime.write() as uow:
        made = post(1, "first")
        assert await uow.insert(made)
        assert (made.likes_count, made.emojis, made.edited_at, made.kind) == (0, [], None, "Note")
        made.emojis = [7]
        assert not await uow.insert(post(1, "second"), if_absent=True)
        assert await uow.insert(post(2, "second"), if_absent=True)
    async with runtime.read() as reader:
        rows = (await reader.execute(select(Post.id, Post.content, Post.emojis).order_by(Post.id))).all()
    assert [tuple(row) for row in rows] == [(1, "first", [7]), (2, "second", [])]


async def test_prepared_changes_count_what_they_touch_and_speak_of_taken_keys(runtime: Runtime) -> None:
    """Before anything else in their transaction, and after."""
    ann, bob = await make_account(runtime, "ann"), await make_account(runtime, "bob")
    table = Post.metadata.tables["posts"]
    hush = Prepared(update(table).where(table.c.account_id == bindparam("author")).values(sensitive=True))
    post = await make_post(runtime, ann)
    await make_post(runtime, ann)
    async with runtime.write() as uow:
        assert await uow.write(hush, {"author": ann.id}) == 2
        assert await uow.write(hush, {"author": bob.id}) == 0
        assert await uow.write(hush, {"author": ann.id}) == 2
    given = {"id": new_id(), "account_id": bob.id, "post_id": post.id, "uri": "", "created_at": runtime.now()}
    like = Prepared(insert(Like.metadata.tables["likes"]))
    async with runtime.write() as uow:
        assert await uow.write(like, given) == 1
    async with runtime.write() as uow:
        assert await uow.write(hush, {"author": bob.id}) == 0
        with pytest.raises(IntegrityError):
            await uow.write(like, given | {"id": new_id()})


async def test_many_rows_are_inserted_each_with_its_own_values(runtime: Runtime) -> None:
    """Equal values and others, times and none; a key that is taken takes all of them back."""
    ann, now = await make_account(runtime, "ann"), runtime.now()
    later = now + timedelta(minutes=5)
    rows = [
        {
            "host": f"h{number}.test",
            "created_at": now,
            "last_seen_at": seen,
            "failure_days": number,
            "last_error": "é" * n,
        }
        for n, seen in enumerate((None, now, later))
        for number in range(n * 100, n * 100 + 100)
    ]
    async with runtime.write() as uow:
        await insert_where_absent(uow, Peer, rows)
        await insert_where_absent(uow, Peer, [*rows, rows[0] | {"host": "one.more.test"}])
        await insert_where_absent(uow, Peer, [])
    async with runtime.read() as reader:
        found = {row.host: row for row in await reader.scalars(select(Peer))}
    assert found.keys() == {row["host"] for row in rows} | {"one.more.test"}
    for row in rows:
        assert {name: getattr(found[row["host"]], name) for name in row} == row
    post = await make_post(runtime, ann)
    likes = [{"id": new_id(), "account_id": ann.id, "post_id": post.id, "uri": "", "created_at": now} for _ in range(2)]
    with pytest.raises(IntegrityError):
        async with runtime.write() as uow:
            await uow.write_all(Prepared(insert(Like.metadata.tables["likes"])), likes)
    async with runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(Like)) == 0


async def test_who_listens_to_the_engine_hears_of_prepared_statements(runtime: Runtime) -> None:
    """The tests of plans stand on it."""
    engine, heard = runtime.database.reader.sync_engine, []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    async with runtime.read() as reader:
        await reader.rows(_PREPARED, {"ids": [1], "viewer": 1, "now": runtime.now()})
    event.remove(engine, "before_cursor_execute", note)
    assert len(heard) == 1
    assert "published_at" in heard[0]


async def test_a_database_that_fails_is_unavailable(redis_server: RedisServer) -> None:
    """As with any other statement, and the next one works again."""
    async with open_node(redis_server) as runtime:
        given = {"ids": [1], "viewer": 1, "now": runtime.now()}
        direct = runtime.database.direct
        if not isinstance(direct, DirectReader):
            pytest.skip("how SQLite is made to fail")
        async with runtime.read() as reader:
            await reader.rows(_PREPARED, given)
        assert direct._raw is not None
        direct._raw.set_progress_handler(lambda: 1, 1)  # every statement is interrupted
        with pytest.raises(Unavailable):
            async with runtime.read() as reader:
                await reader.rows(_PREPARED, given)
        direct._raw.set_progress_handler(None, 0)
        async with runtime.read() as reader:
            assert await reader.rows(_PREPARED, given) == []


_ENDS = Prepared(select(func.pg_terminate_backend(func.pg_backend_pid())))


async def _delete_and_be_ended(runtime: Runtime) -> None:
    async with runtime.write() as uow:
        await uow.write(Prepared(delete(Post.metadata.tables["posts"])), {})
        await uow.rows(_ENDS)


async def test_connections_that_postgresql_ends_are_replaced(
    redis_server: RedisServer, new_postgres_url: Callable[[], str]
) -> None:
    """Those at hand unnoticed; one in the midst of a statement after one more try; a transaction is lost."""
    async with open_node(redis_server, database_url=new_postgres_url()) as runtime:
        ann = await make_account(runtime, "ann")
        post = await make_post(runtime, ann)
        given = {"ids": [post.id], "viewer": 1, "now": runtime.now()}
        for _ in range(2):
            async with runtime.read() as one, runtime.read() as two:
                assert len(await one.rows(_PREPARED, given)) == len(await two.rows(_PREPARED, given)) == 1
                await asyncio.gather(*(reader.rows(_PREPARED, given) for reader in (one, two) * 5))
            async with runtime.write() as uow:
                others = select(func.pg_terminate_backend(column("pid"))).select_from(table("pg_stat_activity"))
                mine = column("pid") != func.pg_backend_pid()
                await uow.execute(others.where(column("datname") == func.current_database(), mine))
        with pytest.raises(Unavailable):
            async with runtime.read() as reader:
                await reader.rows(_ENDS)
        with pytest.raises(Unavailable):
            await _delete_and_be_ended(runtime)
        async with runtime.read() as reader:
            assert len(await reader.rows(_PREPARED, given)) == 1


async def test_tables_that_change_below_prepared_statements(
    redis_server: RedisServer, new_postgres_url: Callable[[], str]
) -> None:
    """A migration beside a running node: what was prepared for a column's old type is prepared anew."""
    async with open_node(redis_server, database_url=new_postgres_url()) as runtime:
        await make_post(runtime, await make_account(runtime, "ann"), text="Rooks")
        titles = Prepared(select(Post.title))
        async with runtime.read() as reader:
            assert [row.title for row in await reader.rows(titles)] == [""]
        async with runtime.write() as uow:
            await uow.execute(text("ALTER TABLE posts ALTER COLUMN title TYPE varchar(77)"))
        with suppress(DBAPIError):
            async with runtime.read() as reader:
                await reader.rows(titles)
        async with runtime.read() as reader:
            assert [row.title for row in await reader.rows(titles)] == [""]
        async with runtime.write() as uow:
            await uow.execute(text("ALTER TABLE posts ALTER COLUMN title TYPE varchar"))


async def test_statements_at_once_take_no_more_connections_than_the_pool_has(
    redis_server: RedisServer, new_postgres_url: Callable[[], str]
) -> None:
    """What is over waits, and none is lost to the pool."""
    async with open_node(redis_server, database_url=new_postgres_url()) as runtime:
        given = {"ids": [1], "viewer": 1, "now": runtime.now()}

        async def ask() -> None:
            async with runtime.read() as reader:
                await reader.rows(_PREPARED, given)

        for _ in range(3):
            await asyncio.gather(*(ask() for _ in range(50)))
        asking = asyncio.create_task(ask())
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await ask()
        pool: Any = runtime.database.writer.sync_engine.pool
        assert pool.checkedin() + pool.checkedout() <= CONNECTIONS
        await runtime.database.direct.close()
        assert pool.checkedout() == 0
