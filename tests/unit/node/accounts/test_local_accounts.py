"""Accounts of ours: names (attack row 73), profiles (row 59), the node's own actor, suspension and deletion."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import delete

from node.accounts.keys import (
    add_missing_proof_keys,
    find_proof_key,
    instance_signing_key,
    published_keys,
    signing_key,
)
from node.accounts.models import AccountKey
from node.accounts.profile import ProfileChange
from node.accounts.queries import (
    count_local_accounts,
    find_account_by_handle,
    find_local_account,
    get_account,
    list_keys,
    search_accounts,
)
from node.accounts.rules import check_username, domain_and_parents, local_or_domain
from node.accounts.service import (
    create_local_account,
    delete_account,
    ensure_instance_actor,
    mark_remote_gone,
    suspend_account,
    unsuspend_account,
    update_profile,
)
from node.base.db.base import Base
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.runtime import Runtime
from node.events import AccountDeleted, AccountSuspended, AccountUnsuspended, ProfileUpdated
from node.follows.service import follow
from node.uris import INSTANCE_ACTOR_ID, instance_actor_name
from tests.support import make
from tests.support.make import make_account
from tests.unit.node.accounts.actors import fresh, recorded, stranger


@pytest.mark.parametrize("name", ["ann", "Ann", "a", "a" * 30, "x_1", "molly", "rolf"])
def test_ordinary_names_are_free_to_take(name: str) -> None:
    check_username(name)


@pytest.mark.parametrize(
    "name",
    ["", "a" * 31, "аdmin", "ann.", "an n", "ann\u200b", "ann-b", "ann\n", "@ann", "élan", "ann@x", "１２"],
)
def test_malformed_names_are_refused_even_to_an_operator(name: str) -> None:
    with pytest.raises(Invalid):
        check_username(name, may_be_reserved=True)


@pytest.mark.parametrize(
    "name", ["admin", "Admin", "ADMIN", "adm1n", "_admin_", "support", "mastodon", "r00t", "inb0x", "rnoderator", "__"]
)
def test_reserved_names_and_their_lookalikes_are_refused(name: str) -> None:
    with pytest.raises(Invalid, match="reserved"):
        check_username(name)


def test_an_operator_may_take_a_reserved_name() -> None:
    check_username("admin", may_be_reserved=True)


@pytest.mark.parametrize(
    ("public_url", "name"),
    [
        ("https://social.example", "social.example"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://[::1]:8000", "--1"),
    ],
)
def test_the_nodes_own_name_has_no_colon(runtime: Runtime, public_url: str, name: str) -> None:
    """DISC-8: GoToSocial cannot read a user name with the port in it, and refuses every request it signed."""
    assert instance_actor_name(replace(runtime.settings, public_url=public_url)) == name


async def test_a_name_is_one_in_any_case(runtime: Runtime) -> None:
    ann = await make_account(runtime, "Ann")
    with pytest.raises(Invalid, match="taken"):
        await make_account(runtime, "aNN")
    async with runtime.read() as reader:
        found = await find_local_account(reader, "ANN")
        assert found is not None
        assert (found.id, found.username) == (ann.id, "Ann")


async def test_twenty_people_at_once_get_one_name_once(runtime: Runtime) -> None:
    """The unique key decides, not a look before it (row 115)."""
    results = await asyncio.gather(*(make_account(runtime, "race") for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(result, Invalid) for result in results if isinstance(result, BaseException))


async def test_the_name_of_a_deleted_account_is_never_given_again(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        assert await delete_account(uow, ann.id, now=runtime.now())
        assert not await delete_account(uow, ann.id, now=runtime.now())
    with pytest.raises(Invalid, match="taken"):
        async with runtime.write() as uow:
            await create_local_account(uow, runtime.settings, "ANN", now=runtime.now(), key_pair=make.test_key_pair())
    assert await recorded(runtime) == [AccountDeleted(ann.id)]


async def test_deletion_wipes_the_person_and_keeps_the_key(runtime: Runtime) -> None:
    """MOD-1: the Delete is still to be signed."""
    ann = await make_account(runtime, "ann", display_name="Ann", note="me", avatar_key="a/b.png")
    async with runtime.write() as uow:
        await delete_account(uow, ann.id, now=runtime.now())
    after = await fresh(runtime, ann)
    assert (after.display_name, after.note, after.avatar_key, after.is_gone) == ("", "", "", True)
    async with runtime.read() as reader:
        assert (await signing_key(reader, ann.id)).key_id == f"{ann.uri}#main-key"
        with pytest.raises(NotFound):
            await get_account(reader, ann.id)
        assert (await get_account(reader, ann.id, include_gone=True)).id == ann.id


async def test_a_remote_account_is_not_deleted_as_if_it_were_ours_nor_the_other_way_round(runtime: Runtime) -> None:
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime)
    async with runtime.write() as uow:
        with pytest.raises(Forbidden):
            await delete_account(uow, alice.id, now=runtime.now())
        with pytest.raises(Forbidden):
            await mark_remote_gone(uow, ann.id)
        assert await mark_remote_gone(uow, alice.id)
    assert (await fresh(runtime, alice)).deleted_at is not None
    assert not (await fresh(runtime, ann)).is_gone


async def test_suspending_is_recorded_once_and_can_be_lifted(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        assert await suspend_account(uow, ann.id, now=runtime.now())
        assert not await suspend_account(uow, ann.id, now=runtime.now())
        with pytest.raises(NotFound):
            await get_account(uow, ann.id)
        assert await unsuspend_account(uow, ann.id)
        assert not await unsuspend_account(uow, ann.id)
    assert await recorded(runtime) == [AccountSuspended(ann.id), AccountUnsuspended(ann.id)]


async def test_unsuspending_does_not_bring_a_deleted_account_back(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        await suspend_account(uow, ann.id, now=runtime.now())
        await delete_account(uow, ann.id, now=runtime.now())
        assert not await unsuspend_account(uow, ann.id)
    assert (await fresh(runtime, ann)).is_gone


async def test_the_nodes_own_actor_cannot_be_touched(runtime: Runtime) -> None:
    async with runtime.write() as uow:
        for act in (suspend_account, delete_account):
            with pytest.raises(Forbidden):
                await act(uow, INSTANCE_ACTOR_ID, now=runtime.now())


async def test_the_nodes_own_actor_is_made_once_and_follows_the_public_url(runtime: Runtime) -> None:
    """DISC-8."""
    moved = replace(runtime.settings, public_url="https://elsewhere.test")
    async with runtime.write() as uow:
        same = await ensure_instance_actor(uow, runtime.settings, runtime.now())
        assert (same.id, same.uri, same.actor_type) == (1, "http://localhost:8000/actor", "Application")
        after = await ensure_instance_actor(uow, moved, runtime.now())
        assert (after.uri, after.username) == ("https://elsewhere.test/actor", "elsewhere.test")
        assert (await instance_signing_key(uow)).key_id == "https://elsewhere.test/actor#main-key"
        assert {key.key_id for key in await list_keys(uow, 1)} == {
            "https://elsewhere.test/actor#main-key",
            "https://elsewhere.test/actor#ed25519-key",
        }
        assert await count_local_accounts(uow) == 0


async def test_a_key_pair_stays_out_of_what_is_printed(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.read() as reader:
        assert "PRIVATE" not in repr(await signing_key(reader, ann.id))
        with pytest.raises(NotFound):
            await signing_key(reader, 12345)


async def test_a_profile_changes_only_where_asked_and_tells_once(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann", note="old")
    change = ProfileChange(display_name="  Ann\u202e  B ", fields=[("Site", "https://x.test"), ("", "")], bot=True)
    for _ in range(2):
        async with runtime.write() as uow:
            await update_profile(uow, runtime.settings, ann.id, change)
    after = await fresh(runtime, ann)
    assert (after.display_name, after.note, after.actor_type, after.version) == ("Ann B", "old", "Service", 2)
    assert after.fields == [{"name": "Site", "value": "https://x.test", "verified_at": None}]
    assert await recorded(runtime) == [ProfileUpdated(ann.id)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (ProfileChange(display_name="x" * 61), "display_name"),
        (ProfileChange(note="x" * 1001), "note"),
        (ProfileChange(fields=[("a", "b")] * 7), "fields"),
        (ProfileChange(fields=[("a", "")]), "fields"),
        (ProfileChange(fields=[("a", "x" * 501)]), "fields"),
    ],
)
async def test_a_profile_beyond_its_limits_is_refused_and_nothing_changes(
    runtime: Runtime, change: ProfileChange, field: str
) -> None:
    ann = await make_account(runtime, "ann", note="old")
    with pytest.raises(Invalid) as refused:
        async with runtime.write() as uow:
            await update_profile(uow, runtime.settings, ann.id, change)
    assert list(refused.value.fields) == [field]
    assert (await fresh(runtime, ann)).version == 1
    assert await recorded(runtime) == []


async def test_nobody_changes_the_profile_of_a_remote_or_suspended_account(runtime: Runtime) -> None:
    alice = await stranger(runtime)
    ann = await make_account(runtime, "ann", suspended_at=runtime.now())
    async with runtime.write() as uow:
        with pytest.raises(Forbidden):
            await update_profile(uow, runtime.settings, alice.id, ProfileChange(note="x"))
        with pytest.raises(NotFound):
            await update_profile(uow, runtime.settings, ann.id, ProfileChange(note="x"))


async def test_handles_of_our_own_domain_mean_our_own_people(runtime: Runtime) -> None:
    settings = replace(runtime.settings, handle_domain="example.test")
    assert local_or_domain(settings, None) == ""
    assert local_or_domain(settings, "EXAMPLE.test") == ""
    assert local_or_domain(settings, "localhost:8000") == ""
    assert local_or_domain(settings, "Good.Test:443") == "good.test"
    for odd in ("good/.test", "evil.test/good.test", "good%2etest", "ｅxample.test", "a b"):  # attack row 23
        assert local_or_domain(settings, odd) not in {"", "good.test", "example.test"}


def test_a_policy_reaches_subdomains_and_ports_but_no_neighbours() -> None:
    assert domain_and_parents("Sub.Blocked.test:8443") == (
        "sub.blocked.test:8443", "sub.blocked.test", "blocked.test", "test",
    )  # fmt: skip
    assert domain_and_parents("blocked.test.") == ("blocked.test", "test")
    assert domain_and_parents("127.0.0.2:8001") == ("127.0.0.2:8001", "127.0.0.2")


async def test_search_finds_names_and_handles_best_first(runtime: Runtime) -> None:
    ann, anna = await make_account(runtime, "ann"), await make_account(runtime, "anna")
    far = await stranger(runtime, "ann", "good.test")
    shown = await make_account(runtime, "zed", display_name="Dr ANN Doe")
    bo = await make_account(runtime, "bo")
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, bo, anna, now=runtime.now())
    async with runtime.read() as reader:

        async def ids(text: str, **how: object) -> list[int]:
            return [found.id for found in await search_accounts(reader, text, **how)]  # type: ignore[arg-type]

        assert (await ids("@ANN", viewer_id=bo.id))[:3] == [ann.id, far.id, anna.id]
        assert shown.id in await ids("ann")
        assert await ids("ann@good") == [far.id]
        assert await ids("ann", viewer_id=bo.id, following_only=True) == [anna.id]
        assert await ids("ann", following_only=True) == []
        assert await ids("%") == await ids("_") == await ids(" ") == []
        assert await find_account_by_handle(reader, "Ann", "good.test") is not None


async def test_search_hides_who_is_gone_or_behind_a_block(runtime: Runtime) -> None:
    from node.blocks.service import block

    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    await make_account(runtime, "annex", suspended_at=runtime.now())
    async with runtime.write() as uow:
        await block(uow, runtime.settings, ann, bo, now=runtime.now())
    async with runtime.read() as reader:
        assert await search_accounts(reader, "ann", viewer_id=bo.id) == []
        assert [found.id for found in await search_accounts(reader, "ann")] == [ann.id]


def test_the_borrowed_table_names_are_those_of_the_models() -> None:
    """`relations` names tables of floors above; their columns must exist there."""
    from admin.schema import metadata
    from node.accounts import relations

    assert metadata() is Base.metadata
    for borrowed in (relations.FOLLOWS, relations.BLOCKS, relations.MUTES, relations.DOMAIN_POLICIES):
        assert set(borrowed.c.keys()) <= set(Base.metadata.tables[borrowed.name].c.keys())


async def test_accounts_from_before_get_a_proof_key_once(runtime: Runtime) -> None:
    """ACT-1, SIG-22: those that have none; the RSA key stays the one that signs requests."""
    ann, bob = await make_account(runtime, "ann"), await make_account(runtime, "bob")
    async with runtime.write() as uow:
        await uow.write(delete(AccountKey).where(AccountKey.key_id == f"{ann.uri}#ed25519-key"))
    async with runtime.read() as reader:
        before = await find_proof_key(reader, bob.id)
        assert await find_proof_key(reader, ann.id) is None
        assert (await published_keys(reader, ann.id)).multikey is None
    for more in (True, False, False):
        async with runtime.write() as uow:
            assert await add_missing_proof_keys(uow, runtime.settings, now=runtime.now(), limit=1) is more
    async with runtime.read() as reader:
        made = await find_proof_key(reader, ann.id)
        assert made is not None
        assert made.key_id == f"{ann.uri}#ed25519-key"
        assert await find_proof_key(reader, bob.id) == before
        assert (await signing_key(reader, ann.id)).key_id == f"{ann.uri}#main-key"
        published = await published_keys(reader, ann.id)
    assert published.key_id == f"{ann.uri}#main-key"
    assert (published.multikey or "").startswith("z6Mk")
