"""Few followers of one kind among thousands of another: found by an index that knows no others.

Who has a hundred thousand followers elsewhere and sixty here posts as quickly as others do, and the other way round.
"""

from typing import Any

import pytest
from sqlalchemy import insert

from node.accounts.models import Account
from node.auth.models import User
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.follows.models import Follow
from node.follows.queries import list_follower_uris, list_followers_versions
from node.pulls.queries import count_local_followers, list_local_follower_ids
from node.timelines.queries import list_push_targets
from outbox.event_queries import list_bell_followers
from outbox.recipients import Recipients, list_inboxes
from tests.bench.filling import account_values, remote_values
from tests.support.make import make_account, make_post
from tests.support.plans import learn_statistics, plans

MANY, FEW = 2_000, 3


@pytest.fixture
async def ann(runtime: Runtime) -> Account:
    return await make_account(runtime, "ann")


async def gain(runtime: Runtime, ann: Account, *, here: int, elsewhere: int, bells: int = 0) -> None:
    """Let so many follow her and two others; the first `bells` of those here asked to be told of hers."""
    settings, now = runtime.settings, runtime.now()
    others = [await make_account(runtime, name) for name in ("bo", "cy")]
    ours, theirs = [new_id() for _ in range(here)], [new_id() for _ in range(elsewhere)]
    hosts = {id_: f"h{number % 50}.test" for number, id_ in enumerate(theirs)}
    accounts = [account_values(settings, id_, f"p{id_}", now) for id_ in ours]
    accounts += [remote_values(settings, id_, f"p{id_}", f"https://{host}", now) for id_, host in hosts.items()]
    users = [
        {
            "account_id": id_,
            "email": f"{id_}@example.com",
            "password_hash": "-",
            "created_at": now,
            "last_active_at": now,
        }
        for id_ in ours
    ]
    follows = [
        {
            "id": new_id(),
            "follower_id": id_,
            "followee_id": followee.id,
            "host": hosts.get(id_),
            "notify": followee is ann and id_ in ours[:bells],
            "created_at": now,
            "accepted_at": now,
        }
        for followee in (ann, *others)
        for id_ in (*theirs, *ours)
    ]
    async with runtime.write() as uow:
        for rows in (accounts[:here], accounts[here:]):
            await uow.execute(insert(Account), rows)
        await uow.execute(insert(User), users)
        await uow.execute(insert(Follow), follows)
        await learn_statistics(uow)


async def test_few_here_among_many_elsewhere(runtime: Runtime, ann: Account) -> None:
    await gain(runtime, ann, here=FEW, elsewhere=MANY)
    post = await make_post(runtime, ann)

    async def work(reader: Any) -> None:
        assert await count_local_followers(reader, ann.id, at_most=MANY) == FEW
        assert len(await list_local_follower_ids(reader, ann.id, after_id=0, limit=MANY)) == FEW
        since = runtime.now().replace(year=2020)
        assert len(await list_push_targets(reader, post, active_since=since, after_id=0, limit=MANY)) == FEW

    for plan in await plans(runtime, work):
        assert "ix_follows_ours" in plan, plan


async def test_few_elsewhere_among_many_here(runtime: Runtime, ann: Account) -> None:
    await gain(runtime, ann, here=MANY, elsewhere=FEW)
    to = Recipients(author_id=ann.id, followers=True)
    hosts = [f"h{number}.test" for number in range(50)]

    async def work(reader: Any) -> None:
        assert len(await list_inboxes(reader, to, now=runtime.now())) == FEW
        versions = await list_followers_versions(reader, ann.id, hosts)
        assert {host: version[0] for host, version in versions.items()} == dict.fromkeys(hosts[:FEW], 1)

    for plan in await plans(runtime, work):
        assert "ix_follows_elsewhere" in plan, plan


async def test_those_of_a_server_among_many_of_others(runtime: Runtime, ann: Account) -> None:
    await gain(runtime, ann, here=FEW, elsewhere=MANY)

    async def work(reader: Any) -> None:
        to = Recipients(author_id=ann.id, followers=True)
        assert len(await list_inboxes(reader, to, now=runtime.now())) == 50
        assert len(await list_follower_uris(reader, ann.id, ["h7.test"])) == MANY // 50
        versions = await list_followers_versions(reader, ann.id, ["h7.test", "h8.test", "h99.test"])
        assert {host: version[0] for host, version in versions.items()} == dict.fromkeys(
            ["h7.test", "h8.test"], MANY // 50
        )

    number, _, *of_hosts = await plans(runtime, work)
    assert "ix_follows" in number
    for plan in of_hosts:
        assert "ix_follows_elsewhere" in plan, plan
        assert "host=?" in plan or "host)::text" in plan, plan


async def test_who_asked_to_be_told_among_many_who_did_not(runtime: Runtime, ann: Account) -> None:
    await gain(runtime, ann, here=MANY, elsewhere=FEW, bells=FEW)
    post = await make_post(runtime, ann)

    async def work(reader: Any) -> None:
        assert len(await list_bell_followers(reader, post.id, ann.id, after_id=0, limit=20)) == FEW

    (plan,) = await plans(runtime, work)
    assert "ix_follows_bells" in plan, plan
