"""Names of tables that belong to floors above, for EXISTS conditions in queries down here.

Foreign keys are strings in this code base, and for the same reason these are names: who follows or blocks whom is
decided in `node/follows` and `node/blocks`, which import `accounts` and must not be imported by it.
`tests/unit/node/accounts/test_relations.py` holds the columns against the models.
"""

from sqlalchemy import BigInteger, Boolean, ColumnElement, String, column, or_, select, table
from sqlalchemy.sql.selectable import TableClause

from node.base.db.base import UtcDateTime

FOLLOWS: TableClause = table(
    "follows",
    column("id", BigInteger),
    column("follower_id", BigInteger),
    column("followee_id", BigInteger),
    column("accepted_at", UtcDateTime()),
)
BLOCKS: TableClause = table(
    "blocks", column("id", BigInteger), column("account_id", BigInteger), column("target_id", BigInteger)
)
MUTES: TableClause = table(
    "mutes",
    column("id", BigInteger),
    column("account_id", BigInteger),
    column("target_id", BigInteger),
    column("hide_notifications", Boolean),
    column("expires_at", UtcDateTime()),
)
DOMAIN_POLICIES: TableClause = table(
    "domain_policies", column("domain", String), column("severity", String), column("created_at", UtcDateTime())
)

USER_DOMAIN_BLOCKS: TableClause = table(
    "user_domain_blocks", column("id", BigInteger), column("account_id", BigInteger), column("domain", String)
)
ACCOUNTS: TableClause = table("accounts", column("id", BigInteger), column("domain", String))

Operand = ColumnElement[int] | int


def follows(follower: Operand, followee: Operand) -> ColumnElement[bool]:
    """SQL: an accepted follow stands (attack row 41: a request counts for nothing)."""
    f = FOLLOWS.alias()
    return (
        select(f.c.id)
        .where(f.c.follower_id == follower, f.c.followee_id == followee, f.c.accepted_at.is_not(None))
        .exists()
    )


def blocks(account: Operand, target: Operand) -> ColumnElement[bool]:
    """SQL: `account` blocks `target`."""
    b = BLOCKS.alias()
    return select(b.c.id).where(b.c.account_id == account, b.c.target_id == target).exists()


def block_between(a: Operand, b: Operand) -> ColumnElement[bool]:
    """SQL: one of the two blocks the other."""
    return or_(blocks(a, b), blocks(b, a))


def blocks_domain_of(account: Operand, target: Operand) -> ColumnElement[bool]:
    """SQL: `account` blocks the whole server of `target` (MOD-4). Two looks into unique indexes, for who blocks any.

    The target's server is asked for by itself: from a join PostgreSQL makes, once for each page, a table of all known
    accounts of all servers that the person blocks.
    """
    any_, d, a = USER_DOMAIN_BLOCKS.alias(), USER_DOMAIN_BLOCKS.alias(), ACCOUNTS.alias()
    domain = select(a.c.domain).where(a.c.id == target).correlate_except(a).scalar_subquery()
    theirs = select(d.c.id).where(d.c.account_id == account, d.c.domain == domain).correlate_except(d).exists()
    return select(any_.c.id).where(any_.c.account_id == account).correlate_except(any_).exists() & theirs
