"""Sign-up in its four modes, the first admin, and what an operator makes (rows 73, 99, 101, 113)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from admin.pruning import prune
from node.accounts.queries import count_local_accounts, find_local_account
from node.auth.models import SignUpNetwork, User
from node.auth.queries import has_admin
from node.auth.service import (
    approve_user,
    confirm_email,
    create_link,
    create_setup_link,
    create_user,
    redeem_setup_link,
    sign_up,
)
from node.base.errors import Forbidden, Gone, Invalid
from node.base.runtime import Runtime
from tests.support import make
from tests.support.make import make_account
from tests.support.nodes import clock_of


async def join(runtime: Runtime, username: str = "ann", **how: Any) -> User:
    settings = replace(runtime.settings, **how.pop("settings", {}))
    values = {"email": f"{username}@example.com", "password": "correct horse", **how}
    async with runtime.write() as uow:
        return await sign_up(
            uow, settings, username=username, now=runtime.now(), key_pair=make.test_key_pair(), **values
        )


async def test_a_visitor_signs_up_and_may_act_at_once(runtime: Runtime) -> None:
    user = await join(runtime, email=" Ann@Example.com ")
    assert (user.email, user.role, user.is_usable) == ("ann@example.com", "user", True)
    assert "correct horse" not in user.password_hash
    assert user.password_hash.startswith("$argon2id$")


async def test_the_network_somebody_signed_up_from_is_kept_for_a_month(runtime: Runtime) -> None:
    """And no more of it than says who came together; of our own proxy's nothing."""
    ann = await join(runtime, address="203.0.114.77")
    await join(runtime, "bob", address="127.0.0.1")

    async def kept() -> list[tuple[int, str]]:
        async with runtime.read() as reader:
            return [(row.account_id, row.network) for row in await reader.scalars(select(SignUpNetwork))]

    assert await kept() == [(ann.account_id, "203.0.114.0/24")]
    clock_of(runtime).advance(days=29)
    await prune(runtime)
    assert len(await kept()) == 1
    clock_of(runtime).advance(days=2)
    await prune(runtime)
    assert await kept() == []


async def test_closed_means_closed(runtime: Runtime) -> None:
    with pytest.raises(Forbidden):
        await join(runtime, settings={"registrations": "closed"})


async def test_approval_makes_people_wait(runtime: Runtime) -> None:
    user = await join(runtime, settings={"registrations": "approval"}, reason="I like birds")
    assert (user.is_usable, user.sign_up_reason) == (False, "I like birds")
    async with runtime.write() as uow:
        assert await approve_user(uow, user.account_id, now=runtime.now())
        assert not await approve_user(uow, user.account_id, now=runtime.now())


async def test_an_invitation_lets_one_person_in(runtime: Runtime) -> None:
    invited: dict[str, Any] = {"settings": {"registrations": "invite"}}
    with pytest.raises(Forbidden):
        await join(runtime, **invited)
    async with runtime.write() as uow:
        secret = await create_link(uow, "invite", now=runtime.now())
        setup = await create_link(uow, "setup", now=runtime.now())
    with pytest.raises(Gone):
        await join(runtime, invite=setup, **invited)
    assert (await join(runtime, invite=secret, **invited)).is_usable
    with pytest.raises(Gone):
        await join(runtime, "bo", invite=secret, **invited)
    async with runtime.read() as reader:
        assert await find_local_account(reader, "bo") is None


async def test_all_that_is_wrong_is_said_at_once_and_nothing_stays_behind(runtime: Runtime) -> None:
    with pytest.raises(Invalid) as refused:
        await join(runtime, "Admin", email="no", password="short", reason="x" * 1001)
    assert set(refused.value.fields) == {"username", "email", "password", "reason"}
    async with runtime.read() as reader:
        assert await count_local_accounts(reader) == 0


@pytest.mark.parametrize("email", ["ann@example.com", "ANN@example.com", "ann+two@example.com"])
async def test_a_taken_address_gets_the_answer_of_a_malformed_one(runtime: Runtime, email: str) -> None:
    """Row 99; and `+` aliases do not multiply accounts (row 101)."""
    await join(runtime, email="ann+one@example.com") if "+" in email else await join(runtime)
    answers = []
    for attempt in (email, "not an address"):
        with pytest.raises(Invalid) as refused:
            await join(runtime, "bo", email=attempt)
        answers.append(refused.value.fields)
    assert answers[0] == answers[1]
    async with runtime.read() as reader:
        assert await find_local_account(reader, "bo") is None


async def test_a_wildcard_in_an_address_matches_nobody(runtime: Runtime) -> None:
    await join(runtime, "ann", email="axb+c@example.com")
    assert (await join(runtime, "bo", email="a_b@example.com")).is_usable


async def test_twenty_sign_ups_with_one_address_make_one_account(runtime: Runtime) -> None:
    tries = (join(runtime, f"p{number}", email="same@example.com") for number in range(20))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, User) for result in results) == 1
    async with runtime.read() as reader:
        assert await count_local_accounts(reader) == 1


async def test_the_setup_link_makes_one_admin_once(runtime: Runtime) -> None:
    """Row 113."""
    async with runtime.write() as uow:
        old = await create_setup_link(uow, runtime.now())
        secret = await create_setup_link(uow, runtime.now())

    async def redeem(secret: str, name: str) -> User:
        async with runtime.write() as uow:
            return await redeem_setup_link(
                uow,
                secret,
                runtime.settings,
                username=name,
                email=f"{name}@example.com",
                password="correct horse",
                now=runtime.now(),
                key_pair=make.test_key_pair(),
            )

    with pytest.raises(Gone):
        await redeem(old, "old")
    results = await asyncio.gather(*(redeem(secret, f"n{n}") for n in range(5)), return_exceptions=True)
    admins = [result for result in results if isinstance(result, User)]
    assert [admin.role for admin in admins] == ["admin"]
    assert sum(isinstance(result, Gone) for result in results) == 4
    async with runtime.write() as uow:
        assert await has_admin(uow)
        late = await create_setup_link(uow, runtime.now())
    with pytest.raises(Gone, match="admin already"):
        await redeem(late, "late")


async def test_links_grow_old(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        secret = await create_link(uow, "confirm", account_id=ann.id, now=runtime.now())
    clock_of(runtime).advance(days=3)
    with pytest.raises(Gone):
        async with runtime.write() as uow:
            await confirm_email(uow, secret, now=runtime.now())


async def test_an_operator_makes_usable_accounts_with_reserved_names(runtime: Runtime) -> None:
    async with runtime.write() as uow:
        user = await create_user(
            uow,
            replace(runtime.settings, registrations="closed"),
            username="admin",
            email="root@localhost",
            password="correct horse",
            role="admin",
            now=runtime.now(),
            key_pair=make.test_key_pair(),
        )
    assert (user.role, user.is_usable) == ("admin", True)
