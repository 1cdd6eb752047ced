"""Who wants to be found: the rule behind every list of strangers, and the SELECT of the directory."""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, select

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
        # Newest first by the index of domains and ids, else as the partial index spells it.
        is_ours = Account.domain == literal_column("''")
        statement = statement.where(is_ours if newest else is_ours.is_(True))
    if viewer_id is not None:
        other = Account.id.expression
        statement = statement.where(~block_between(viewer_id, other), ~blocks_domain_of(viewer_id, other))
    if newest:
        return list(await reader.scalars(statement.order_by(Account.id.desc()).limit(limit).offset(offset)))
    # Whoever posted comes before whoever never did: each a walk over the index, which as one would be a sort of all.
    statement = statement.order_by(Account.last_post_at.desc(), Account.id.desc())
    posted = statement.where(Account.last_post_at.is_not(None))
    found = list(await reader.scalars(posted.limit(limit).offset(offset)))
    if len(found) < limit:
        passed = offset + len(found)
        if offset and not found:
            among = posted.with_only_columns(Account.id).limit(offset).subquery()
            passed = await reader.scalar(select(func.count()).select_from(among)) or 0
        silent = statement.where(Account.last_post_at.is_(None))
        found += await reader.scalars(silent.limit(limit - len(found)).offset(max(offset - passed, 0)))
    return found
