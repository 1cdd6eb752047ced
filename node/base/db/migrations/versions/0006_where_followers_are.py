"""Where followers are

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

from federation.errors import MalformedDocument
from federation.origins import host_of

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

AT_ONCE = 5_000


def upgrade() -> None:
    with op.batch_alter_table('follows', schema=None) as batch_op:
        batch_op.add_column(sa.Column('host', sa.String(length=300), nullable=True))
        batch_op.drop_index(batch_op.f('ix_follows_fan_out'))

    _fill_hosts(op.get_bind())
    with op.batch_alter_table('follows', schema=None) as batch_op:
        batch_op.create_index('ix_follows_elsewhere', ['followee_id', 'host', 'accepted_at', 'id'], unique=False, sqlite_where=sa.text('accepted_at IS NOT NULL AND host IS NOT NULL'), postgresql_where=sa.text('accepted_at IS NOT NULL AND host IS NOT NULL'))
        batch_op.create_index('ix_follows_ours', ['followee_id', 'follower_id'], unique=False, sqlite_where=sa.text('accepted_at IS NOT NULL AND host IS NULL'), postgresql_where=sa.text('accepted_at IS NOT NULL AND host IS NULL'))


def _fill_hosts(connection: sa.Connection) -> None:
    """Write down the host of each follower that is not one of ours."""
    accounts = sa.table('accounts', sa.column('id', sa.BigInteger), sa.column('uri', sa.String), sa.column('domain', sa.String))
    follows = sa.table('follows', sa.column('follower_id', sa.BigInteger), sa.column('host', sa.String))
    some = (
        sa.select(accounts.c.id, accounts.c.uri)
        .where(accounts.c.id > sa.bindparam('after_id'), accounts.c.domain != '')
        .where(sa.exists().where(follows.c.follower_id == accounts.c.id))
        .order_by(accounts.c.id)
        .limit(AT_ONCE)
    )
    fill = follows.update().where(follows.c.follower_id == sa.bindparam('follower')).values(host=sa.bindparam('at'))
    after_id = 0
    while found := connection.execute(some, {'after_id': after_id}).all():
        connection.execute(fill, [{'follower': id_, 'at': _host_of(uri)} for id_, uri in found])
        after_id = found[-1].id


def _host_of(uri: str) -> str:
    try:
        return host_of(uri)
    except MalformedDocument:
        return ''


def downgrade() -> None:
    with op.batch_alter_table('follows', schema=None) as batch_op:
        batch_op.drop_index('ix_follows_ours', sqlite_where=sa.text('accepted_at IS NOT NULL AND host IS NULL'), postgresql_where=sa.text('accepted_at IS NOT NULL AND host IS NULL'))
        batch_op.drop_index('ix_follows_elsewhere', sqlite_where=sa.text('accepted_at IS NOT NULL AND host IS NOT NULL'), postgresql_where=sa.text('accepted_at IS NOT NULL AND host IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_follows_fan_out'), ['followee_id', 'follower_id'], unique=False)
        batch_op.drop_column('host')
