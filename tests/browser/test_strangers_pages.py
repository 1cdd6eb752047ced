"""The page of a post that strangers get is kept for some seconds, and never shows what has changed since."""

import asyncio

from sqlalchemy import update

from node.accounts.models import Account
from tests.support.nodes import Node

HTML = {"Accept": "text/html"}


async def page(node: Node, path: str, *, expect: int = 200, **headers: str) -> str:
    answer = await node.http.get(path, headers=HTML | headers)
    assert answer.status_code == expect, answer.text[:300]
    return answer.text


def drawn(node: Node) -> int:
    return node.runtime.caches.lookups().get("strangers_pages:made", 0)


async def test_a_page_is_drawn_once_and_anew_when_the_post_changes(node: Node) -> None:
    ann, bo = await node.person("ann"), await node.person("bo")
    post = await ann.post("Rooks come home")
    path = f"/@ann/{post['id']}"
    herd = await asyncio.gather(*(page(node, path) for _ in range(8)))
    assert all("Rooks come home" in seen for seen in herd)
    assert drawn(node) == 1
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "Rooks stay away"})
    seen = await page(node, path)
    assert ("Rooks stay away" in seen, "Rooks come home" in seen) == (True, False)
    await bo.act(f"/api/v1/statuses/{post['id']}/favourite")
    await page(node, path)
    await bo.post("Do they?", in_reply_to_id=post["id"])
    assert "Do they?" in await page(node, path)
    assert drawn(node) == 4
    await page(node, path, Cookie="theme=dark")
    await page(node, f"{path}?x=1")
    assert drawn(node) == 4, "who is known, or asks for more, gets a page of their own"
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    assert "Rooks" not in await page(node, path, expect=404)


async def test_what_strangers_may_not_see_is_never_kept_for_them(node: Node) -> None:
    """Row 105: neither what was for followers all along, nor what a suspension took away."""
    ann = await node.person("ann")
    hidden = await ann.post("For friends", visibility="private")
    await page(node, f"/@ann/{hidden['id']}", expect=404)
    opened = await ann.post("For all")
    path = f"/@ann/{opened['id']}"
    await page(node, path)
    await page(node, f"/@bo/{opened['id']}", expect=404)
    async with node.runtime.write() as uow:
        await uow.write(update(Account).where(Account.id == ann.account_id).values(suspended_at=node.runtime.now()))
    assert "For all" not in await page(node, path, expect=404)


async def test_polls_are_drawn_for_everybody(node: Node) -> None:
    ann = await node.person("ann")
    post = await ann.post("Where?", poll={"options": ["Elm", "Oak"], "expires_in": 3600})
    for _ in range(2):
        assert "Oak" in await page(node, f"/@ann/{post['id']}")
    assert drawn(node) == 0
