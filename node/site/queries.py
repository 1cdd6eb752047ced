"""Every SELECT about the node as a whole.

What every page and app asks for is a sum over accounts; posts are only counted in an index.
"""

from datetime import datetime

from sqlalchemy import func, literal_column, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.auth.models import ActiveWeek, User
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.ids import floor_id
from node.moderation.models import DomainPolicy
from node.posts.models import Post
from node.site.models import SitePage, SiteRule
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


async def list_rules(reader: Reader, *, include_retired: bool = False) -> list[SiteRule]:
    """Return the rules of the node in their order."""
    statement = select(SiteRule).order_by(SiteRule.position, SiteRule.id)
    if not include_retired:
        statement = statement.where(SiteRule.retired_at.is_(None))
    return list(await reader.scalars(statement))


async def get_rule(reader: Reader, rule_id: int) -> SiteRule:
    """Return a rule that stands. Raises NotFound."""
    found: SiteRule | None = await reader.scalar(
        select(SiteRule).where(SiteRule.id == rule_id, SiteRule.retired_at.is_(None))
    )
    if found is None:
        raise NotFound(f"There is no rule {rule_id}.")
    return found


async def find_page(reader: Reader, name: str) -> SitePage | None:
    """Return one of the longer texts; None while nobody wrote it."""
    found: SitePage | None = await reader.scalar(select(SitePage).where(SitePage.name == name))
    return found


async def list_page_names(reader: Reader) -> set[str]:
    """Return which of the longer texts are written."""
    return set(await reader.scalars(select(SitePage.name)))


async def count_week(reader: Reader, start: datetime, end: datetime, week: int) -> tuple[int, int, int]:
    """Return how many public posts our people wrote in a week, how many were here, how many signed up.

    Of posts an index knows the public ones; to count the others too, all posts of the week would be read.
    """
    written = await reader.scalar(
        select(func.count())
        .select_from(Post)
        .where(
            Post.local.is_(True),
            # as the partial index spells it: a bound parameter would hide it from SQLite
            Post.visibility == literal_column("'public'"),
            Post.deleted_at.is_(None),
            Post.boost_of_id.is_(None),
            Post.id >= floor_id(start),
            Post.id < floor_id(end),
        )
    )
    here = await reader.scalar(select(func.count()).select_from(ActiveWeek).where(ActiveWeek.week == week))
    came = await reader.scalar(
        select(func.count())
        .select_from(User)
        .where(User.account_id >= floor_id(start), User.account_id < floor_id(end))
    )
    return int(written or 0), int(here or 0), int(came or 0)


async def list_peers(reader: Reader) -> list[str]:
    """Return the servers known here that no rule blocks or limits."""
    policies = select(DomainPolicy.domain).where(DomainPolicy.severity.in_(("suspend", "silence")))
    statement = (
        select(Account.domain)
        .where(Account.domain != "", Account.domain.not_in(policies))
        .distinct()
        .order_by(Account.domain)
    )
    return list(await reader.scalars(statement))
