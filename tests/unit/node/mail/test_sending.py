"""Letters about accounts, through the drain, to a real mail server on loopback: who gets what, and who never does."""

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from node.auth.models import OneTimeLink, User
from node.auth.service import (
    authenticate,
    confirm_email,
    create_token,
    find_session,
    find_token,
    open_session,
    request_reset,
    reset_password,
    sign_up,
)
from node.base.errors import Gone, Invalid
from node.base.runtime import Runtime
from node.mail.jobs import is_due, send_due
from node.mail.letters import Letter, is_address, message_of
from node.mail.models import OutgoingMail
from node.mail.sending import MailServer, server_of
from node.mail.service import request_mail
from tests.support import make
from tests.support.make import make_account
from tests.support.nodes import clock_of, open_node
from tests.support.redis_server import RedisServer
from tests.support.smtp_sink import SmtpSink

WHO = "ann@example.com"


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as server:
        yield server


@pytest.fixture
async def runtime(redis_server: RedisServer, database_url: str, sink: SmtpSink) -> AsyncIterator[Runtime]:
    """A node that sends mail."""
    async with open_node(redis_server, database_url=database_url, smtp_url=sink.url, site_name="The Rookery") as opened:
        yield opened


async def join(runtime: Runtime, username: str = "ann", email: str = WHO) -> User:
    async with runtime.write() as uow:
        return await sign_up(
            uow, runtime.settings, username=username, email=email, password="correct horse battery",
            now=runtime.now(), key_pair=make.test_key_pair(),
        )  # fmt: skip


async def ask_reset(runtime: Runtime, login: str) -> None:
    async with runtime.write() as uow:
        await request_reset(uow, runtime.settings, login, now=runtime.now())


async def waiting(runtime: Runtime) -> list[OutgoingMail]:
    async with runtime.read() as reader:
        return list(await reader.scalars(select(OutgoingMail)))


def secret_in(text: str) -> str:
    found = re.search(r"token=([A-Za-z0-9_-]{20,})", text)
    assert found is not None, text
    return found[1]


async def test_sign_up_is_confirmed_by_mail(runtime: Runtime, sink: SmtpSink) -> None:
    user = await join(runtime)
    assert not user.is_usable
    assert await is_due(runtime, runtime.now())
    assert not await send_due(runtime)
    (mail,) = sink.mails
    assert (mail.sender, mail.recipients) == ("noreply@localhost", [WHO])
    assert mail.message["From"] == "The Rookery <noreply@localhost>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    secret = secret_in(mail.part("plain"))
    assert secret == secret_in(mail.part("html"))
    assert f"{runtime.settings.public_url}/auth/confirm?token={secret}" in mail.part("plain")
    async with runtime.write() as uow:
        confirmed = await confirm_email(uow, secret, now=runtime.now())
    assert confirmed.account_id == user.account_id
    assert confirmed.is_usable
    with pytest.raises(Gone):
        async with runtime.write() as uow:
            await confirm_email(uow, secret, now=runtime.now())
    assert await waiting(runtime) == []
    assert not await is_due(runtime, runtime.now())


async def test_a_refused_sign_up_mails_nobody(runtime: Runtime, sink: SmtpSink) -> None:
    await join(runtime)
    await send_due(runtime)
    with pytest.raises(Invalid):
        await join(runtime, "ann", "other@example.com")
    await send_due(runtime)
    assert len(sink.mails) == 1


@pytest.mark.parametrize("typed", [WHO, "ANN@example.com", "ann+more@example.com"])
async def test_row_99_only_the_mail_tells_that_an_address_is_taken(
    runtime: Runtime, sink: SmtpSink, typed: str
) -> None:
    """The same answer as for a new address; the account can never be confirmed."""
    await make_account(runtime, "ann")
    second = await join(runtime, "ann2", typed)
    assert not second.is_usable
    await send_due(runtime)
    (mail,) = sink.mails
    assert mail.recipients == [typed.lower()]
    assert "You have an account at" in str(mail.message["Subject"])
    assert "token=" not in mail.raw.decode()
    async with runtime.read() as reader:
        assert list(await reader.scalars(select(OneTimeLink))) == []


async def test_a_new_password_by_mail_ends_every_session_and_token(runtime: Runtime, sink: SmtpSink) -> None:
    """Attacks row 95."""
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        session = await open_session(uow, ann.id, now=runtime.now())
        token = await create_token(uow, ann.id, "read", now=runtime.now())
    await ask_reset(runtime, WHO)
    await send_due(runtime)
    secret = secret_in(sink.mails[0].part("plain"))
    async with runtime.write() as uow:
        assert await reset_password(uow, runtime.settings, secret, "another long one", now=runtime.now()) == ann.id
    async with runtime.read() as reader:
        assert await find_session(reader, session, runtime.now()) is None
        assert await find_token(reader, token, runtime.now()) is None
        assert await authenticate(reader, "ann", "correct horse battery") is None
        assert await authenticate(reader, "ann", "another long one") is not None
    with pytest.raises(Gone):
        async with runtime.write() as uow:
            await reset_password(uow, runtime.settings, secret, "a third long one", now=runtime.now())
    await send_due(runtime)
    assert [str(mail.message["Subject"]) for mail in sink.mails] == [
        "A new password at localhost:8000",
        "Your password at localhost:8000 was changed",
    ]


async def test_a_weak_password_does_not_use_the_link_up(runtime: Runtime, sink: SmtpSink) -> None:
    await make_account(runtime, "ann")
    await ask_reset(runtime, "ann")
    await send_due(runtime)
    secret = secret_in(sink.mails[0].part("plain"))
    with pytest.raises(Invalid):
        async with runtime.write() as uow:
            await reset_password(uow, runtime.settings, secret, "short", now=runtime.now())
    async with runtime.write() as uow:
        await reset_password(uow, runtime.settings, secret, "a good long one", now=runtime.now())


async def test_a_link_for_one_purpose_serves_no_other_and_ends(runtime: Runtime, sink: SmtpSink) -> None:
    await make_account(runtime, "ann")
    await ask_reset(runtime, "ann")
    await send_due(runtime)
    secret = secret_in(sink.mails[0].part("plain"))
    with pytest.raises(Gone):
        async with runtime.write() as uow:
            await confirm_email(uow, secret, now=runtime.now())
    clock_of(runtime).advance(hours=7)
    with pytest.raises(Gone):
        async with runtime.write() as uow:
            await reset_password(uow, runtime.settings, secret, "a good long one", now=runtime.now())


async def test_a_reset_confirms_the_address_too(runtime: Runtime, sink: SmtpSink) -> None:
    user = await join(runtime)
    await ask_reset(runtime, "ann")
    await send_due(runtime)
    reset = next(mail for mail in sink.mails if "new password" in str(mail.message["Subject"]))
    async with runtime.write() as uow:
        await reset_password(
            uow, runtime.settings, secret_in(reset.part("plain")), "a good long one", now=runtime.now()
        )
    async with runtime.read() as reader:
        again = await authenticate(reader, WHO, "a good long one")
    assert again is not None
    assert again.account_id == user.account_id
    assert again.is_usable


@pytest.mark.parametrize("login", ["nobody", "nobody@example.com", "ann@example.com.evil.test", "аnn@example.com"])
async def test_rows_99_and_101_nobody_is_told_about_strangers(runtime: Runtime, sink: SmtpSink, login: str) -> None:
    """The request leaves the same row as for somebody; no letter comes of it, not even with a homoglyph."""
    await make_account(runtime, "ann")
    await ask_reset(runtime, login)
    assert len(await waiting(runtime)) == 1
    await send_due(runtime)
    assert sink.mails == []
    assert await waiting(runtime) == []


async def test_row_101_a_reset_goes_to_the_stored_address_alone(runtime: Runtime, sink: SmtpSink) -> None:
    await make_account(runtime, "ann")
    await ask_reset(runtime, " ANN@example.com ")
    await send_due(runtime)
    assert sink.mails[0].recipients == [WHO]
    await ask_reset(runtime, "ann@example.com, eve@evil.test")
    await ask_reset(runtime, "ann@example.com\r\nBcc: eve@evil.test")
    await send_due(runtime)
    assert len(sink.mails) == 1


async def test_asking_again_and_again_mails_once(runtime: Runtime, sink: SmtpSink) -> None:
    await make_account(runtime, "ann")
    for login in ("ann", WHO, "ann"):
        await ask_reset(runtime, login)
    await send_due(runtime)
    assert len(sink.mails) == 1
    clock_of(runtime).advance(minutes=3)
    await ask_reset(runtime, "ann")
    await send_due(runtime)
    assert len(sink.mails) == 2
    with pytest.raises(Gone):  # the newest letter's link is the one that works
        async with runtime.write() as uow:
            await reset_password(
                uow, runtime.settings, secret_in(sink.mails[0].part("plain")), "a good long one", now=runtime.now()
            )


async def test_a_server_that_is_away_is_tried_again(runtime: Runtime, sink: SmtpSink) -> None:
    await make_account(runtime, "ann")
    await ask_reset(runtime, "ann")
    await sink.__aexit__()
    await send_due(runtime)
    (row,) = await waiting(runtime)
    assert row.due_at > runtime.now()
    assert "ConnectionRefusedError" in row.last_error
    await sink.__aenter__()
    clock_of(runtime).advance(minutes=2)
    await send_due(runtime)
    assert len(sink.mails) == 1
    assert secret_in(sink.mails[0].part("plain"))
    assert await waiting(runtime) == []


async def test_a_recipient_who_is_refused_for_now_or_for_good(runtime: Runtime, sink: SmtpSink) -> None:
    await make_account(runtime, "ann")
    await make_account(runtime, "bob")
    sink.refuse = {WHO: "450 later", "bob@example.com": "550 no such user"}
    for login in ("ann", "bob"):
        await ask_reset(runtime, login)
    await send_due(runtime)
    ann, bob = sorted(await waiting(runtime), key=lambda row: row.id)
    assert (ann.parked_at, ann.last_error) == (None, "450 later")
    assert bob.parked_at is not None
    sink.refuse.clear()
    clock_of(runtime).advance(minutes=2)
    await send_due(runtime)
    assert [mail.recipients for mail in sink.mails] == [[WHO]]


async def test_after_two_days_a_letter_is_given_up(runtime: Runtime, sink: SmtpSink) -> None:
    await make_account(runtime, "ann")
    await ask_reset(runtime, "ann")
    sink.refuse = {WHO: "450 later"}
    clock_of(runtime).advance(days=2, minutes=1)
    await send_due(runtime)
    (row,) = await waiting(runtime)
    assert row.parked_at is not None


async def test_one_letter_that_cannot_be_written_holds_up_no_other(runtime: Runtime, sink: SmtpSink) -> None:
    await make_account(runtime, "ann")
    async with runtime.write() as uow:
        await request_mail(uow, runtime.settings, "no such kind", now=runtime.now())
        await request_mail(uow, runtime.settings, "taken", addressee="a@b\r\nBcc: eve@evil.test", now=runtime.now())
    await ask_reset(runtime, "ann")
    await send_due(runtime)
    assert len(sink.mails) == 1
    assert b"evil" not in sink.mails[0].raw
    assert len(await waiting(runtime)) == 2


async def test_a_gone_account_gets_no_mail(runtime: Runtime, sink: SmtpSink) -> None:
    await make_account(runtime, "ann", suspended_at=runtime.now())
    await ask_reset(runtime, WHO)
    await send_due(runtime)
    assert sink.mails == []


async def test_without_a_mail_server_nothing_is_kept(redis_server: RedisServer) -> None:
    async with open_node(redis_server) as runtime:
        await make_account(runtime, "ann")
        await ask_reset(runtime, "ann")
        assert await waiting(runtime) == []
        assert not await is_due(runtime, runtime.now())
        assert not await send_due(runtime)


async def test_a_password_goes_to_the_server(redis_server: RedisServer) -> None:
    async with SmtpSink(extensions=["AUTH PLAIN"]) as sink:
        url = f"smtp://rookery:p%40ss@127.0.0.1:{sink.port}"
        async with open_node(redis_server, smtp_url=url, mail_from="rooks@example.com") as runtime:
            await make_account(runtime, "ann")
            await ask_reset(runtime, "ann")
            await send_due(runtime)
        assert sink.logins == 1
        assert sink.mails[0].sender == "rooks@example.com"


def test_where_a_server_is() -> None:
    assert server_of("smtps://u:p%40@mail.example") == MailServer("mail.example", 465, "u", "p@", True)
    assert server_of("smtp://mail.example") == MailServer("mail.example", 25, "", "", False)
    assert server_of("smtp://u:p@mail.example").port == 587
    with pytest.raises(ValueError, match="smtp"):
        server_of("http://mail.example")


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@", "@b", "a@b@c", "a@b\r\nBcc: e@f", "a b@c", "a,b@c", '"a"@b', "<a@b>", "a@b>", "a\x00@b", "ä@b.c"],
)
def test_row_101_what_is_no_address(address: str) -> None:
    assert not is_address(address)


async def test_row_101_no_header_is_injected(runtime: Runtime) -> None:
    now = runtime.now()
    with pytest.raises(ValueError, match="address"):
        message_of(Letter("a@b\nBcc: c@d", "x"), kind="taken", mail_id=1, settings=runtime.settings, now=now)
    with pytest.raises(ValueError):
        message_of(
            Letter("a@b.c", "x\nBcc: c@d", {"link": ""}), kind="taken", mail_id=1, settings=runtime.settings, now=now
        )
