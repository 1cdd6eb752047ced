"""INSERT that minds conflicts, in the dialect of the session: the one statement that the two databases spell apart."""

from sqlalchemy.dialects import postgresql, sqlite

from node.base.db.base import Base
from node.base.db.unit_of_work import UnitOfWork


def insert_into(uow: UnitOfWork, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT into `table` that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return postgresql.insert(table) if uow.dialect == "postgresql" else sqlite.insert(table)
