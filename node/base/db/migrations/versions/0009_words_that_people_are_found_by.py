"""Words that people are found by

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

from node.accounts.names import name_words

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

AT_ONCE = 5_000


def upgrade() -> None:
    op.create_table('account_words',
    sa.Column('here', sa.Boolean(), nullable=False),
    sa.Column('word', sa.String(length=64).with_variant(sa.String(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('account_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_account_words_account_id_accounts'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('here', 'word', 'account_id', name=op.f('pk_account_words')),
    sqlite_with_rowid=False
    )
    _fill_words(op.get_bind())
    with op.batch_alter_table('account_words', schema=None) as batch_op:
        batch_op.create_index('ix_account_words_account', ['account_id', 'word'], unique=False)

    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.create_index('ix_accounts_well_known', ['followers_count'], unique=False, sqlite_where=sa.text('followers_count >= 50'), postgresql_where=sa.text('followers_count >= 50'))


def _fill_words(connection: sa.Connection) -> None:
    """Write down the words of everybody's names."""
    accounts = sa.table('accounts', *(sa.column(name, type_) for name, type_ in (('id', sa.BigInteger), ('domain', sa.String), ('username', sa.String), ('display_name', sa.String), ('deleted_at', sa.DateTime))))
    words = sa.table('account_words', sa.column('here', sa.Boolean), sa.column('word', sa.String), sa.column('account_id', sa.BigInteger))
    some = (
        sa.select(accounts.c.id, accounts.c.domain, accounts.c.username, accounts.c.display_name)
        .where(accounts.c.id > sa.bindparam('after_id'), accounts.c.deleted_at.is_(None))
        .order_by(accounts.c.id)
        .limit(AT_ONCE)
    )
    after_id = -1
    while found := connection.execute(some, {'after_id': after_id}).all():
        rows = [
            {'here': not domain, 'word': word, 'account_id': id_}
            for id_, domain, username, display_name in found
            for word in sorted(name_words(username, display_name))
        ]
        if rows:
            connection.execute(words.insert(), rows)
        after_id = found[-1].id


def downgrade() -> None:
    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.drop_index('ix_accounts_well_known', sqlite_where=sa.text('followers_count >= 50'), postgresql_where=sa.text('followers_count >= 50'))

    with op.batch_alter_table('account_words', schema=None) as batch_op:
        batch_op.drop_index('ix_account_words_account')

    op.drop_table('account_words')
