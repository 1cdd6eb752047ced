"""Indexes for large nodes

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('follows', schema=None) as batch_op:
        batch_op.create_index('ix_follows_bells', ['followee_id', 'follower_id'], unique=False, sqlite_where=sa.text('notify IS 1'), postgresql_where=sa.text('notify IS true'))

    with op.batch_alter_table('posts', schema=None) as batch_op:
        batch_op.create_index('ix_posts_thread', ['thread_id', 'id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('posts', schema=None) as batch_op:
        batch_op.drop_index('ix_posts_thread')

    with op.batch_alter_table('follows', schema=None) as batch_op:
        batch_op.drop_index('ix_follows_bells', sqlite_where=sa.text('notify IS 1'), postgresql_where=sa.text('notify IS true'))
