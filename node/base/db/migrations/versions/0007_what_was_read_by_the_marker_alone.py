"""What was read, by the marker alone

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO markers (account_id, timeline, last_read_id, version, updated_at)"
        " SELECT account_id, 'notifications', max(id), 1, max(read_at) FROM notifications"
        " WHERE read_at IS NOT NULL GROUP BY account_id"
        " ON CONFLICT (account_id, timeline) DO UPDATE"
        " SET last_read_id = excluded.last_read_id, version = markers.version + 1, updated_at = excluded.updated_at"
        " WHERE markers.last_read_id < excluded.last_read_id"
    )
    with op.batch_alter_table('notifications', schema=None) as batch_op:
        batch_op.drop_column('read_at')


def downgrade() -> None:
    with op.batch_alter_table('notifications', schema=None) as batch_op:
        batch_op.add_column(sa.Column('read_at', sa.DateTime(timezone=True), nullable=True))
