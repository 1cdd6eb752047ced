"""Who is told, who is not, and what is withdrawn or hidden when its reason goes (MOD-2, rows 41, 89, 115)."""

import asyncio
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from node.accounts.models import Account
from node.accounts.service import silence_account, suspend_account, unsuspend_account
from node.base.ids import new_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.blocks.service import block, mute, unblock, unmute
from node.follows.service import follow
from node.markers.service import read_up_to
from node.notifications.models import Notification
from node.notifications.queries import (
    count_unread,
    find_notification,
    list_notifications,
)
from node.notifications.rules import Kind, Standing, may_notify
from node.notifications.service import notify
from node.notifications.views import notification_views
from node.notifications.withdrawing import (
    clear,
    dismiss,
    withdraw,
    withdraw_between,
    withdraw_some_for_account,
    withdraw_some_for_post,
)
from node.posts.service import withdraw as withdraw_post
from tests.support.make import make_account, make_post
from tests.unit.node.accounts.actors import stranger


async def tell(runtime: Runtime, recipient: Account, sender: Account, kind: Kind = "follow", post_id: int = 0) -> bool:
    async with runtime.write() as uow:
        told = await notify(
            uow,
            runtime.settings,
            account_id=recipient.id,
            kind=kind,
            from_account_id=sender.id,
            post_id=post_id,
            now=runtime.now(),
        )
    return told is not None and told.is_told


async def listed(runtime: Runtime, account: Account, **how: object) -> list[Notification]:
    async with runtime.read() as reader:
        return await list_notifications(reader, account.id, Page(), now=runtime.now(), **how)  # type: ignore[arg-type]


def test_each_reason_alone_keeps_a_notification_back() -> None:
    assert may_notify(Standing())
    for field in fields(Standing):
        wrong = replace(Standing(), **{field.name: not field.default})
        assert not may_notify(wrong), field.name


async def test_one_thing_is_told_once_however_often_it_comes(runtime: Runtime) -> None:
    """Row 115."""
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    told = await asyncio.gather(*(tell(runtime, ann, bo) for _ in range(20)))
    assert sorted(told) == [False] * 19 + [True]
    assert len(await listed(runtime, ann)) == 1


async def test_nobody_is_told_of_themselves_and_no_remote_or_absent_account_is_told(runtime: Runtime) -> None:
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime)
    gone = await make_account(runtime, "gone", suspended_at=runtime.now())
    assert not await tell(runtime, ann, ann)
    assert not await tell(runtime, alice, ann)
    assert not await tell(runtime, gone, ann)
    assert not await tell(runtime, ann, gone)
    async with runtime.write() as uow:
        assert not await notify(
            uow, runtime.settings, account_id=1234, kind="follow", from_account_id=ann.id, now=runtime.now()
        )
    assert await tell(runtime, ann, alice)


@pytest.mark.parametrize("blocker", [0, 1])
async def test_a_block_either_way_keeps_it_back(runtime: Runtime, blocker: int) -> None:
    two = [await make_account(runtime, "ann"), await make_account(runtime, "bo")]
    async with runtime.write() as uow:
        await block(uow, runtime.settings, two[blocker], two[1 - blocker], now=runtime.now())
    assert not await tell(runtime, two[0], two[1])


async def test_a_mute_keeps_it_back_only_with_notifications_and_only_while_it_lasts(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    async with runtime.write() as uow:
        await mute(uow, ann, bo, now=runtime.now())
    assert not await tell(runtime, ann, bo)
    async with runtime.write() as uow:
        await mute(uow, ann, bo, duration=timedelta(hours=1), now=runtime.now() - timedelta(hours=2))
    assert await tell(runtime, ann, bo)
    async with runtime.write() as uow:
        await mute(uow, ann, bo, notifications=False, now=runtime.now())
    assert await tell(runtime, ann, bo, "follow_request")


async def test_a_silenced_sender_reaches_only_followers(runtime: Runtime) -> None:
    """MOD-2."""
    ann, bo, loud = [await make_account(runtime, name) for name in ("ann", "bo", "loud")]
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, ann, loud, now=runtime.now())
        await silence_account(uow, loud.id, silenced=True, now=runtime.now())
    assert await tell(runtime, ann, loud)
    assert not await tell(runtime, bo, loud)


async def test_a_post_the_recipient_may_not_see_is_not_told_of(runtime: Runtime) -> None:
    """Row 41, rule 5: the one rule stands here too."""
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    private = await make_post(runtime, bo, "for followers", visibility="followers")
    direct = await make_post(runtime, bo, "@ann for you", visibility="direct")
    assert not await tell(runtime, ann, bo, "mention", private.id)
    assert not await tell(runtime, ann, bo, "mention", new_id())
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, ann, bo, now=runtime.now())
    assert await tell(runtime, ann, bo, "mention", direct.id)


async def test_what_was_told_hides_while_its_reason_is_gone_and_comes_back_with_it(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    await tell(runtime, ann, bo)
    assert len(await listed(runtime, ann)) == 1
    async with runtime.write() as uow:
        await suspend_account(uow, bo.id, now=runtime.now())
    assert await listed(runtime, ann) == []
    async with runtime.write() as uow:
        await unsuspend_account(uow, bo.id)
        await mute(uow, ann, bo, now=runtime.now())
    assert await listed(runtime, ann) == []
    async with runtime.write() as uow:
        await unmute(uow, ann.id, bo.id)
        await block(uow, runtime.settings, bo, ann, now=runtime.now())
    assert await listed(runtime, ann) == []
    async with runtime.write() as uow:
        await unblock(uow, bo.id, ann.id)
    assert len(await listed(runtime, ann)) == 1


async def test_a_deleted_posts_notifications_hide_at_once_and_are_withdrawn(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    post = await make_post(runtime, ann, "hello")
    await tell(runtime, ann, bo, "favourite", post.id)
    await tell(runtime, ann, bo)
    async with runtime.write() as uow:
        await withdraw_post(uow, post, now=runtime.now())
    assert [row.kind for row in await listed(runtime, ann)] == ["follow"]
    async with runtime.write() as uow:
        assert not await withdraw_some_for_post(uow, post.id)
        assert not await withdraw_some_for_post(uow, 0)


async def test_what_is_undone_is_taken_back_and_may_be_told_again(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    post = await make_post(runtime, ann, "hello")
    await tell(runtime, ann, bo, "favourite", post.id)
    await tell(runtime, ann, bo, "reblog", post.id)
    async with runtime.write() as uow:
        assert (
            await withdraw(
                uow, account_id=ann.id, kinds=["favourite"], from_account_id=bo.id, post_id=post.id, now=runtime.now()
            )
            == 1
        )
    assert [row.kind for row in await listed(runtime, ann)] == ["reblog"]
    assert await tell(runtime, ann, bo, "favourite", post.id)


async def test_a_block_or_the_end_of_an_account_takes_back_what_was_between(runtime: Runtime) -> None:
    ann, bo, cy = [await make_account(runtime, name) for name in ("ann", "bo", "cy")]
    for pair in ((ann, bo), (bo, ann), (ann, cy)):
        await tell(runtime, *pair)
    async with runtime.write() as uow:
        assert await withdraw_between(uow, ann.id, bo.id) == 2
    assert [row.from_account_id for row in await listed(runtime, ann)] == [cy.id]
    async with runtime.write() as uow:
        assert not await withdraw_some_for_account(uow, cy.id)


async def test_the_list_is_newest_first_and_narrowed_by_kind_and_sender(runtime: Runtime) -> None:
    ann, bo, cy = [await make_account(runtime, name) for name in ("ann", "bo", "cy")]
    post = await make_post(runtime, ann, "hello")
    await tell(runtime, ann, bo)
    await tell(runtime, ann, bo, "favourite", post.id)
    await tell(runtime, ann, cy, "reblog", post.id)
    rows = await listed(runtime, ann)
    assert [row.kind for row in rows] == ["reblog", "favourite", "follow"]
    assert [row.kind for row in await listed(runtime, ann, types=["follow", "unknown"])] == ["follow"]
    assert [row.kind for row in await listed(runtime, ann, exclude_types=["follow"])] == ["reblog", "favourite"]
    assert [row.kind for row in await listed(runtime, ann, from_account_id=cy.id)] == ["reblog"]
    async with runtime.read() as reader:
        older = await list_notifications(reader, ann.id, Page(limit=1, max_id=rows[0].id))
        assert [row.id for row in older] == [rows[1].id]


async def test_a_page_stays_full_while_rows_remain(runtime: Runtime) -> None:
    """client-api 35: hidden ones must not shorten it to nothing."""
    ann = await make_account(runtime, "ann")
    people = [await make_account(runtime, f"p{number}") for number in range(5)]
    for person in people:
        await tell(runtime, ann, person)
    async with runtime.write() as uow:
        for person in people[2:]:
            await mute(uow, ann, person, now=runtime.now())
    async with runtime.read() as reader:
        rows = await list_notifications(reader, ann.id, Page(limit=2))
    assert [row.from_account_id for row in rows] == [people[1].id, people[0].id]


async def test_reading_dismissing_and_clearing_touch_only_ones_own(runtime: Runtime) -> None:
    """Row 89."""
    ann, bo, cy = [await make_account(runtime, name) for name in ("ann", "bo", "cy")]
    for sender in (bo, cy):
        await tell(runtime, ann, sender)
    await tell(runtime, bo, ann)
    newest, oldest = await listed(runtime, ann)
    async with runtime.write() as uow:
        assert await find_notification(uow, bo.id, newest.id) is None
        assert not await dismiss(uow, bo.id, newest.id)
        assert await count_unread(uow, ann.id) == 2
        assert await read_up_to(uow, ann.id, "notifications", oldest.id, now=runtime.now())
        assert await count_unread(uow, ann.id) == 1
        assert await read_up_to(uow, ann.id, "notifications", newest.id, now=runtime.now())
        assert not await read_up_to(uow, ann.id, "notifications", oldest.id, now=runtime.now())
        assert (await count_unread(uow, ann.id), await count_unread(uow, bo.id)) == (0, 1)
        assert await dismiss(uow, ann.id, newest.id)
    assert await listed(runtime, ann) != []
    await clear(runtime, ann.id)
    assert await listed(runtime, ann) == []
    assert len(await listed(runtime, bo)) == 1


async def test_the_view_carries_the_sender_and_the_post(runtime: Runtime) -> None:
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime)
    post = await make_post(runtime, ann, "hello")
    await tell(runtime, ann, alice, "favourite", post.id)
    await tell(runtime, ann, alice)
    rows = await listed(runtime, ann)
    async with runtime.read() as reader:
        shown = await notification_views(runtime, reader, rows, ann.id)
    assert [view["type"] for view in shown] == ["follow", "favourite"]
    assert all(view["account"]["acct"] == "alice@good.test" for view in shown)
    assert "status" not in shown[0]
    assert shown[1]["status"]["id"] == str(post.id)
    assert shown[1]["created_at"].endswith("Z")
    assert shown[1]["id"] == str(rows[1].id)
