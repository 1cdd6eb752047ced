"""Run by Alembic for each command. Connection and metadata come from the caller (`admin/migrate.py`)."""

import json
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy import JSON, DefaultClause
from sqlalchemy.dialects.postgresql import JSONB

from node.base.db.base import UtcDateTime


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Spell our own column types by the plain type behind them: a revision must not change with the code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON) and not isinstance(item, JSONB):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def fill_existing_rows(_: Any, __: Any, directives: list[ops.MigrationScript]) -> None:
    """Give a new column that may not be NULL the model's default in SQL too: the rows that are there need a value."""
    for script in directives:
        for upgrade in script.upgrade_ops_list:
            for table in upgrade.ops:
                for op in table.ops if isinstance(table, ops.ModifyTableOps) else ():
                    if isinstance(op, ops.AddColumnOp) and not op.column.nullable and op.column.server_default is None:
                        op.column.server_default = DefaultClause(_spelled(op.column.default))


def _spelled(default: Any) -> str:
    value = default.arg(None) if default.is_callable else default.arg
    if isinstance(value, bool):
        return str(int(value))  # '0' is a boolean to both databases, quoted as it is
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_item=render_item,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
    process_revision_directives=fill_existing_rows,
)
with context.begin_transaction():
    context.run_migrations()
