"""Use cases of starter packs: make, change, remove; put people in, take them out; follow who is in one."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, update

from node.accounts.models import Account
from node.accounts.queries import list_accounts
from node.base.db.inserts import insert_new
from node.base.db.locks import lock_use
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.ids import new_id
from node.base.settings import Settings
from node.follows.service import follow
from node.moderation.service import log_decision
from node.starter_packs.models import StarterPack, StarterPackMember
from node.starter_packs.queries import count_packs, find_pack, list_addable, list_member_ids
from node.starter_packs.rules import MAX_MEMBERS, MAX_PACKS, Editor, checked_description, checked_title


async def create_pack(
    uow: UnitOfWork, owner_id: int, *, title: str, description: str = "", published: bool = False, now: datetime
) -> StarterPack:
    """Make a pack with nobody in it. Raises Invalid."""
    await lock_use(uow, f"starter_packs:{owner_id}")
    if await count_packs(uow, owner_id) >= MAX_PACKS:
        raise Invalid(f"You have reached the maximum number of starter packs: {MAX_PACKS}")
    pack = StarterPack(
        id=new_id(),
        account_id=owner_id,
        title=checked_title(title),
        description=checked_description(description),
        published=published,
        featured=False,
        created_at=now,
        updated_at=now,
    )
    uow.add(pack)
    await uow.flush()
    return pack


async def change_pack(
    uow: UnitOfWork,
    editor: Editor,
    pack_id: int,
    *,
    title: str | None = None,
    description: str | None = None,
    published: bool | None = None,
    now: datetime,
) -> StarterPack:
    """Change a pack; None leaves a part as it is. Raises Invalid, NotFound for one that is not theirs."""
    pack = await _theirs(uow, editor, pack_id)
    if title is not None:
        pack.title = checked_title(title)
    if description is not None:
        pack.description = checked_description(description)
    if published is not None:
        pack.published = published
    pack.updated_at = now
    await uow.flush()
    return pack


async def remove_pack(uow: UnitOfWork, editor: Editor, pack_id: int, *, now: datetime) -> None:
    """Remove a pack of one's own, or as staff anybody's, which is written down. Raises NotFound."""
    pack = await find_pack(uow, pack_id)
    if pack is None or not (editor.is_staff or editor.may_edit(pack.account_id)):
        raise NotFound()
    if pack.account_id != editor.account_id:
        await log_decision(
            uow,
            "starter_pack.remove",
            target_kind="account",
            target=str(pack.account_id),
            actor_id=editor.account_id,
            comment=pack.title,
            now=now,
        )
    await uow.write(delete(StarterPack).where(StarterPack.id == pack_id).execution_options(synchronize_session=False))


async def feature_pack(
    uow: UnitOfWork, pack_id: int, *, featured: bool, actor_id: int | None = None, now: datetime
) -> StarterPack:
    """Show a pack to new people, or no longer. Raises NotFound, Invalid for one that is not public."""
    pack = await find_pack(uow, pack_id)
    if pack is None:
        raise NotFound()
    if featured and not pack.published:
        raise Invalid("Only a public pack can be shown to new people")
    pack.featured = featured
    await log_decision(
        uow,
        "starter_pack.feature" if featured else "starter_pack.unfeature",
        target_kind="account",
        target=str(pack.account_id),
        actor_id=actor_id,
        comment=pack.title,
        now=now,
    )
    await uow.flush()
    return pack


async def add_to_pack(
    uow: UnitOfWork, editor: Editor, pack_id: int, account_ids: Sequence[int], *, now: datetime
) -> None:
    """Put people into a pack, all or none; who is in it stays.

    Raises NotFound for a pack that is not theirs and for who is nobody, Invalid for who does not want to be found
    or took themselves out, and for too many.
    """
    await lock_use(uow, f"starter_pack:{pack_id}")
    pack = await _theirs(uow, editor, pack_id)
    before = await list_member_ids(uow, pack.id)
    wanted = [id_ for id_ in dict.fromkeys(account_ids) if before.get(id_, True)]
    known = await list_accounts(uow, wanted)
    if any(id_ not in known or known[id_].is_gone for id_ in wanted):
        raise NotFound()
    welcome = await list_addable(uow, wanted, pack.account_id)
    refused = [id_ for id_ in wanted if id_ in before or id_ not in welcome]
    if refused:
        raise Invalid(f"@{known[refused[0]].acct} does not want to be in starter packs")
    if sum(not left for left in before.values()) + len(wanted) > MAX_MEMBERS:
        raise Invalid(f"A starter pack can have {MAX_MEMBERS} people")
    if wanted:
        rows = [{"id": new_id(), "pack_id": pack.id, "account_id": id_, "created_at": now} for id_ in wanted]
        await insert_new(uow, StarterPackMember, rows)
        pack.updated_at = now
        await uow.flush()


async def take_out_of_pack(
    uow: UnitOfWork, editor: Editor, pack_id: int, account_ids: Collection[int], *, now: datetime
) -> None:
    """Take people out of a pack; who is not in it is no fault. Raises NotFound for one that is not theirs."""
    pack = await _theirs(uow, editor, pack_id)
    pack.updated_at = now
    await uow.flush()
    await uow.write(
        delete(StarterPackMember)
        .where(
            StarterPackMember.pack_id == pack.id,
            StarterPackMember.account_id.in_(list(account_ids)),
            StarterPackMember.left_at.is_(None),
        )
        .execution_options(synchronize_session=False)
    )


async def leave_pack(uow: UnitOfWork, account_id: int, pack_id: int, *, now: datetime) -> None:
    """Take oneself out of somebody's pack for good. Raises NotFound for who is not in it."""
    changed = await uow.write(
        update(StarterPackMember)
        .where(
            StarterPackMember.pack_id == pack_id,
            StarterPackMember.account_id == account_id,
            StarterPackMember.left_at.is_(None),
        )
        .values(left_at=now)
        .execution_options(synchronize_session=False)
    )
    if not changed:
        raise NotFound()


async def follow_all(
    uow: UnitOfWork, settings: Settings, follower: Account, people: Sequence[Account], *, now: datetime
) -> list[int]:
    """Follow these people one after the other; return whom the follower now follows or asked anew.

    Who moved away, blocks or is blocked is passed over. Raises Invalid when nothing came of it at all.
    """
    done: list[int] = []
    refusals: list[Forbidden | Invalid | NotFound] = []
    for one in people:
        try:
            await follow(uow, settings, follower, one, now=now)
        except (Forbidden, Invalid, NotFound) as refusal:
            refusals.append(refusal)
        else:
            done.append(one.id)
    if refusals and not done:
        raise Invalid(refusals[0].message)
    return done


async def forget_packs(uow: UnitOfWork, account_id: int) -> None:
    """Remove all packs of somebody who is gone, and take them out of others'."""
    for statement in (
        delete(StarterPackMember).where(StarterPackMember.account_id == account_id),
        delete(StarterPack).where(StarterPack.account_id == account_id),
    ):
        await uow.write(statement.execution_options(synchronize_session=False))


async def _theirs(uow: UnitOfWork, editor: Editor, pack_id: int) -> StarterPack:
    pack = await find_pack(uow, pack_id)
    if pack is None or not editor.may_edit(pack.account_id):
        raise NotFound()
    return pack
