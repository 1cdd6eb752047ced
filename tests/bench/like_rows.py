"""A post that goes round: likes by the thousand, from here and from other servers, and whoever posts meanwhile."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from federation.signatures import sign_request
from federation.vocabulary import AP_TYPE
from node.base.runtime import Runtime
from tests.bench.filling import let_in
from tests.bench.load import Request, Timing, authorised, drive
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.bench.wire_rows import strangers_here

LIKES = 5_000
LIKING_AT_ONCE = 32
LIKES_A_SECOND = 50_000 / 60


async def likes(stage: Stage, runtime: Runtime) -> list[Row]:
    """Thousands of people like one post: as fast as they may, and 50 000 a minute while somebody else posts"""
    fans = await let_in(runtime, stage.filled.account_ids[:LIKES])
    post = (await _newest(stage))["id"]
    before, web = stage.cost(), stage.cost("web")
    liked = await drive(stage.url, _likes(post, fans), times=len(fans), clients=LIKING_AT_ONCE)
    await stage.quiet()
    spent = (stage.cost() - before).each(len(fans))
    at_the_door = (stage.cost("web") - web).each(len(fans))
    counted = await _count_likes(stage, post)
    post = (await _newest(stage))["id"]
    alone = await drive(stage.url, [_post(stage)], times=60, pause=0.05)
    await stage.quiet()
    came, meanwhile = await _rush(stage, _likes(post, fans))
    await stage.quiet()
    at_the_end = await _take_back(stage, post)
    await stage.quiet()
    return [
        Row(
            f"likes of one post by {len(fans):,} people, {LIKING_AT_ONCE} at once",
            f"{liked.per_second:.0f}/s, p95 {liked.p95:.0f} ms",
            ">= 833/s is 50 000 a minute",
            liked.per_second >= 833,
        ),
        Row(
            "likes of one post: CPU with all after-work",
            f"{spent}, {at_the_door} to the answer",
            "<= 2.4 ms on two cores",
            spent.all <= 2.4,
        ),
        Row("likes of one post: counted", f"{counted:,} of {len(fans):,}", "all, once", counted == len(fans)),
        Row(
            f"somebody else's post while {came.per_second * 60:,.0f} likes a minute come: p95",
            f"{meanwhile.p95:.1f} ms, p50 {meanwhile.p50:.1f}, alone {alone.p95:.1f}",
            "< 20 ms",
            meanwhile.p95 < 20,
        ),
        Row(
            f"somebody else's post while one that {len(fans):,} liked is deleted: p95",
            f"{at_the_end.p95:.1f} ms, at worst {max(at_the_end.times):.1f}",
            "< 20 ms",
            at_the_end.p95 < 20,
        ),
    ]


async def delivered_likes(stage: Stage, runtime: Runtime) -> list[Row]:
    """Likes of one post from thousands of other servers, 50 000 a minute, while somebody else posts"""
    number = min(LIKES, len(stage.filled.account_ids))
    people = await strangers_here(
        stage, runtime, number, followed=True, inbox=lambda n: f"http://127.0.{20 + n // 200}.{n % 200 + 1}:9"
    )
    post = await _newest(stage)
    likes = [_delivered(stage, key, account["uri"], post["uri"]) for account, key in people]
    await stage.quiet()
    before = stage.cost()
    came, meanwhile = await _rush(stage, likes)
    await stage.quiet()
    spent = (stage.cost() - before).each(number)
    counted = await _count_likes(stage, post["id"])
    return [
        Row(
            f"likes delivered by {number:,} servers, 50 000 a minute: accepted",
            f"{came.per_second:.0f}/s, p95 {came.p95:.0f} ms, {spent} with all after-work",
        ),
        Row("likes delivered: counted", f"{counted:,} of {number:,}", "all, once", counted == number),
        Row(
            "somebody else's post while these come: p95",
            f"{meanwhile.p95:.1f} ms, p50 {meanwhile.p50:.1f}",
            "< 20 ms",
            meanwhile.p95 < 20,
        ),
    ]


async def _rush(stage: Stage, likes: Sequence[Request]) -> tuple[Timing, Timing]:
    """Have likes come at their rate; return how they were answered, and somebody's posts meanwhile."""
    liking = asyncio.create_task(drive(stage.url, likes, times=len(likes), rate=LIKES_A_SECOND))
    # a while less than the likes
    meanwhile = await drive(stage.url, [_post(stage)], times=max(5, len(likes) // 80), pause=0.05)
    return await liking, meanwhile


async def _take_back(stage: Stage, post: str) -> Timing:
    """Delete a post; return how somebody's posts were answered before, meanwhile and after."""
    meanwhile = asyncio.create_task(drive(stage.url, [_post(stage)], times=60, pause=0.05))
    await asyncio.sleep(0.5)
    async with _author(stage) as http:
        (await http.delete(f"/api/v1/statuses/{post}")).raise_for_status()
    return await meanwhile


def _post(stage: Stage) -> Request:
    headers = authorised(stage.author_token, **{"Content-Type": "application/json"})
    return Request("/api/v1/statuses", "POST", headers, '{"status": "Meanwhile"}')


def _likes(post: str, tokens: Sequence[str]) -> list[Request]:
    return [Request(f"/api/v1/statuses/{post}/favourite", "POST", authorised(token)) for token in tokens]


def _delivered(stage: Stage, key: Any, actor: str, uri: str) -> Request:
    like = {"@context": "https://www.w3.org/ns/activitystreams", "type": "Like", "actor": actor, "object": uri}
    body = orjson.dumps(like | {"id": f"{actor}/likes/{uri.rpartition('/')[2]}"})
    headers = sign_request("POST", f"{stage.url}/inbox", key=key, body=body, now=datetime.now(UTC))
    return Request("/inbox", "POST", headers | {"Content-Type": AP_TYPE}, body.decode(), expect=202)


async def _count_likes(stage: Stage, post: str) -> int:
    async with _author(stage) as http:
        return int((await http.get(f"/api/v1/statuses/{post}")).json()["favourites_count"])


async def _newest(stage: Stage) -> dict[str, Any]:
    async with _author(stage) as http:
        made: dict[str, Any] = (await http.post("/api/v1/statuses", json={"status": "Like me"})).json()
        return made


def _author(stage: Stage) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=stage.url, headers=authorised(stage.author_token), trust_env=False, timeout=60)
