"""The directory by who posted last

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_accounts_discoverable'), sqlite_where=sa.text('discoverable IS 1'), postgresql_where=sa.text('discoverable IS true'))
        batch_op.create_index('ix_accounts_discoverable', ['last_post_at', 'id'], unique=False, sqlite_where=sa.text('discoverable IS 1'), postgresql_where=sa.text('discoverable IS true'))
        batch_op.create_index('ix_accounts_discoverable_here', ['last_post_at', 'id'], unique=False, sqlite_where=sa.text("discoverable IS 1 AND (domain = '') IS 1"), postgresql_where=sa.text("discoverable IS true AND (domain = '') IS true"))


def downgrade() -> None:
    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.drop_index('ix_accounts_discoverable_here', sqlite_where=sa.text("discoverable IS 1 AND (domain = '') IS 1"), postgresql_where=sa.text("discoverable IS true AND (domain = '') IS true"))
        batch_op.drop_index('ix_accounts_discoverable', sqlite_where=sa.text('discoverable IS 1'), postgresql_where=sa.text('discoverable IS true'))
        batch_op.create_index(batch_op.f('ix_accounts_discoverable'), ['last_post_at'], unique=False, sqlite_where=sa.text('discoverable IS 1'), postgresql_where=sa.text('discoverable IS true'))
