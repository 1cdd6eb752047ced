"""Accounts of other hosts than their handles are found

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_SQLITE = "domain <> '' AND instr(uri, '//' || domain || '/') = 0"
_POSTGRESQL = "domain <> '' AND strpos(uri, '//' || domain || '/') = 0"


def upgrade() -> None:
    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.create_index('ix_accounts_split', ['uri', 'id'], unique=False, sqlite_where=sa.text(_SQLITE), postgresql_where=sa.text(_POSTGRESQL))


def downgrade() -> None:
    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.drop_index('ix_accounts_split', sqlite_where=sa.text(_SQLITE), postgresql_where=sa.text(_POSTGRESQL))
