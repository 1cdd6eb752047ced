"""Requests that change nothing: what clients read, and what other servers and visitors fetch."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from federation.signatures import SigningKey, sign_request
from federation.vocabulary import AP_TYPE
from tests.bench.beside.server import Server
from tests.bench.beside.table import Figures
from tests.bench.load import Request, authorised, drive

CLIENTS = 32
SECONDS = 3.0
"""How long each row is driven, by one client and by many."""

Filled = dict[str, Any]


async def reads(server: Server, filled: Filled) -> list[Figures]:
    """Measure what a signed-in reader reads."""
    thread, author = filled["thread"]["id"], filled["author"]["id"]
    post = (await server.home(limit=1))[0]["id"]
    paths = {
        "home timeline, 20 posts": "/api/v1/timelines/home?limit=20",
        "public timeline, 20 posts": "/api/v1/timelines/public?local=true&limit=20",
        "hashtag timeline, 20 posts": "/api/v1/timelines/tag/rooks?limit=20",
        "an account's posts, 20": f"/api/v1/accounts/{author}/statuses?limit=20",
        "one post": f"/api/v1/statuses/{post}",
        "its thread (10 replies)": f"/api/v1/statuses/{thread}/context",
        "notifications, 20": "/api/v1/notifications?limit=20",
        "verify_credentials": "/api/v1/accounts/verify_credentials",
        "search: accounts": "/api/v2/search?q=p1&type=accounts&limit=20",
        "search: posts": "/api/v2/search?q=rooks&type=statuses&limit=20",
    }
    headers = authorised(server.tokens[0])
    return [await _measured(server, what, Request(path, headers=headers)) for what, path in paths.items()]


async def fetches(server: Server, filled: Filled, key: SigningKey) -> list[Figures]:
    """Measure what other servers fetch, signed as many of them demand it, and the page a visitor sees."""
    finger = _finger(server, filled["author"])
    actor = await actor_of(server, server.tokens[1])
    post = filled["thread"]
    page = Request(_target(post["url"]), headers={"Accept": "text/html"})
    return [
        await _measured(server, "WebFinger", Request(finger)),
        await _measured(server, "actor document", signed_get(actor, key)),
        await _measured(server, "post document", signed_get(post["uri"], key)),
        await _measured(server, "post page, no session", page),
    ]


async def actor_of(server: Server, token: str) -> str:
    """Return the actor id of whoever the token is of."""
    me = await server.get("/api/v1/accounts/verify_credentials", token)
    found = (await server.http.get(_finger(server, me))).raise_for_status().json()
    return next(str(link["href"]) for link in found["links"] if link["rel"] == "self")


def _finger(server: Server, account: dict[str, Any]) -> str:
    return f"/.well-known/webfinger?resource=acct:{account['username']}@{urlsplit(server.url).netloc}"


def signed_get(url: str, key: SigningKey) -> Request:
    """Ask for a document as another server does."""
    headers = sign_request("GET", url, key=key, body=None, now=datetime.now(UTC))
    return Request(_target(url), headers=headers | {"Accept": AP_TYPE})


def _target(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


async def _measured(server: Server, what: str, request: Request) -> Figures:
    first = await server.http.request(request.method, request.path, headers=dict(request.headers))
    if first.status_code != 200:
        return Figures(what, note=f"answers {first.status_code}")
    for clients, times in ((1, 10), (8, 24)):
        warm = await drive(server.url, [request], times=times, clients=clients)
    times = min(max(int(SECONDS * warm.per_second), 20), 500)
    async with server.metered() as spent:
        alone = await drive(server.url, [request], times=times, clients=1)
    many = min(max(int(SECONDS * warm.per_second), 2 * CLIENTS), 2000)
    async with server.metered() as spent_many:
        crowd = await drive(server.url, [request], times=many, clients=CLIENTS)
    return Figures(
        what,
        cpu_ms=spent[0] / times * 1000,
        crowd_cpu_ms=spent_many[0] / many * 1000,
        p50=alone.p50,
        p95=alone.p95,
        crowd_p95=crowd.p95,
        per_second=crowd.per_second,
        note=", ".join(_counted(first)),
    )


def _counted(answer: httpx.Response) -> Iterator[str]:
    """Say how much was in the answer: a quick answer that holds nothing proves nothing."""
    if "json" in answer.headers.get("content-type", ""):
        found = answer.json()
        if isinstance(found, list):
            yield f"{len(found)} found"
        elif set(found) & {"descendants", "statuses"}:
            yield f"{max(len(value) for value in found.values() if isinstance(value, list))} found"
    yield f"{len(answer.content) / 1000:.1f} kB"
