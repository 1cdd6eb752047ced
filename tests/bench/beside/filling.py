"""The same people and posts on every server, made through its client API.

The reader follows fifty of the others and is answered and liked by ten; twenty follow the first of the others, whose
publishing is measured. Every tenth post is a reply to an earlier one.
"""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from tests.bench.beside.server import Server

FOLLOWED, FANS, REPLIERS = 50, 20, 10
POSTS = 2000
PATIENCE = 1800.0
AT_ONCE = 6
AFTERWARDS = 8.0
"""Seconds of rest after which a server is done: some look at their queues only now and then."""


def words(number: int) -> str:
    """Return the text of a post."""
    return (
        f"{number}: The rooks come home over the field at dusk, and the elms are loud with them. "
        f"#rooks #evening{number % 20}"
    )


async def fill(server: Server, posts: int = POSTS) -> dict[str, Any]:
    """Fill a server and return what `measure` must know of it."""
    reader, *others = server.tokens
    accounts = [await server.get("/api/v1/accounts/verify_credentials", token) for token in server.tokens]
    for token, account in zip(server.tokens, accounts, strict=True):
        if account["locked"]:
            await server.unlock(token)
    names = [account["username"] for account in accounts]
    for name in names[1 : FOLLOWED + 1]:
        await _follow(server, reader, name)
    for token in others[1 : FANS + 1]:
        await _follow(server, token, names[1])
    await server.rest(AFTERWARDS, PATIENCE)
    own = [await _say(server, reader, words(number)) for number in range(3)]
    await _post_all(server, others, posts)
    for token in others[:REPLIERS]:
        await _say(server, token, f"@{names[0]} so they do, every evening", own[0]["id"])
        for status in own:
            await server.post(f"/api/v1/statuses/{status['id']}/favourite", token)
    await server.rest(AFTERWARDS, PATIENCE)
    return {
        "reader": accounts[0],
        "author": accounts[1],
        "thread": own[0],
        "home": len(await server.home(limit=20)),
        "replies": len((await server.get(f"/api/v1/statuses/{own[0]['id']}/context"))["descendants"]),
        "notifications": len(await server.get("/api/v1/notifications", limit=40)),
    }


async def _follow(server: Server, token: str, name: str) -> None:
    """Find somebody as a person would, who types the address, and follow."""
    handle = f"@{name}@{urlsplit(server.url).netloc}"
    found = await server.get("/api/v2/search", token, q=handle, resolve="true", type="accounts")
    await server.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow", token)


async def _say(server: Server, token: str, text: str, parent: str | None = None) -> dict[str, Any]:
    said: dict[str, Any] = await server.post(
        "/api/v1/statuses",
        token,
        {"status": text, "visibility": "public", **({"in_reply_to_id": parent} if parent else {})},
    )
    return said


async def _post_all(server: Server, tokens: list[str], count: int) -> None:
    numbers = iter(range(count))
    ids: dict[int, str] = {}

    async def write() -> None:
        for number in numbers:
            parent = ids.get(number - 5 * AT_ONCE) if number % 10 == 0 else None
            ids[number] = (await _say(server, tokens[number % len(tokens)], words(number), parent))["id"]

    await asyncio.gather(*(write() for _ in range(AT_ONCE)))
