"""What operators decide about trends: a hashtag, link, site, post or author is excluded for ever, allowed for ever, or
neither any more. All are logged.

A hashtag has two more flags: "listing" (it is found by search) and "use" (it stands for anything at all; where not, it
neither trends nor is found, and has no timeline).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, update

from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Invalid, NotFound
from node.base.ids import read_id
from node.base.runtime import Runtime
from node.cards.models import LinkCard
from node.moderation.service import log_decision
from node.posts.models import Hashtag, Post
from node.trends.models import TrendRuling
from node.trends.queries import exists_row
from node.trends.ruling_queries import Rulings, Subject, find_ruling, is_known_publisher, read_rulings
from node.trends.service import forget_boards

TABLES: Final[dict[str, Any]] = {
    "tag": Hashtag,
    "listing": Hashtag,
    "use": Hashtag,
    "link": LinkCard,
    "post": Post,
    "author": Account,
}
VERBS: Final = {True: "allow", False: "exclude", None: "forget"}
CACHED_SECONDS: Final = 60


async def decide(
    uow: UnitOfWork,
    runtime: Runtime,
    about: Subject,
    subject: int | str,
    *,
    allowed: bool | None,
    actor_id: int | None,
    now: datetime,
) -> bool:
    """Decide about a subject, or take the decision back; return whether that changed anything.

    Raises NotFound for what is not known here, Invalid for what is no host.
    """
    name = await _checked(uow, about, subject)
    before = await find_ruling(uow, about, name)
    if before == allowed:
        return False
    if allowed is None:
        await uow.write(delete(TrendRuling).where(TrendRuling.kind == about, TrendRuling.subject == name))
    else:
        values = {"is_allowed": allowed, "decided_at": now}
        if not await insert_if_absent(uow, TrendRuling, {"kind": about, "subject": name, **values}):
            await uow.write(
                update(TrendRuling)
                .where(TrendRuling.kind == about, TrendRuling.subject == name)
                .values(**values)
                .execution_options(synchronize_session=False)
            )
    await log_decision(
        uow, f"trend.{VERBS[allowed]}", target_kind=f"trend {about}", target=name, actor_id=actor_id, now=now
    )

    async def forget() -> None:
        forget_boards(runtime)
        runtime.caches.get("trend_pool", size=1, seconds=CACHED_SECONDS).clear()
        runtime.caches.get("trend_rulings", size=1, seconds=CACHED_SECONDS).clear()

    uow.after_commit(forget)
    return True


async def _checked(reader: Reader, about: Subject, subject: int | str) -> str:
    if about == "publisher":
        host = str(subject).strip().casefold().rstrip(".")
        if not host or len(host) > 300 or any(letter.isspace() or letter in "/@" for letter in host):
            raise Invalid(fields={"publisher": ["This is not the name of a site, such as news.example."]})
        if not await is_known_publisher(reader, host):
            raise NotFound()
        return host
    id_ = subject if isinstance(subject, int) else read_id(subject)
    if id_ is None or not await exists_row(reader, TABLES[about], id_):
        raise NotFound()
    return str(id_)


async def known_rulings(runtime: Runtime) -> Rulings:
    """Return what was decided, at most a minute old."""
    cache = runtime.caches.get("trend_rulings", size=1, seconds=CACHED_SECONDS)
    found: Rulings | None = cache.get("")
    if found is None:
        async with runtime.read() as reader:
            found = await read_rulings(reader)
        cache.put("", found)
    return found


async def unlisted_tag_ids(runtime: Runtime) -> set[int]:
    """Return the hashtags that search does not find by a decision about themselves; `list_listed` knows the others."""
    rulings = await known_rulings(runtime)
    return rulings.ids("listing", allowed=False) | rulings.ids("use", allowed=False)


async def list_listed(runtime: Runtime, tags: Iterable[Hashtag]) -> list[Hashtag]:
    """Return these hashtags without those that look like what moderators took out."""
    rulings = await known_rulings(runtime)
    return [
        tag
        for tag in tags
        if rulings.about_tag("listing", tag.name) is not False and rulings.about_tag("use", tag.name) is not False
    ]


async def reviewed_tag_ids(runtime: Runtime) -> set[int]:
    """Return the hashtags about which moderators decided whether they may trend."""
    rulings = await known_rulings(runtime)
    return rulings.ids("tag", allowed=True) | rulings.ids("tag", allowed=False)


async def list_usable(runtime: Runtime, names: Iterable[str]) -> list[str]:
    """Return these names of hashtags (folded), without those that moderators put out of use."""
    rulings = await known_rulings(runtime)
    return [name for name in names if rulings.about_tag("use", name) is not False]
