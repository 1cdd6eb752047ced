"""Who is to get what (DLV-1), by the rows alone: no peer answers here."""

import pytest

from federation.parsing import parse_actor
from node.accounts.models import Account
from node.accounts.service import suspend_account, upsert_remote_account
from node.base.runtime import Runtime
from node.blocks.service import block
from node.follows.service import accept_follow, follow
from node.posts.boosts import boost
from outbox.recipients import Recipients, by_host, list_inboxes
from tests.support.make import like, make_account, make_post
from tests.support.stranger import key_pair


@pytest.fixture
async def ann(runtime: Runtime) -> Account:
    return await make_account(runtime, "ann")


async def remote(
    runtime: Runtime, name: str, host: str, *, shared: bool = True, follows: Account | None = None
) -> Account:
    uri = f"https://{host}/users/{name}"
    document = {
        "id": uri,
        "type": "Person",
        "preferredUsername": name,
        "inbox": f"{uri}/inbox",
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": key_pair()[1]},
    }
    if shared:
        document["endpoints"] = {"sharedInbox": f"https://{host}/inbox"}
    async with runtime.write() as uow:
        account = await upsert_remote_account(uow, parse_actor(document), handle=None, now=runtime.now())
        if follows is not None:
            row = await follow(uow, runtime.settings, account, follows, uri=f"{uri}/f", now=runtime.now())
            if row.accepted_at is None:
                await accept_follow(uow, row, now=runtime.now())
    return account


async def inboxes(runtime: Runtime, to: Recipients) -> list[str]:
    async with runtime.read() as reader:
        return await list_inboxes(reader, to, now=runtime.now())


async def test_many_followers_on_three_hosts_are_three_inboxes(runtime: Runtime, ann: Account) -> None:
    for number in range(30):
        await remote(runtime, f"p{number}", f"h{number % 3}.example", follows=ann)
    found = await inboxes(runtime, Recipients(author_id=ann.id, followers=True))
    assert found == [f"https://h{n}.example/inbox" for n in range(3)]


async def test_a_host_without_a_shared_inbox_gets_one_post_a_person(runtime: Runtime, ann: Account) -> None:
    for name in ("bo", "cy"):
        await remote(runtime, name, "b.example", shared=False, follows=ann)
    found = await inboxes(runtime, Recipients(author_id=ann.id, followers=True))
    assert found == ["https://b.example/users/bo/inbox", "https://b.example/users/cy/inbox"]


async def test_our_own_people_requests_and_the_gone_get_nothing(runtime: Runtime) -> None:
    """Attack row 41: a request opens nothing."""
    ann = await make_account(runtime, "ann", locked=True)
    local = await make_account(runtime, "bo")
    gone = await remote(runtime, "cy", "c.example", follows=ann)
    asking = await remote(runtime, "di", "d.example")
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, asking, ann, uri="https://d.example/f", now=runtime.now())
        await suspend_account(uow, gone.id, now=runtime.now())
    people = frozenset({local.id, gone.id})
    assert await inboxes(runtime, Recipients(author_id=ann.id, followers=True, account_ids=people)) == []


async def test_a_blocked_person_is_not_written_to_but_hears_of_the_block(runtime: Runtime, ann: Account) -> None:
    bo = await remote(runtime, "bo", "b.example")
    async with runtime.write() as uow:
        await block(uow, runtime.settings, ann, bo, now=runtime.now())
    to = Recipients(author_id=ann.id, account_ids=frozenset({bo.id}), personal=True)
    assert await inboxes(runtime, to) == []
    to = Recipients(author_id=ann.id, account_ids=frozenset({bo.id}), personal=True, despite_blocks=True)
    assert await inboxes(runtime, to) == ["https://b.example/users/bo/inbox"]


async def test_an_edit_reaches_whoever_liked_boosted_or_answered(runtime: Runtime, ann: Account) -> None:
    post = await make_post(runtime, ann, "Hello")
    liker, booster = await remote(runtime, "bo", "b.example"), await remote(runtime, "cy", "c.example")
    async with runtime.write() as uow:
        await like(uow, runtime.settings, liker, post, now=runtime.now(), uri="https://b.example/l")
        await boost(uow, runtime.settings, booster, post, now=runtime.now())
    found = await inboxes(runtime, Recipients(author_id=ann.id, followers=True, involved_with=post.id))
    assert found == ["https://b.example/inbox", "https://c.example/inbox"]


async def test_a_departure_is_told_to_every_inbox_known(runtime: Runtime, ann: Account) -> None:
    """MOD-1."""
    await remote(runtime, "bo", "b.example")
    await remote(runtime, "cy", "b.example")
    await remote(runtime, "di", "d.example", shared=False)
    found = await inboxes(runtime, Recipients(author_id=ann.id, everybody=True))
    assert found == ["https://b.example/inbox", "https://d.example/users/di/inbox"]


def test_inboxes_that_cannot_be_read_are_left_out() -> None:
    urls = ["https://b.example/inbox", "https://b.example/users/1/inbox", "gopher://x", "https://u@c.example/"]
    assert by_host(urls) == {"b.example": ["https://b.example/inbox", "https://b.example/users/1/inbox"]}
