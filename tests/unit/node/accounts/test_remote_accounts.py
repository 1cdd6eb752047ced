"""Storing actors of other servers: identity, handles (DISC-4), keys (rows 13, 14), sanitising (row 75)."""

import asyncio
from datetime import timedelta

import pytest

from federation.errors import MalformedDocument
from node.accounts.queries import find_account_by_handle, find_key, list_keys
from node.accounts.service import mark_remote_gone, set_reported_counts
from node.base.errors import Forbidden
from node.base.runtime import Runtime
from node.moderation.service import set_domain_policy
from tests.support import make
from tests.support.make import make_account
from tests.unit.node.accounts.actors import OTHER_PEM, actor, fresh, store, stranger


async def test_an_unverified_name_is_shown_under_the_host_of_the_id(runtime: Runtime) -> None:
    found = await store(runtime, actor("alice", "web.good.test"))
    assert (found.acct, found.handle_confirmed) == ("alice@web.good.test", False)
    found = await store(runtime, actor("alice", "web.good.test"), handle="@alice@good.test")
    assert (found.acct, found.handle_confirmed) == ("alice@good.test", True)


async def test_an_announced_name_changes_nothing_but_a_verified_one_does(runtime: Runtime) -> None:
    """Row 37: an Update that swaps preferredUsername."""
    alice = await stranger(runtime)
    await store(runtime, actor(preferredUsername="root"))
    assert (await fresh(runtime, alice)).acct == "alice@good.test"
    await store(runtime, actor(preferredUsername="alma"), handle="@alma@good.test")
    assert (await fresh(runtime, alice)).acct == "alma@good.test"


async def test_a_handle_that_moved_frees_it_from_the_old_record(runtime: Runtime) -> None:
    """DISC-4: identity is the id."""
    old = await store(runtime, actor("1", preferredUsername="alice"), handle="@alice@good.test")
    new = await store(runtime, actor("2", preferredUsername="alice"), handle="@alice@good.test")
    async with runtime.read() as reader:
        holder = await find_account_by_handle(reader, "ALICE", "good.test")
    assert holder is not None
    assert holder.id == new.id != old.id
    before = await fresh(runtime, old)
    assert (before.handle_confirmed, before.username) == (False, f"alice.{old.id}")


async def test_an_unverified_actor_never_takes_somebodys_handle(runtime: Runtime) -> None:
    alice = await stranger(runtime)
    other = await store(runtime, actor("2", preferredUsername="alice"))
    assert (await fresh(runtime, alice)).acct == "alice@good.test"
    assert other.acct == f"alice.{other.id}@good.test"


LONG = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(2048))
"""As long as a name may be, and of no use to a compressor: 6 kB in UTF-8, more than an index takes."""


@pytest.mark.parametrize("name", ["a" * 2048, "ß" * 2048, LONG])
async def test_a_name_of_the_greatest_length_is_stored_found_and_freed(runtime: Runtime, name: str) -> None:
    first = await store(runtime, actor("1", preferredUsername=name), handle=None)
    second = await store(runtime, actor("2", preferredUsername=name))
    assert len(second.username) <= 2048
    async with runtime.read() as reader:
        found = await find_account_by_handle(reader, name.upper() if name.isascii() else name, "good.test")
        assert found is not None
        assert found.id == first.id


async def test_an_id_that_no_index_could_hold_is_refused() -> None:
    with pytest.raises(MalformedDocument):
        actor("x", id=f"https://good.test/{LONG[:1000]}")


async def test_our_own_actors_and_names_are_out_of_reach(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    claimed = actor("x", "localhost:8000", id=ann.uri, inbox=f"{ann.uri}/inbox")
    with pytest.raises(Forbidden):
        await store(runtime, claimed)
    assert (await fresh(runtime, ann)).username == "ann"


async def test_a_deleted_actor_does_not_come_back(runtime: Runtime) -> None:
    """Row 115: the tombstone wins over a late Update."""
    alice = await stranger(runtime)
    async with runtime.write() as uow:
        await mark_remote_gone(uow, alice.id)
    with pytest.raises(Forbidden):
        await stranger(runtime)


async def test_everything_foreign_is_sanitised_on_the_way_in(runtime: Runtime) -> None:
    """Row 75."""
    found = await stranger(
        runtime,
        name="alice",
        summary='<p onclick="x()">Hi<script>alert(1)</script></p>',
        attachment=[{"type": "PropertyValue", "name": "<b>Site</b>", "value": '<a href="javascript:x">y</a>'}],
    )
    assert found.note == "<p>Hi</p>"
    assert found.fields == [{"name": "Site", "value": "y", "verified_at": None}]
    found = await stranger(runtime, name="alice", summary="x")
    assert found.note == "x"


async def test_the_version_grows_with_what_people_see_and_with_nothing_else(runtime: Runtime) -> None:
    alice = await stranger(runtime, name="alice")
    before = alice.version
    assert (await stranger(runtime)).version == before
    assert (await stranger(runtime, summary="new")).version == before + 1


async def test_suspension_by_origin_hides_until_an_update_clears_it(runtime: Runtime) -> None:
    """ACT-4."""
    assert (await stranger(runtime, suspended=True)).is_gone
    assert not (await stranger(runtime)).is_gone


async def test_a_join_date_never_lies_in_the_future(runtime: Runtime) -> None:
    found = await stranger(runtime, published="9999-01-01T00:00:00Z")
    assert found.created_at <= runtime.now()


async def test_reported_counts_are_clamped_and_only_for_others(runtime: Runtime) -> None:
    """Row 51."""
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime)
    async with runtime.write() as uow:
        await set_reported_counts(uow, alice.id, followers=-1, posts=10**18)
        await set_reported_counts(uow, ann.id, followers=99)
    after = await fresh(runtime, alice)
    assert (after.followers_count, after.posts_count) == (0, 2**53)
    assert (await fresh(runtime, ann)).followers_count == 0


async def test_the_first_owner_of_a_key_id_keeps_it(runtime: Runtime) -> None:
    """Row 13."""
    alice = await stranger(runtime)
    key_id = f"{alice.uri}#main-key"
    thief = actor("mallory", publicKey={"id": key_id, "owner": "https://good.test/users/mallory",
                                        "publicKeyPem": OTHER_PEM})  # fmt: skip
    await store(runtime, thief)
    async with runtime.read() as reader:
        key = await find_key(reader, key_id)
    assert key is not None
    assert (key.account_id, key.public_pem.strip()) == (alice.id, make.test_key_pair()[1].strip())


async def test_a_rolled_over_key_replaces_the_old_one(runtime: Runtime) -> None:
    """Row 14: the old key is refused from then on. Also when the id stays."""
    alice = await stranger(runtime)
    for key_id in (f"{alice.uri}#main-key", f"{alice.uri}#second"):
        owner = {"id": key_id, "owner": alice.uri, "publicKeyPem": OTHER_PEM}
        await stranger(runtime, publicKey=owner)
        async with runtime.read() as reader:
            keys = await list_keys(reader, alice.id)
        assert [(key.key_id, key.public_pem.strip()) for key in keys] == [(key_id, OTHER_PEM.strip())]


async def test_a_bad_key_is_not_stored_and_locks_nobody_out(runtime: Runtime) -> None:
    """Row 9."""
    alice = await stranger(runtime)
    bad = {"id": f"{alice.uri}#main-key", "owner": alice.uri, "publicKeyPem": "-----BEGIN PUBLIC KEY-----\nAAAA\n"}
    await stranger(runtime, publicKey=bad)
    async with runtime.read() as reader:
        assert [key.public_pem.strip() for key in await list_keys(reader, alice.id)] == [
            make.test_key_pair()[1].strip()
        ]


async def test_twenty_deliveries_at_once_store_one_actor(runtime: Runtime) -> None:
    results = await asyncio.gather(*(store(runtime, actor(), handle="@alice@good.test") for _ in range(20)))
    assert len({found.id for found in results}) == 1
    assert (await fresh(runtime, results[0])).acct == "alice@good.test"
    async with runtime.read() as reader:
        assert len(await list_keys(reader, results[0].id)) == 1


async def test_a_policy_reaches_an_actor_that_is_stored_after_it(runtime: Runtime) -> None:
    """MOD-2: by the host of the id and by the handle's domain; the closest policy counts."""
    now = runtime.now()
    async with runtime.write() as uow:
        for domain, severity in (("quiet.test", "silence"), ("bad.test", "suspend"), ("fine.bad.test", "allow")):
            await set_domain_policy(uow, runtime.settings, domain, severity, now=now)
            now += timedelta(seconds=1)
    quiet = await stranger(runtime, "q", "web.quiet.test")
    assert quiet.silenced_at is not None
    assert not quiet.is_gone
    assert (await stranger(runtime, "b", "sub.bad.test")).is_gone
    assert (await store(runtime, actor("c", "innocent.test"), handle="@c@bad.test")).is_gone
    assert not (await stranger(runtime, "d", "fine.bad.test")).is_gone
