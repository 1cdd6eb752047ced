"""Use cases: write down that a post, or everything of an account, is to be indexed anew.

Called by the effects of events, in their transaction (row first), and harmless to repeat: the drain reads what the
post is then. Nothing is written where search is off.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite

from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.settings import Settings
from node.search.models import SearchTask


def is_on(settings: Settings) -> bool:
    """Whether posts are searched at all."""
    return settings.search_engine != "off"


async def ask_for_posts(
    uow: UnitOfWork,
    settings: Settings,
    post_ids: Iterable[int],
    *,
    wait: timedelta = timedelta(),
    now: datetime,
) -> bool:
    """Have the documents of these posts made anew, after that `wait` or sooner; say whether anything was written."""
    rows = [
        {"id": new_id(), "subject": f"post:{post_id}", "post_id": post_id, "account_id": None, **_fresh(now + wait)}
        for post_id in dict.fromkeys(post_ids)
    ]
    return await _ask(uow, settings, rows)


async def ask_for_account(uow: UnitOfWork, settings: Settings, account_id: int, *, now: datetime) -> bool:
    """Have all posts of an account looked at again: it allows search now, or no more, or is gone, or is back."""
    row = {"id": new_id(), "subject": f"account:{account_id}", "post_id": None, "account_id": account_id, **_fresh(now)}
    return await _ask(uow, settings, [row])


def _fresh(due_at: datetime) -> dict[str, Any]:
    return {"after_id": 0, "version": 0, "due_at": due_at, "attempts": 0}


async def _ask(uow: UnitOfWork, settings: Settings, rows: list[dict[str, Any]]) -> bool:
    if not is_on(settings) or not rows:
        return False
    await uow.flush()
    for row in rows:
        await uow.write(_statement(uow.dialect), row)
    return True


@lru_cache(maxsize=4)
def _statement(dialect: str) -> Prepared:
    table = SearchTask.metadata.tables[SearchTask.__tablename__]
    insert: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    # An account begins again from its first post: what changed concerns all of them.
    sooner = case((insert.excluded.due_at < table.c.due_at, insert.excluded.due_at), else_=table.c.due_at)
    # That one was begun is remembered: it may have reached the engine.
    attempts = case((table.c.attempts > 0, 1), else_=0)
    again = {"version": table.c.version + 1, "after_id": 0, "due_at": sooner, "attempts": attempts}
    return Prepared(insert.on_conflict_do_update(index_elements=[table.c.subject], set_=again))
