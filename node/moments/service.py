"""Use cases of moments: make, change, publish, remove; put posts in and in order; take one's own post out."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, update

from node.accounts.models import Account
from node.base.db.inserts import insert_new
from node.base.db.locks import lock_use
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.ids import new_id
from node.moderation.service import log_decision
from node.moments.models import Moment, MomentPost
from node.moments.queries import count_moments, find_moment, list_addable, list_own_among, list_post_rows
from node.moments.rules import MAX_MOMENTS, MAX_POSTS, checked_description, checked_title, in_order, moved
from node.posts.queries import list_visible_ids


async def create_moment(
    uow: UnitOfWork, curator_id: int, *, title: str, description: str = "", now: datetime
) -> Moment:
    """Make a moment that only its curator sees yet. Raises Invalid."""
    await lock_use(uow, f"moments:{curator_id}")
    if await count_moments(uow, curator_id) >= MAX_MOMENTS:
        raise Invalid(f"You have reached the maximum number of moments: {MAX_MOMENTS}")
    moment = Moment(
        id=new_id(),
        account_id=curator_id,
        title=checked_title(title),
        description=checked_description(description),
        topic="",
        created_at=now,
        updated_at=now,
    )
    uow.add(moment)
    await uow.flush()
    return moment


async def change_moment(
    uow: UnitOfWork,
    curator_id: int,
    moment_id: int,
    *,
    title: str | None = None,
    description: str | None = None,
    cover_post_id: int | None = None,
    now: datetime,
) -> Moment:
    """Change a moment; None leaves a part as it is, a cover of 0 takes the choice back.

    Raises Invalid, NotFound for a moment that is not theirs and a cover that is not in it.
    """
    moment = await _own(uow, curator_id, moment_id)
    if title is not None:
        moment.title = checked_title(title)
    if description is not None:
        moment.description = checked_description(description)
    if cover_post_id is not None:
        if cover_post_id and cover_post_id not in _present(await list_post_rows(uow, moment_id)):
            raise NotFound()
        moment.cover_post_id = cover_post_id or None
    moment.updated_at = now
    await uow.flush()
    return moment


async def publish_moment(uow: UnitOfWork, curator_id: int, moment_id: int, *, published: bool, now: datetime) -> Moment:
    """Show a moment to everybody, or to its curator only. Raises NotFound, Invalid for an empty one, Forbidden for
    one that a moderator took down."""
    moment = await _own(uow, curator_id, moment_id)
    if published and moment.hidden_at is not None:
        raise Forbidden("A moderator took this moment down")
    if published and not _present(await list_post_rows(uow, moment_id)):
        raise Invalid("Put a post into it first")
    moment.published_at = (moment.published_at or now) if published else None
    moment.updated_at = now
    await uow.flush()
    return moment


async def remove_moment(uow: UnitOfWork, curator_id: int, moment_id: int) -> None:
    """Remove a moment of one's own. Raises NotFound."""
    await _own(uow, curator_id, moment_id)
    await _delete(uow, [moment_id])


async def hide_moment(
    uow: UnitOfWork, moment_id: int, *, hidden: bool, actor_id: int | None = None, now: datetime
) -> Moment:
    """Take anybody's moment down as a moderator, or give it back; written down. Raises NotFound."""
    moment = await find_moment(uow, moment_id)
    if moment is None:
        raise NotFound()
    moment.hidden_at = (moment.hidden_at or now) if hidden else None
    await uow.flush()
    await log_decision(
        uow,
        "moment.hide" if hidden else "moment.unhide",
        target_kind="account",
        target=str(moment.account_id),
        actor_id=actor_id,
        comment=moment.title,
        now=now,
    )
    return moment


async def add_posts(
    uow: UnitOfWork, curator: Account, moment_id: int, post_ids: Sequence[int], *, now: datetime
) -> None:
    """Put posts at the end of a moment, all or none; what is in it stays where it is.

    Raises NotFound for a moment that is not theirs and for posts they cannot see, Invalid for those that may not be
    shown so (see the package's docstring), that their author took out, and for too many.
    """
    await lock_use(uow, f"moment:{moment_id}")
    moment = await _own(uow, curator.id, moment_id)
    rows = await list_post_rows(uow, moment_id)
    present = _present(rows)
    wanted = [id_ for id_ in dict.fromkeys(post_ids) if id_ not in present]
    if len(await list_visible_ids(uow, wanted, curator.id)) != len(wanted):
        raise NotFound()
    regretted = {row.post_id for row in rows if row.left_at is not None}
    welcome = await list_addable(uow, wanted, curator)
    if regretted & set(wanted) or len(welcome) != len(wanted):
        raise Invalid("Only public posts of people who want to be found can be in a moment, if they allow it")
    if len(present) + len(wanted) > MAX_POSTS:
        raise Invalid(f"A moment can have {MAX_POSTS} posts")
    last = max((row.position for row in rows), default=0)
    await _insert(uow, moment_id, {id_: last + place for place, id_ in enumerate(wanted, 1)}, now)
    moment.updated_at = now
    await uow.flush()


async def remove_posts(
    uow: UnitOfWork, account_id: int, moment_id: int, post_ids: Sequence[int], *, now: datetime
) -> None:
    """Take posts out of a moment: its curator any, for a while; the author of a post their own, for good.

    Raises NotFound for who is neither.
    """
    moment = await find_moment(uow, moment_id)
    if moment is None:
        raise NotFound()
    rows = (MomentPost.moment_id == moment_id, MomentPost.post_id.in_(list(post_ids)), MomentPost.left_at.is_(None))
    if moment.account_id == account_id:
        statement = delete(MomentPost).where(*rows)
        await uow.write(statement.execution_options(synchronize_session=False))
        moment.updated_at = now
        await uow.flush()
        return
    is_open = moment.published_at is not None and moment.hidden_at is None
    own = await list_own_among(uow, post_ids, account_id)
    if not is_open or not own or len(own) != len(set(post_ids)):
        raise NotFound()
    leave = update(MomentPost).where(*rows).values(left_at=now)
    if not await uow.write(leave.execution_options(synchronize_session=False)):
        raise NotFound()


async def order_posts(
    uow: UnitOfWork, curator_id: int, moment_id: int, post_ids: Sequence[int], *, now: datetime
) -> None:
    """Put these posts first, in this order. Raises NotFound for a moment that is not theirs."""
    moment = await _own(uow, curator_id, moment_id)
    present = _present(await list_post_rows(uow, moment_id))
    await _reorder(uow, moment, present, in_order(present, post_ids), now)


async def move_post(
    uow: UnitOfWork, curator_id: int, moment_id: int, post_id: int, *, step: int, now: datetime
) -> None:
    """Move a post `step` places further down, up when negative. Raises NotFound for a moment that is not theirs."""
    moment = await _own(uow, curator_id, moment_id)
    present = _present(await list_post_rows(uow, moment_id))
    await _reorder(uow, moment, present, moved(present, post_id, step), now)


async def forget_moments(uow: UnitOfWork, account_id: int) -> None:
    """Remove all moments of somebody who is gone."""
    await uow.write(delete(Moment).where(Moment.account_id == account_id).execution_options(synchronize_session=False))


async def write_automatic(
    uow: UnitOfWork,
    moment: Moment | None,
    *,
    curator_id: int,
    topic: str,
    title: str,
    description: str,
    post_ids: Sequence[int],
    now: datetime,
) -> None:
    """Make or renew the node's own moment about a topic: these posts, in this order. What was taken out stays out."""
    if moment is None:
        moment = await create_automatic(uow, curator_id, topic=topic, now=now)
    moment.title, moment.description, moment.updated_at = checked_title(title), checked_description(description), now
    await uow.flush()
    rows = await list_post_rows(uow, moment.id)
    known = {row.post_id for row in rows}
    present = _present(rows)
    await _insert(uow, moment.id, {id_: MAX_POSTS for id_ in post_ids if id_ not in known}, now)
    regretted = known - set(present)
    order = in_order([*post_ids, *present], post_ids)
    kept = [id_ for id_ in dict.fromkeys(order) if id_ not in regretted][:MAX_POSTS]
    await _place(uow, moment.id, kept)
    dropped = [id_ for id_ in present if id_ not in kept]
    if dropped:
        await uow.write(
            delete(MomentPost)
            .where(MomentPost.moment_id == moment.id, MomentPost.post_id.in_(dropped))
            .execution_options(synchronize_session=False)
        )


async def create_automatic(uow: UnitOfWork, curator_id: int, *, topic: str, now: datetime) -> Moment:
    """Make a moment of the node's own, public at once."""
    moment = Moment(
        id=new_id(),
        account_id=curator_id,
        title=topic,
        description="",
        topic=topic,
        published_at=now,
        created_at=now,
        updated_at=now,
    )
    uow.add(moment)
    await uow.flush()
    return moment


async def drop_moments(uow: UnitOfWork, moment_ids: Sequence[int]) -> None:
    """Remove moments of the node's own that are old."""
    if moment_ids:
        await _delete(uow, moment_ids)


async def _own(uow: UnitOfWork, curator_id: int, moment_id: int) -> Moment:
    moment = await find_moment(uow, moment_id)
    if moment is None or moment.account_id != curator_id:
        raise NotFound()
    return moment


def _present(rows: Sequence[MomentPost]) -> list[int]:
    return [row.post_id for row in rows if row.left_at is None]


async def _insert(uow: UnitOfWork, moment_id: int, position_of: dict[int, int], now: datetime) -> None:
    if position_of:
        rows = [
            {"id": new_id(), "moment_id": moment_id, "post_id": id_, "position": position, "created_at": now}
            for id_, position in position_of.items()
        ]
        await insert_new(uow, MomentPost, rows)


async def _reorder(
    uow: UnitOfWork, moment: Moment, present: Sequence[int], wanted: Sequence[int], now: datetime
) -> None:
    if list(present) != list(wanted):
        await _place(uow, moment.id, wanted)
        moment.updated_at = now
        await uow.flush()


async def _place(uow: UnitOfWork, moment_id: int, post_ids: Sequence[int]) -> None:
    places = {id_: place for place, id_ in enumerate(post_ids, 1)}
    for row in await list_post_rows(uow, moment_id):
        if row.post_id in places:
            row.position = places[row.post_id]
    await uow.flush()


async def _delete(uow: UnitOfWork, moment_ids: Sequence[int]) -> None:
    await uow.write(delete(Moment).where(Moment.id.in_(list(moment_ids))).execution_options(synchronize_session=False))
