"""The directory: one order over those who posted and those who never did, at the same cost however many there are."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from node.accounts.directory import list_directory
from node.accounts.models import Account
from node.base.ids import new_id
from node.base.runtime import Runtime
from tests.bench.filling import account_values, remote_values
from tests.support.plans import effort, learn_statistics


async def come(runtime: Runtime, *, posted: int, silent: int) -> list[int]:
    """Let so many people come here, and as many elsewhere; return them in the directory's order."""
    now = runtime.now()
    ids = [new_id() for _ in range(2 * (posted + silent))]
    rows = [
        remote_values(runtime.settings, id_, f"p{id_}", "https://far.test", now)
        if number % 2
        else account_values(runtime.settings, id_, f"p{id_}", now)
        for number, id_ in enumerate(ids)
    ]
    for number, row in enumerate(rows):
        row["fetched_at"] = now
        row["last_post_at"] = now - timedelta(minutes=number) if number < 2 * posted else None
    async with runtime.write() as uow:
        await uow.execute(insert(Account), rows)
        await learn_statistics(uow)
    return ids[: 2 * posted] + ids[2 * posted :][::-1]


async def directory(
    reader: Any, *, newest: bool = False, local: bool = False, limit: int = 5, offset: int = 0
) -> list[int]:
    found = await list_directory(reader, newest=newest, local=local, viewer_id=None, limit=limit, offset=offset)
    return [account.id for account in found]


async def test_who_posted_last_comes_first_and_who_never_did_last(runtime: Runtime) -> None:
    everybody = await come(runtime, posted=3, silent=4)
    ours = [id_ for id_ in everybody if id_ in everybody[:6:2] or id_ in sorted(everybody[6:])[::2]]
    async with runtime.read() as reader:
        for local, expected in ((False, everybody), (True, ours)):
            for limit in (1, 2, 5, 40):
                pages = [await directory(reader, local=local, limit=limit, offset=at) for at in range(0, 20, limit)]
                assert [id_ for page in pages for id_ in page] == expected


async def test_a_page_of_the_directory_costs_the_same_among_many(runtime: Runtime) -> None:
    async def first(reader: Any) -> None:
        assert len(await directory(reader)) == len(await directory(reader, local=True)) == 5

    async def newest(reader: Any) -> None:
        assert len(await directory(reader, newest=True)) == len(await directory(reader, newest=True, local=True)) == 5

    async def silent(reader: Any) -> None:
        for local in (False, True):
            assert len(await directory(reader, local=local, offset=60)) == 5

    works = (first, newest, silent)
    await come(runtime, posted=20, silent=100)
    few = [await effort(runtime, work) for work in works]
    await come(runtime, posted=0, silent=1_000)
    many = [await effort(runtime, work) for work in works]
    assert all(now < 1.5 * before for before, now in zip(few, many, strict=True)), (few, many)
