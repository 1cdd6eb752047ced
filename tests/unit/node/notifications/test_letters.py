"""Letters about notifications: to whom, when, of what, how many, and how they end."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

import node.notifications.letters  # noqa: F401  (registers the letter)
from node.accounts.models import Account
from node.auth.models import User
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.mail.jobs import send_due
from node.mail.models import OutgoingMail
from node.markers.service import read_up_to
from node.notifications.mailing import choose_mail, expect_letter, unsubscribe
from node.notifications.rules import Kind
from node.notifications.service import notify
from tests.support.make import make_account, make_post
from tests.support.nodes import clock_of, open_node
from tests.support.redis_server import RedisServer
from tests.support.smtp_sink import SmtpSink


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as server:
        yield server


@pytest.fixture
async def runtime(redis_server: RedisServer, sink: SmtpSink) -> AsyncIterator[Runtime]:
    """A node that sends two letters a day at most."""
    async with open_node(redis_server, smtp_url=sink.url, notification_mails_per_day=2) as opened:
        yield opened


@pytest.fixture
async def ann(runtime: Runtime) -> Account:
    """Ann, who wants letters of mentions and likes."""
    made = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        await choose_mail(uow, made.id, ["mention", "favourite", "nonsense"])
    clock_of(runtime).advance(minutes=1)
    return made


async def tell(runtime: Runtime, ann: Account, sender: Account, kind: Kind, post_id: int) -> None:
    async with runtime.write() as uow:
        made = await notify(
            uow, runtime.settings, account_id=ann.id, kind=kind, from_account_id=sender.id, post_id=post_id,
            now=runtime.now(),
        )  # fmt: skip
        assert made is not None
        await expect_letter(uow, runtime.settings, made, now=runtime.now())


async def later(runtime: Runtime) -> None:
    clock_of(runtime).advance(minutes=runtime.settings.notification_mail_minutes + 1)
    await send_due(runtime)


async def test_one_letter_tells_what_came_unseen_and_ends_with_one_click(
    runtime: Runtime, ann: Account, sink: SmtpSink
) -> None:
    bo = await make_account(runtime, "bo", display_name="Bo <b>")
    mine = await make_post(runtime, ann, "mine")
    for words in ("@ann hello & welcome", "@ann again"):
        await tell(runtime, ann, bo, "mention", (await make_post(runtime, bo, words)).id)
    await tell(runtime, ann, bo, "favourite", mine.id)
    await tell(runtime, ann, bo, "reblog", mine.id)
    await send_due(runtime)
    assert sink.mails == [], "not before a while"
    await later(runtime)
    (mail,) = sink.mails
    assert mail.recipients == ["ann@example.com"]
    plain, html = mail.part("plain"), mail.part("html")
    assert "hello & welcome" in plain
    assert "hello &amp; welcome" in html
    assert "Bo &lt;b&gt;" in html
    assert "liked your post" in plain
    assert "boosted" not in plain, "that was not wanted"
    stop = str(mail.message["List-Unsubscribe"]).strip("<>")
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stop in plain
    async with runtime.write() as uow:
        assert not await unsubscribe(uow, f"{ann.id}-{'0' * 64}")
        assert await unsubscribe(uow, stop.partition("token=")[2])
    await tell(runtime, ann, bo, "mention", (await make_post(runtime, bo, "@ann third")).id)
    await later(runtime)
    assert len(sink.mails) == 1


async def test_nobody_who_did_not_ask_or_was_here_or_has_read_gets_a_letter(
    runtime: Runtime, ann: Account, sink: SmtpSink
) -> None:
    bo = await make_account(runtime, "bo")
    await tell(runtime, bo, ann, "mention", (await make_post(runtime, ann, "@bo hello")).id)
    await tell(runtime, ann, bo, "mention", (await make_post(runtime, bo, "@ann one")).id)
    async with runtime.write() as uow:
        clock_of(runtime).advance(minutes=1)
        await uow.write(update(User).where(User.account_id == ann.id).values(last_active_at=runtime.now()))
    await later(runtime)
    assert sink.mails == []
    await tell(runtime, ann, bo, "mention", (await make_post(runtime, bo, "@ann two")).id)
    async with runtime.write() as uow:
        await read_up_to(uow, ann.id, "notifications", new_id(), now=runtime.now())
    await later(runtime)
    assert sink.mails == []
    async with runtime.read() as reader:
        assert list(await reader.scalars(select(OutgoingMail))) == []


async def test_a_private_post_is_not_quoted(runtime: Runtime, ann: Account, sink: SmtpSink) -> None:
    bo = await make_account(runtime, "bo", role="moderator")
    secret = await make_post(runtime, bo, "@ann between us", visibility="direct")
    await tell(runtime, ann, bo, "mention", secret.id)
    await later(runtime)
    (mail,) = sink.mails
    assert "between us" not in mail.part("plain")
    assert "private post" in mail.part("plain")


async def test_a_few_letters_a_day(runtime: Runtime, ann: Account, sink: SmtpSink) -> None:
    clock_of(runtime).advance(hours=(12 - runtime.now().hour) % 24)  # no midnight between the four
    bo = await make_account(runtime, "bo")
    for number in range(4):
        await tell(runtime, ann, bo, "mention", (await make_post(runtime, bo, f"@ann number{number}")).id)
        await later(runtime)
    assert len(sink.mails) == 2
    clock_of(runtime).advance(days=1)
    await tell(runtime, ann, bo, "mention", (await make_post(runtime, bo, "@ann tomorrow")).id)
    await later(runtime)
    last = sink.mails[-1].part("plain")
    assert "tomorrow" in last
    assert "number3" in last, "what there was no room for yesterday is told today"


async def test_a_letter_that_did_not_get_through_is_written_again_whole(
    runtime: Runtime, ann: Account, sink: SmtpSink
) -> None:
    bo = await make_account(runtime, "bo")
    sink.refuse["ann@example.com"] = "450 later"
    await tell(runtime, ann, bo, "mention", (await make_post(runtime, bo, "@ann first")).id)
    await later(runtime)
    assert sink.mails == []
    sink.refuse.clear()
    clock_of(runtime).advance(hours=5)
    await send_due(runtime)
    (mail,) = sink.mails
    assert "first" in mail.part("plain")
