"""Use cases of filters: make, change, remove; their keywords and the posts they name.

Every change gives the owner a new `filters_version`, so that no process goes on with what it compiled before, and
records `FiltersChanged`, so that their open apps ask anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update

from node.auth.models import User
from node.base.db.inserts import insert_if_absent
from node.base.db.locks import lock_use
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid, NotFound
from node.base.ids import new_id
from node.events import FiltersChanged
from node.filters.models import Filter, FilterKeyword, FilterStatus
from node.filters.queries import (
    count_filters,
    count_keywords,
    count_statuses,
    find_filter,
    find_named_post,
    list_keywords,
)
from node.filters.rules import (
    ACTIONS,
    CONTEXTS,
    MAX_FILTERS,
    MAX_KEYWORD,
    MAX_KEYWORDS,
    MAX_STATUSES,
    MAX_TITLE,
    fold,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordChange:
    """A keyword to add (`id` None), to change, or to remove. None leaves a part as it is."""

    id: int | None = None
    keyword: str | None = None
    whole_word: bool | None = None
    remove: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterChange:
    """What of a filter is to be otherwise; None leaves a part as it is. `expires_at` counts if `sets_expiry`."""

    title: str | None = None
    context: Sequence[str] | None = None
    action: str | None = None
    sets_expiry: bool = False
    expires_at: datetime | None = None
    keywords: Sequence[KeywordChange] = ()


async def create_filter(uow: UnitOfWork, account_id: int, change: FilterChange, *, now: datetime) -> Filter:
    """Make a filter. Raises Invalid, NotFound."""
    await _begin(uow, account_id)
    if await count_filters(uow, account_id) >= MAX_FILTERS:
        raise Invalid(f"You can have {MAX_FILTERS} filters. Remove another one first.")
    row = Filter(
        id=new_id(),
        account_id=account_id,
        title=_title(change.title or ""),
        context=_context(change.context or ()),
        action=_action(change.action or "warn"),
        expires_at=change.expires_at,
        created_at=now,
    )
    uow.add(row)
    await uow.flush()
    await _change_keywords(uow, row, change.keywords)
    await _changed(uow, account_id)
    return row


async def change_filter(uow: UnitOfWork, account_id: int, filter_id: int, change: FilterChange) -> Filter:
    """Change a filter and its keywords in one go. Raises Invalid, NotFound."""
    await _begin(uow, account_id)
    row = await _own(uow, account_id, filter_id)
    if change.title is not None:
        row.title = _title(change.title)
    if change.context is not None:
        row.context = _context(change.context)
    if change.action is not None:
        row.action = _action(change.action)
    if change.sets_expiry:
        row.expires_at = change.expires_at
    await _change_keywords(uow, row, change.keywords)
    await _changed(uow, account_id)
    return row


async def remove_filter(uow: UnitOfWork, account_id: int, filter_id: int) -> None:
    """Remove a filter with all that is in it. Raises NotFound."""
    await _begin(uow, account_id)
    row = await _own(uow, account_id, filter_id)
    await uow.write(delete(Filter).where(Filter.id == row.id).execution_options(synchronize_session=False))
    await _changed(uow, account_id)


async def add_keyword(
    uow: UnitOfWork, account_id: int, filter_id: int, keyword: str, *, whole_word: bool = True
) -> FilterKeyword:
    """Let a filter look for one more word. Raises Invalid, NotFound."""
    await _begin(uow, account_id)
    row = await _own(uow, account_id, filter_id)
    await _check_room(uow, account_id, 1)
    added = _add_keyword(uow, row, keyword, whole_word)
    await _changed(uow, account_id)
    return added


async def change_keyword(
    uow: UnitOfWork, account_id: int, row: FilterKeyword, *, keyword: str | None, whole_word: bool | None
) -> FilterKeyword:
    """Change a keyword, found for its owner by `find_keyword`. Raises Invalid."""
    await _begin(uow, account_id)
    if keyword is not None:
        row.keyword = _keyword(keyword)
    if whole_word is not None:
        row.whole_word = whole_word
    await uow.flush()
    await _changed(uow, account_id)
    return row


async def remove_keyword(uow: UnitOfWork, account_id: int, row: FilterKeyword, *, with_empty: bool = False) -> None:
    """Let a filter look for a word no longer. `with_empty`: the filter goes too if it was its last."""
    await _begin(uow, account_id)
    await uow.write(
        delete(FilterKeyword).where(FilterKeyword.id == row.id).execution_options(synchronize_session=False)
    )
    if with_empty and not (await list_keywords(uow, [row.filter_id]))[row.filter_id]:
        await uow.write(delete(Filter).where(Filter.id == row.filter_id).execution_options(synchronize_session=False))
    await _changed(uow, account_id)


async def add_status(uow: UnitOfWork, account_id: int, filter_id: int, post_id: int) -> FilterStatus:
    """Let a filter name a post, which the caller has seen that its owner may see. Raises Invalid, NotFound."""
    await _begin(uow, account_id)
    row = await _own(uow, account_id, filter_id)
    known = await find_named_post(uow, row.id, post_id)
    if known is not None:
        return known
    if await count_statuses(uow, account_id) >= MAX_STATUSES:
        raise Invalid(f"Your filters can name {MAX_STATUSES} posts. Remove some first.")
    await insert_if_absent(uow, FilterStatus, {"id": new_id(), "filter_id": row.id, "post_id": post_id})
    added = await find_named_post(uow, row.id, post_id)
    assert added is not None
    await _changed(uow, account_id)
    return added


async def remove_status(uow: UnitOfWork, account_id: int, row: FilterStatus) -> None:
    """Let a filter name a post no longer."""
    await _begin(uow, account_id)
    await uow.write(delete(FilterStatus).where(FilterStatus.id == row.id).execution_options(synchronize_session=False))
    await _changed(uow, account_id)


async def forget_filters(uow: UnitOfWork, account_id: int) -> None:
    """Remove all filters of somebody who is gone."""
    await uow.write(delete(Filter).where(Filter.account_id == account_id).execution_options(synchronize_session=False))


async def _begin(uow: UnitOfWork, account_id: int) -> None:
    await lock_use(uow, f"filters:{account_id}")  # what is counted stays counted


async def _own(uow: UnitOfWork, account_id: int, filter_id: int) -> Filter:
    found = await find_filter(uow, filter_id, account_id)
    if found is None:
        raise NotFound()
    return found


async def _changed(uow: UnitOfWork, account_id: int) -> None:
    await uow.flush()
    version = new_id() if await count_filters(uow, account_id) else 0
    await uow.write(
        update(User)
        .where(User.account_id == account_id)
        .values(filters_version=version)
        .execution_options(synchronize_session=False)
    )
    await uow.record(FiltersChanged(account_id))


async def _change_keywords(uow: UnitOfWork, row: Filter, changes: Sequence[KeywordChange]) -> None:
    if not changes:
        return
    known = {keyword.id: keyword for keyword in (await list_keywords(uow, [row.id]))[row.id]}
    added = [change for change in changes if change.id is None and not change.remove]
    if added:
        await _check_room(uow, row.account_id, len(added))
    for change in added:
        _add_keyword(uow, row, change.keyword or "", change.whole_word is not False)
    for change in changes:
        if change.id is None:
            continue
        keyword = known.get(change.id)
        if keyword is None:
            raise NotFound()
        if change.remove:
            await uow.write(
                delete(FilterKeyword).where(FilterKeyword.id == keyword.id).execution_options(synchronize_session=False)
            )
            continue
        if change.keyword is not None:
            keyword.keyword = _keyword(change.keyword)
        if change.whole_word is not None:
            keyword.whole_word = change.whole_word
    await uow.flush()


async def _check_room(uow: UnitOfWork, account_id: int, more: int) -> None:
    if await count_keywords(uow, account_id) + more > MAX_KEYWORDS:
        raise Invalid(f"Your filters can have {MAX_KEYWORDS} keywords in all. Remove some first.")


def _add_keyword(uow: UnitOfWork, row: Filter, text: str, whole_word: bool) -> FilterKeyword:
    keyword = FilterKeyword(id=new_id(), filter_id=row.id, keyword=_keyword(text), whole_word=whole_word)
    uow.add(keyword)
    return keyword


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise Invalid(fields={"title": ["Title can't be blank"]})
    if len(title) > MAX_TITLE:
        raise Invalid(fields={"title": [f"Title is too long (maximum is {MAX_TITLE} characters)"]})
    return title


def _context(words: Sequence[str]) -> list[str]:
    if not words or any(word not in CONTEXTS for word in words):
        raise Invalid(fields={"context": ["Context None or invalid context supplied"]})
    return [word for word in CONTEXTS if word in words]


def _action(word: str) -> str:
    if word not in ACTIONS:
        raise Invalid(fields={"filter_action": ["Filter action is not included in the list"]})
    return word


def _keyword(text: str) -> str:
    keyword = " ".join(text.split())
    if not fold(keyword):
        raise Invalid(fields={"keyword": ["Keyword can't be blank"]})
    if len(keyword) > MAX_KEYWORD:
        raise Invalid(fields={"keyword": [f"Keyword is too long (maximum is {MAX_KEYWORD} characters)"]})
    return keyword
