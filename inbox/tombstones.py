"""The memory of what must not take effect any more, whichever order things arrive in (INB-9, row 115).

A Delete buries the id of its object, an Undo the id of what it undoes, each for its own actor only. Create,
Update, Follow, Like, Announce and Block ask here before they take effect, in the same transaction.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from inbox.models import ReceivedActivity, Tombstone
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader, UnitOfWork

DELETED_LIFE: Final = timedelta(days=30)
UNDONE_LIFE: Final = timedelta(hours=6)

_BURIED = Prepared(
    select(Tombstone.uri).where(
        Tombstone.uri == bindparam("uri"),
        Tombstone.actor_uri == bindparam("actor_uri"),
        Tombstone.expires_at > bindparam("now"),
    )
)


async def bury(uow: UnitOfWork, uri: str, *, actor_uri: str, now: datetime, life: timedelta) -> None:
    """Remember that `actor_uri` took `uri` back; a later burial only prolongs an earlier one."""
    dialect = postgresql if uow.dialect == "postgresql" else sqlite
    statement = dialect.insert(Tombstone).values(uri=uri, actor_uri=actor_uri, expires_at=now + life)
    await uow.write(
        statement.on_conflict_do_update(
            index_elements=["uri", "actor_uri"],
            set_={"expires_at": statement.excluded.expires_at},
            where=Tombstone.expires_at < statement.excluded.expires_at,
        )
    )


async def is_buried(reader: Reader, uri: str | None, *, actor_uri: str, now: datetime) -> bool:
    """Say whether this actor took `uri` back before. An activity without an id never was."""
    if uri is None:
        return False
    return bool(await reader.rows(_BURIED, {"uri": uri, "actor_uri": actor_uri, "now": now}))


async def let_follow_again(uow: UnitOfWork, uri: str, *, actor_uri: str) -> None:
    """Let a Follow that was ended arrive anew: Misskey and Takahē have one id for all follows between two people."""
    await uow.write(
        delete(ReceivedActivity).where(
            ReceivedActivity.signer_uri == actor_uri,
            ReceivedActivity.activity_uri == uri,
            ReceivedActivity.kind == "Follow",
            ReceivedActivity.done_at.is_not(None),
        )
    )


async def let_undo_again(uow: UnitOfWork, uri: str, *, actor_uri: str) -> None:
    """Let what undid an earlier Follow of this id arrive anew, since the id of an Undo often follows from it."""
    await uow.write(
        delete(ReceivedActivity).where(
            ReceivedActivity.signer_uri == actor_uri,
            ReceivedActivity.object_uri == uri,
            ReceivedActivity.kind == "Undo",
            ReceivedActivity.done_at.is_not(None),
        )
    )
