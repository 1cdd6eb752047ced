"""What is forgotten of people who leave or never came, and when a browser was last seen."""

from datetime import timedelta

from sqlalchemy import select, update

from admin.pruning import prune
from node.accounts.models import Account
from node.accounts.queries import find_local_account
from node.accounts.service import delete_account
from node.auth.leaving import UNCONFIRMED_DAYS, drop_unconfirmed, erase_user, list_unconfirmed
from node.auth.models import User
from node.auth.queries import find_session, find_user
from node.auth.service import open_session, touch_session
from node.base.db.event_log import EventRow
from node.base.runtime import Runtime
from node.follows.service import follow
from tests.support.make import make_account
from tests.support.nodes import clock_of


async def sign_up_long_ago(runtime: Runtime, name: str, *, days: int, confirmed: bool = False) -> Account:
    account = await make_account(runtime, name)
    async with runtime.write() as uow:
        await uow.write(
            update(User)
            .where(User.account_id == account.id)
            .values(
                created_at=runtime.now() - timedelta(days=days),
                confirmed_at=runtime.now() if confirmed else None,
            )
        )
    return account


async def test_a_deleted_person_is_forgotten(runtime: Runtime) -> None:
    """The address and the password go; the name stays taken (attack row 73)."""
    ann = await make_account(runtime, "ann")
    for _ in range(2):
        async with runtime.write() as uow:
            await delete_account(uow, ann.id, now=runtime.now())
            await erase_user(uow, ann.id)
    async with runtime.read() as reader:
        assert await find_user(reader, ann.id) is None
        assert await find_local_account(reader, "ann") is not None


async def test_who_never_confirmed_goes_after_days(runtime: Runtime) -> None:
    """The name is free again; who confirmed or is new stays, and no other server hears of it."""
    await sign_up_long_ago(runtime, "ghost", days=UNCONFIRMED_DAYS + 1)
    await sign_up_long_ago(runtime, "fresh", days=UNCONFIRMED_DAYS - 1)
    await sign_up_long_ago(runtime, "there", days=UNCONFIRMED_DAYS + 1, confirmed=True)
    assert await prune(runtime) == {"unconfirmed_accounts": 1}
    async with runtime.read() as reader:
        assert await find_local_account(reader, "ghost") is None
        assert await find_local_account(reader, "fresh") is not None
        assert await find_local_account(reader, "there") is not None
        assert not list(await reader.scalars(select(EventRow)))
    assert await prune(runtime) == {}
    await make_account(runtime, "ghost")


async def test_who_confirmed_since_it_was_looked_is_not_dropped(runtime: Runtime) -> None:
    late = await sign_up_long_ago(runtime, "late", days=UNCONFIRMED_DAYS + 1)
    async with runtime.write() as uow:
        assert await list_unconfirmed(uow, now=runtime.now(), limit=9) == [late.id]
        await uow.write(update(User).where(User.account_id == late.id).values(confirmed_at=runtime.now()))
        assert not await drop_unconfirmed(uow, late.id, now=runtime.now())
    async with runtime.read() as reader:
        assert await find_local_account(reader, "late") is not None


async def test_who_is_followed_already_is_deleted_as_any_other(runtime: Runtime) -> None:
    """The followers' counters and lists are put right by the effects of the event."""
    ghost = await sign_up_long_ago(runtime, "ghost", days=UNCONFIRMED_DAYS + 1)
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, ann, ghost, now=runtime.now())
    assert await prune(runtime) == {"unconfirmed_accounts": 1}
    async with runtime.read() as reader:
        names = [row.name for row in await reader.scalars(select(EventRow))]
    assert "AccountDeleted" in names
    assert await prune(runtime) == {}


async def test_a_session_was_last_seen_at_most_every_ten_minutes(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    began = runtime.now()
    async with runtime.write() as uow:
        secret = await open_session(uow, ann.id, now=began)
    for minutes, expected in ((9, 0), (2, 11), (5, 11), (60, 76)):
        clock_of(runtime).advance(minutes=minutes)
        async with runtime.read() as reader:
            facts = await find_session(reader, secret, runtime.now())
        assert facts is not None
        await touch_session(runtime, facts.session_id, last_seen_at=facts.last_seen_at)
        async with runtime.read() as reader:
            facts = await find_session(reader, secret, runtime.now())
        assert facts is not None
        assert (facts.last_seen_at - began) // timedelta(minutes=1) == expected
