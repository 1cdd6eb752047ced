"""Domain policies reach what they must and nothing else (MOD-2, rows 22, 47); staff act on those below (row 91)."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from node.accounts.models import Account
from node.auth.service import set_role
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.paging import Page
from node.base.runtime import Runtime
from node.events import FollowRejected, FollowsSevered, Unfollowed
from node.follows.models import Follow
from node.follows.service import follow
from node.moderation.models import DomainPolicy
from node.moderation.queries import find_policy, is_suspended_domain, list_entries, list_policies, policy_book
from node.moderation.rules import Policy, PolicyBook, may_moderate
from node.moderation.service import moderate_account, remove_domain_policy, set_domain_policy
from tests.support.make import make_account
from tests.unit.node.accounts.actors import actor, fresh, recorded, store, stranger


async def decide(runtime: Runtime, domain: str, severity: str, **how: object) -> DomainPolicy:
    async with runtime.write() as uow:
        return await set_domain_policy(uow, runtime.settings, domain, severity, now=runtime.now(), **how)  # type: ignore[arg-type]


async def lift(runtime: Runtime, domain: str) -> bool:
    async with runtime.write() as uow:
        return await remove_domain_policy(uow, domain, now=runtime.now())


async def gone(runtime: Runtime, *accounts: Account) -> list[bool]:
    return [(await fresh(runtime, account)).is_gone for account in accounts]


@pytest.mark.parametrize(
    "host", ["blocked.test", "sub.blocked.test", "blocked.test.", "BLOCKED.test", "blocked.test:81"]
)
async def test_a_suspension_reaches_the_domain_its_subdomains_and_ports(runtime: Runtime, host: str) -> None:
    """Row 47."""
    await decide(runtime, "Blocked.test", "suspend")
    async with runtime.read() as reader:
        assert await is_suspended_domain(reader, host, settings=runtime.settings)


@pytest.mark.parametrize("host", ["unblocked.test", "test", "blocked.test.evil.org", "blocked", "", "xblocked.test"])
async def test_a_suspension_reaches_no_neighbour(runtime: Runtime, host: str) -> None:
    await decide(runtime, "blocked.test", "suspend")
    async with runtime.read() as reader:
        assert not await is_suspended_domain(reader, host, settings=runtime.settings)


async def test_a_policy_with_a_port_reaches_that_port_only(runtime: Runtime) -> None:
    await decide(runtime, "127.0.0.2:8001", "suspend")
    async with runtime.read() as reader:
        assert await is_suspended_domain(reader, "127.0.0.2:8001", settings=runtime.settings)
        assert not await is_suspended_domain(reader, "127.0.0.2:8002", settings=runtime.settings)
        assert not await is_suspended_domain(reader, "127.0.0.2", settings=runtime.settings)


async def test_the_closest_policy_decides(runtime: Runtime) -> None:
    await decide(runtime, "isp.test", "suspend")
    await decide(runtime, "good.isp.test", "allow")
    async with runtime.read() as reader:
        assert not await is_suspended_domain(reader, "a.good.isp.test", settings=runtime.settings)
        found = await find_policy(reader, "bad.isp.test")
        assert found is not None
        assert found.domain == "isp.test"
    book = await policy_book(runtime)
    assert (book.is_suspended("bad.isp.test:99"), book.is_suspended("good.isp.test")) == (True, False)


def test_the_book_answers_without_a_database() -> None:
    book = PolicyBook({"q.test": Policy("q.test", "silence"), "m.test": Policy("m.test", "allow", reject_media=True)})
    assert book.is_silenced("a.q.test")
    assert not book.is_suspended("a.q.test")
    assert book.rejects_media("cdn.m.test")
    assert not book.rejects_media("q.test")
    assert book.find("other.test") is None


async def test_suspending_a_domain_hides_its_accounts_and_ends_follows_with_them(runtime: Runtime) -> None:
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime, "alice", "sub.bad.test")
    split = await store(runtime, actor("s", "web.elsewhere.test"), handle="@s@bad.test")
    lookalike = await stranger(runtime, "x", "notbad.test")
    path = await stranger(runtime, "bad.test", "fine.test")
    async with runtime.write() as uow:
        mine = await follow(uow, runtime.settings, ann, alice, now=runtime.now())
        theirs = await follow(uow, runtime.settings, alice, ann, uri="https://sub.bad.test/f", now=runtime.now())
        await follow(uow, runtime.settings, lookalike, ann, uri="https://notbad.test/f", now=runtime.now())
    await decide(runtime, "bad.test", "suspend")
    assert await gone(runtime, alice, split, lookalike, path, ann) == [True, True, False, False, False]
    assert (await fresh(runtime, ann)).followers_count == 1
    assert (await recorded(runtime))[-3:] == [
        Unfollowed(mine.id, mine.uri, ann.id, alice.id),
        FollowRejected(theirs.id, "https://sub.bad.test/f", alice.id, ann.id),
        FollowsSevered(ann.id, "domain_block", "bad.test", 1, 0),
    ]
    async with runtime.read() as reader:
        assert [row.follower_id for row in await reader.scalars(select(Follow))] == [lookalike.id]


async def test_lifting_frees_those_the_policy_marked_and_no_others(runtime: Runtime) -> None:
    """Also when several policies were made in one moment, as an import does."""
    one, two = await stranger(runtime, "a", "one.test"), await stranger(runtime, "b", "two.test")
    singled_out = await stranger(runtime, "c", "one.test")
    async with runtime.write() as uow:
        await moderate_account(uow, singled_out.id, "suspend", now=runtime.now())
        now = runtime.now()
        for domain in ("one.test", "two.test"):
            await set_domain_policy(uow, runtime.settings, domain, "suspend", now=now)
    assert await gone(runtime, one, two, singled_out) == [True, True, True]
    assert await lift(runtime, "ONE.test")
    assert await gone(runtime, one, two, singled_out) == [False, True, True]
    assert not await lift(runtime, "one.test")
    assert not await lift(runtime, "no domain")


async def test_lifting_a_childs_policy_lets_the_parents_reach_again(runtime: Runtime) -> None:
    alice = await stranger(runtime, "a", "sub.isp.test")
    await decide(runtime, "sub.isp.test", "allow")
    await decide(runtime, "isp.test", "suspend")
    assert await gone(runtime, alice) == [False]
    await lift(runtime, "sub.isp.test")
    assert await gone(runtime, alice) == [True]


async def test_a_changed_mind_replaces_the_decision(runtime: Runtime) -> None:
    alice = await stranger(runtime, "a", "bad.test")
    await decide(runtime, "bad.test", "suspend")
    await decide(runtime, "bad.test", "silence", reject_media=True, public_comment="spam")
    after = await fresh(runtime, alice)
    assert (after.is_gone, after.silenced_at is not None) == (False, True)
    async with runtime.read() as reader:
        policies = await list_policies(reader)
    assert [(p.domain, p.severity, p.reject_media, p.public_comment) for p in policies] == [
        ("bad.test", "silence", True, "spam")
    ]
    await lift(runtime, "bad.test")
    assert (await fresh(runtime, alice)).silenced_at is None


@pytest.mark.parametrize(
    "domain", ["", "no domain", "https://x.test", "x.test/path", "ann@x.test", "localhost:8000", "localhost", "..", "*"]
)
async def test_what_is_no_domain_or_our_own_is_refused(runtime: Runtime, domain: str) -> None:
    with pytest.raises(Invalid):
        await decide(runtime, domain, "suspend")


async def test_a_parent_of_our_own_domain_is_refused_too(runtime: Runtime) -> None:
    settings = replace(runtime.settings, public_url="https://social.example.test")
    async with runtime.write() as uow:
        with pytest.raises(Invalid, match="our own"):
            await set_domain_policy(uow, settings, "example.test", "suspend", now=runtime.now())


async def test_an_unknown_severity_or_endless_comment_is_refused(runtime: Runtime) -> None:
    with pytest.raises(Invalid):
        await decide(runtime, "x.test", "obliterate")
    with pytest.raises(Invalid):
        await decide(runtime, "x.test", "suspend", private_comment="x" * 2001)


async def test_every_decision_is_written_down(runtime: Runtime) -> None:
    admin, ann = await make_account(runtime, "boss", role="admin"), await make_account(runtime, "ann")
    await decide(runtime, "bad.test", "suspend", actor_id=admin.id, private_comment="spam")
    async with runtime.write() as uow:
        assert await moderate_account(uow, ann.id, "suspend", actor_id=admin.id, comment="rude", now=runtime.now())
        assert not await moderate_account(uow, ann.id, "suspend", actor_id=admin.id, now=runtime.now())
        assert await moderate_account(uow, ann.id, "unsuspend", now=runtime.now())
    await lift(runtime, "bad.test")
    async with runtime.read() as reader:
        entries = await list_entries(reader, Page())
        assert [(entry.action, entry.actor_id, entry.comment) for entry in entries] == [
            ("domain.clear", None, ""),
            ("account.unsuspend", None, ""),
            ("account.suspend", admin.id, "rude"),
            ("domain.suspend", admin.id, "spam"),
        ]
        about = await list_entries(reader, Page(limit=1), target_kind="account", target=str(ann.id))
        assert [entry.action for entry in about] == ["account.unsuspend"]


@pytest.mark.parametrize(
    ("actor_role", "target_role", "allowed"),
    [
        ("user", "user", False),
        ("moderator", "user", True),
        ("moderator", "moderator", False),
        ("moderator", "admin", False),
        ("admin", "admin", True),
        ("admin", "user", True),
        ("", "user", False),
    ],
)
def test_staff_act_on_those_below_them(actor_role: str, target_role: str, allowed: bool) -> None:
    """Row 91."""
    assert may_moderate(actor_role, target_role) is allowed


async def test_a_moderator_cannot_touch_an_admin_a_peer_or_themselves(runtime: Runtime) -> None:
    """Row 91."""
    boss = await make_account(runtime, "boss", role="admin")
    mod, peer = [await make_account(runtime, name, role="moderator") for name in ("m1", "m2")]
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime)
    async with runtime.write() as uow:
        for actor_id, target in ((mod.id, boss), (mod.id, peer), (mod.id, mod), (ann.id, alice), (alice.id, ann)):
            with pytest.raises(Forbidden):
                await moderate_account(uow, target.id, "suspend", actor_id=actor_id, now=runtime.now())
        for action in ("silence", "unsilence", "suspend", "unsuspend"):
            assert await moderate_account(uow, alice.id, action, actor_id=mod.id, now=runtime.now())
        assert await moderate_account(uow, ann.id, "delete", actor_id=boss.id, now=runtime.now())
        with pytest.raises(Invalid):
            await moderate_account(uow, ann.id, "explode", now=runtime.now())
        with pytest.raises(NotFound):
            await moderate_account(uow, 12345, "suspend", now=runtime.now())
    assert await gone(runtime, boss, peer, mod, alice, ann) == [False, False, False, False, True]


async def test_a_demoted_moderator_loses_the_right(runtime: Runtime) -> None:
    mod, ann = await make_account(runtime, "m1", role="moderator"), await make_account(runtime, "ann")
    async with runtime.write() as uow:
        await set_role(uow, mod.id, "user")
        with pytest.raises(Forbidden):
            await moderate_account(uow, ann.id, "suspend", actor_id=mod.id, now=runtime.now())
        with pytest.raises(Invalid):
            await set_role(uow, mod.id, "god")
        with pytest.raises(NotFound):
            await set_role(uow, 12345, "admin")
