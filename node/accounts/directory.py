"""Who wants to be found: the rule behind every list of strangers, and the SELECT of the directory."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.relations import block_between, blocks_domain_of
from node.base.db.unit_of_work import Reader
from node.uris import INSTANCE_ACTOR_ID


def is_findable(account: Any = Account) -> ColumnElement[bool]:
    """SQL: somebody who wants to be found by people who do not know them (FEP-2), and may be shown to them."""
    return and_(
        account.discoverable.is_(True),
        is_present(account),
        account.waiting.is_(False),
        account.silenced_at.is_(None),
        account.moved_to_uri == "",
        account.id != INSTANCE_ACTOR_ID,
    )


async def list_directory(
    reader: Reader, *, newest: bool, local: bool, viewer_id: int | None, limit: int, offset: int
) -> list[Account]:
    """Return discoverable people, those who posted last first, or with `newest` those whom we know the shortest.

    Whom the viewer blocks, or who blocks the viewer, is left out, and nobody who has moved away is listed.
    """
    statement = select(Account).where(is_findable())
    if local:
        statement = statement.where(Account.domain == "")
    if viewer_id is not None:
        other = Account.id.expression
        statement = statement.where(~block_between(viewer_id, other), ~blocks_domain_of(viewer_id, other))
    order: list[ColumnElement[Any]] = [Account.id.desc()]
    if not newest:
        order.insert(0, Account.last_post_at.desc().nulls_last())
    return list(await reader.scalars(statement.order_by(*order).limit(limit).offset(offset)))
