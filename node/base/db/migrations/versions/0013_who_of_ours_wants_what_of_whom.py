"""Who of ours wants what of whom

Whether a follower wants boosts and which languages stands in the index by which a post finds its readers: without, the
row of each of an author's followers was read for every post.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

_OURS = sa.text('accepted_at IS NOT NULL AND host IS NULL')


def upgrade() -> None:
    _make_anew(['followee_id', 'follower_id', 'show_boosts', 'languages'])


def downgrade() -> None:
    _make_anew(['followee_id', 'follower_id'])


def _make_anew(columns: list[str]) -> None:
    op.drop_index('ix_follows_ours', 'follows')
    op.create_index('ix_follows_ours', 'follows', columns, unique=False, sqlite_where=_OURS, postgresql_where=_OURS)
