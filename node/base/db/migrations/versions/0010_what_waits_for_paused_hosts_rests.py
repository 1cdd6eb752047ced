"""What waits for paused hosts rests

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

_DELIVERIES = sa.table('deliveries', sa.column('host', sa.String), sa.column('due_at', sa.DateTime(timezone=True)), sa.column('slow', sa.Boolean), sa.column('created_at', sa.DateTime(timezone=True)))
_PEERS = sa.table('peers', sa.column('host', sa.String), sa.column('paused_until', sa.DateTime(timezone=True)), sa.column('has_resting', sa.Boolean))


def upgrade() -> None:
    with op.batch_alter_table('peers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('has_resting', sa.Boolean(), server_default='0', nullable=False))
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.alter_column('due_at', existing_type=sa.DateTime(timezone=True), nullable=True)

    connection = op.get_bind()
    is_paused = _PEERS.c.paused_until.is_not(None)
    connection.execute(_PEERS.update().where(is_paused).values(has_resting=True))
    paused = sa.select(_PEERS.c.host).where(is_paused)
    connection.execute(_DELIVERIES.update().where(_DELIVERIES.c.host.in_(paused)).values(due_at=None, slow=True))

    with op.batch_alter_table('peers', schema=None) as batch_op:
        batch_op.create_index('ix_peers_resting', ['paused_until'], unique=False, sqlite_where=sa.text('has_resting IS 1'), postgresql_where=sa.text('has_resting IS true'))
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_deliveries_resting', ['host', 'activity_id', 'id'], unique=False, sqlite_where=sa.text('due_at IS NULL'), postgresql_where=sa.text('due_at IS NULL'))


def downgrade() -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_resting', sqlite_where=sa.text('due_at IS NULL'), postgresql_where=sa.text('due_at IS NULL'))
    with op.batch_alter_table('peers', schema=None) as batch_op:
        batch_op.drop_index('ix_peers_resting', sqlite_where=sa.text('has_resting IS 1'), postgresql_where=sa.text('has_resting IS true'))
    op.get_bind().execute(_DELIVERIES.update().where(_DELIVERIES.c.due_at.is_(None)).values(due_at=_DELIVERIES.c.created_at))
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.alter_column('due_at', existing_type=sa.DateTime(timezone=True), nullable=False)
    with op.batch_alter_table('peers', schema=None) as batch_op:
        batch_op.drop_column('has_resting')
