"""The SELECTs that count. Each is a sum over accounts, never a count over posts, so a large node answers fast."""

from sqlalchemy import func, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.auth.models import User
from node.base.db.unit_of_work import Reader
from node.uris import INSTANCE_ACTOR_ID


async def count_people_and_posts(reader: Reader) -> tuple[int, int]:
    """Return how many people of ours are present and how many posts they wrote."""
    row = (
        await reader.execute(
            select(func.count(Account.id), func.coalesce(func.sum(Account.posts_count), 0)).where(
                Account.domain == "", Account.id != INSTANCE_ACTOR_ID, is_present()
            )
        )
    ).one()
    return int(row[0]), int(row[1])


async def find_contact(reader: Reader) -> Account | None:
    """Return the operator people may write to: the first admin who is present."""
    found: Account | None = await reader.scalar(
        select(Account)
        .join(User, User.account_id == Account.id)
        .where(User.role == "admin", is_present())
        .order_by(Account.id)
        .limit(1)
    )
    return found
