"""Whoever posts while many others write: follows, votes and boosts by the hundred, large accounts that move or go."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
from sqlalchemy import select

from node.accounts.models import Account
from node.accounts.service import delete_account
from node.base.runtime import Runtime
from node.moves.service import move_away
from tests.bench.filling import add_followers, add_person, let_in
from tests.bench.load import Request, Timing, authorised, drive
from tests.bench.stage import Stage
from tests.bench.table import Row

PEOPLE = 800
A_SECOND = 200.0
FOLLOWERS = 2_000
"""Of the accounts that move or go: as many as there are, at most."""
POSTS = 60
JSON = {"Content-Type": "application/json"}


async def rushes(stage: Stage, runtime: Runtime) -> list[Row]:
    """Many follow, vote and boost at once, large accounts move and go, while somebody else posts"""
    fans = await let_in(runtime, [id_ for id_ in stage.filled.account_ids if id_ != stage.author_id][:PEOPLE])
    followed = await add_person(runtime)
    poll = await _post(stage, {"status": "Which?", "poll": {"options": ["This", "That"], "expires_in": 86_400}})
    boosted = await _post(stage, {"status": "Pass it on"})
    rows = []
    for what, path, body in (
        ("people follow one account", f"/api/v1/accounts/{followed}/follow", "{}"),
        ("vote in one poll", f"/api/v1/polls/{poll['poll']['id']}/votes", '{"choices": ["0"]}'),
        ("boost one post", f"/api/v1/statuses/{boosted['id']}/reblog", "{}"),
    ):
        asked = [Request(path, "POST", authorised(token, **JSON), body) for token in fans]
        await stage.quiet()
        rushing = asyncio.create_task(drive(stage.url, asked, times=len(asked), rate=A_SECOND))
        meanwhile = await _posts(stage)
        came = await rushing
        rows.append(_row(f"{len(fans):,} {what} ({came.per_second:.0f}/s)", meanwhile))
    people = stage.filled.account_ids[:FOLLOWERS]
    for what, upheaval in (("moves", _move), ("is deleted", _delete)):
        meanwhile = await _during(stage, await upheaval(runtime, people))
        rows.append(_row(f"an account with {len(people):,} followers here {what}", meanwhile))
    return rows


async def _move(runtime: Runtime, followers: Sequence[int]) -> Callable[[], Awaitable[None]]:
    old, new = await add_person(runtime), await add_person(runtime)
    await add_followers(runtime, old, followers)

    async def move() -> None:
        async with runtime.write() as uow:
            found = {row.id: row for row in await uow.scalars(select(Account).where(Account.id.in_([old, new])))}
            found[new].also_known_as = [found[old].uri]
            await uow.flush()
            await move_away(uow, old, found[new], now=runtime.now())

    return move


async def _delete(runtime: Runtime, followers: Sequence[int]) -> Callable[[], Awaitable[None]]:
    who = await add_person(runtime)
    await add_followers(runtime, who, followers)

    async def delete() -> None:
        async with runtime.write() as uow:
            await delete_account(uow, who, now=runtime.now())

    return delete


async def _during(stage: Stage, upheaval: Callable[[], Awaitable[None]]) -> Timing:
    await stage.quiet()
    meanwhile = asyncio.create_task(_posts(stage))
    await asyncio.sleep(0.3)
    await upheaval()
    timing = await meanwhile
    await stage.quiet()
    return timing


async def _posts(stage: Stage) -> Timing:
    asked = Request("/api/v1/statuses", "POST", authorised(stage.author_token, **JSON), '{"status": "Meanwhile"}')
    return await drive(stage.url, [asked], times=POSTS, pause=0.05)


async def _post(stage: Stage, body: dict[str, Any]) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=stage.url, headers=authorised(stage.author_token), trust_env=False) as http:
        made: dict[str, Any] = (await http.post("/api/v1/statuses", json=body)).raise_for_status().json()
        return made


def _row(what: str, meanwhile: Timing) -> Row:
    return Row(
        f"somebody else's post while {what}: p95",
        f"{meanwhile.p95:.1f} ms, p50 {meanwhile.p50:.1f}, at worst {max(meanwhile.times):.1f}",
        "< 20 ms",
        meanwhile.p95 < 20,
    )
