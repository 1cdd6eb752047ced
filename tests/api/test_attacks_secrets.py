"""What must not stand in a log or outlive its reason (attack rows 95, 99, 113)."""

import io
import logging

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from admin.logs import configure_logging
from node.auth.queries import find_link
from node.auth.rules import login_key
from node.auth.service import change_password, create_link, revoke_access
from node.base.db.engine import open_database
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from tests.support.make import make_account

SECRET = "nobody may read this"


async def test_row_113_a_failed_statement_is_logged_without_its_values(runtime: Runtime) -> None:
    """A statement's values are posts, mails and hashes."""
    with pytest.raises((DBAPIError, Unavailable)) as caught:
        async with runtime.write() as uow:
            await uow.execute(text("INSERT INTO no_such_table VALUES (:words)"), {"words": SECRET})
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        configure_logging(runtime.settings, stream=stream)
        structlog.get_logger("x").error("request_failed", exc_info=caught.value)
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        structlog.reset_defaults()
    assert "no_such_table" in stream.getvalue()
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:///x", "postgresql+asyncpg://x@127.0.0.1:1/x"])
async def test_row_113_both_databases_keep_values_to_themselves(url: str) -> None:
    database = open_database(url)
    assert database.writer.sync_engine.hide_parameters
    assert database.reader.sync_engine.hide_parameters
    await database.close()


@pytest.mark.parametrize("spelling", ["bob", "@bob", " BOB ", "Bob"])
def test_row_99_spellings_of_one_name_share_one_limit(spelling: str) -> None:
    """Else every spelling that sign-in takes would be another ten guesses."""
    assert login_key(spelling) == login_key("bob")


def test_row_99_letters_that_fold_to_others_share_it_as_well() -> None:
    assert login_key("\u017fam\u212a") == login_key("samk")
    assert login_key("@a@example.com") != login_key("a")


async def test_row_95_a_new_password_ends_the_links_that_would_set_another(runtime: Runtime) -> None:
    """Whoever still has an older mail has nothing."""
    bob, carol = await make_account(runtime, "bob"), await make_account(runtime, "carol")
    now = runtime.now()
    async with runtime.write() as uow:
        first = await create_link(uow, "reset", account_id=bob.id, now=now)
        second = await create_link(uow, "reset", account_id=bob.id, now=now)
        others = await create_link(uow, "reset", account_id=carol.id, now=now)
    async with runtime.write() as uow:
        await change_password(uow, runtime.settings, bob.id, "another horse battery", now=now)
    async with runtime.read() as reader:
        assert await find_link(reader, first, "reset", now) is None
        assert await find_link(reader, second, "reset", now) is None
        assert await find_link(reader, others, "reset", now) is not None
    async with runtime.write() as uow:
        await revoke_access(uow, carol.id, now=now)
    async with runtime.read() as reader:
        assert await find_link(reader, others, "reset", now) is None
