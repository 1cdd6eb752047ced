"""What must not be read by whom, over every door there is: the table of routes itself is walked, so that a new one is
held to it without anybody thinking of it (attack rows 41, 42, 47, 49, 87, 105, 107).

The secret is a word in the text, the warning, the description of a picture and an earlier version. No answer to
anybody who may not see the post has it.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from admin.serve import build_app
from node.accounts.service import suspend_account
from node.base.runtime import Runtime
from tests.api.test_accounts import picture
from tests.support.make import make_account
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer

SECRET = "xyzzyq"
TAG = "plugh"
ACTIVITY = "application/activity+json"
ELSEWHERE = ("/static", "/nodeinfo", "/livez", "/metrics", "/api/v1/streaming/")
"""Not walked: what is the same for everybody, and streams, which never end (tests/api/test_streaming.py)."""


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """The whole application."""
    async with serve_node(redis_server) as served:
        yield served


async def secret_post(ann: Person, visibility: str, *, reply_to: str | None = None) -> dict[str, Any]:
    media = await ann.call("POST", "/api/v2/media", files={"file": ("x.png", picture(), "image/png")})
    await ann.call("PUT", f"/api/v1/media/{media['id']}", json={"description": f"a picture of {SECRET}"})
    fields: dict[str, Any] = {"visibility": visibility, "media_ids": [media["id"]], "in_reply_to_id": reply_to}
    made = await ann.post(f"one {SECRET} #{TAG}", spoiler_text=f"about {SECRET}", **fields)
    edited: dict[str, Any] = await ann.call(
        "PUT", f"/api/v1/statuses/{made['id']}", json={"status": f"two {SECRET} #{TAG}", "media_ids": [media["id"]]}
    )
    return edited


def paths(runtime: Runtime, post: dict[str, Any], ann: Person) -> list[str]:
    """Return every path of every door that answers to GET, with the post's and its author's names and ids in it."""
    found: list[str] = []
    for rule in build_app(runtime).url_map.iter_rules():
        if "GET" not in (rule.methods or set()) or rule.rule.startswith(ELSEWHERE):
            continue
        about_posts = "post" in str(rule.arguments) or "/statuses" in rule.rule or "/context" in rule.rule
        names = {"acct": ann.username, "name": TAG, "tag": TAG, "key": "x.png"}
        path = rule.rule
        for argument in rule.arguments:
            is_author = argument == "account_id" or (not about_posts and argument.endswith("_id"))
            value = names.get(argument) or (str(ann.account_id) if is_author else post["id"])
            for form in (f"<id:{argument}>", f"<{argument}>", f"<int:{argument}>", f"<path:{argument}>"):
                path = path.replace(form, value)
        if "<any(" in path:
            head, _, rest = path.partition("<any(")
            choices, _, tail = rest.partition(">")
            found += [head + choice.strip() + tail for choice in choices.partition(")")[0].split(",")]
        else:
            found.append(path)
    queries = [
        *(f"{search}?q={what}" for search in ("/search", "/api/v2/search") for what in (TAG, post["uri"], post["url"])),
        f"/api/v1/statuses?id[]={post['id']}",
        f"/api/v1/accounts/{ann.account_id}/statuses?only_media=true",
        f"/api/v1/accounts/{ann.account_id}/statuses?tagged={TAG}",
        f"/users/{ann.account_id}/outbox?page=true",
        f"/contexts/{post['id']}?page=true",
        f"/users/{ann.account_id}/statuses/{post['id']}/replies?page=true",
    ]
    return found + queries


async def looks(node: Node, post: dict[str, Any], ann: Person, who: dict[str, str]) -> list[str]:
    """Return the paths whose answer shows the secret, or breaks."""
    shown = []
    async with httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=20) as http:
        for path in paths(node.runtime, post, ann):
            for accept in ("application/json",) if path.startswith("/api/") else ("text/html", ACTIVITY):
                answer = await http.get(path, headers={**who, "Accept": accept})
                if answer.status_code >= 500 or SECRET in answer.text:
                    shown.append(f"{path} {accept} {answer.status_code}")
        tags = (await http.get(f"/api/v2/search?q={TAG}&type=hashtags", headers=who)).json()["hashtags"]
        if post["visibility"] in ("private", "direct") and tags:
            shown.append("the hashtag")
    return shown


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_rows_41_42_105_nobody_else_reads_it_anywhere(node: Node, visibility: str) -> None:
    """A stranger, a person, one whose request waits, and a follower who was blocked."""
    ann = await node.person("ann", locked=True)
    watchers = {name: await node.person(name) for name in ("bob", "waiting", "blocked")}
    for name in ("waiting", "blocked"):
        await watchers[name].act(f"/api/v1/accounts/{ann.account_id}/follow")
    await ann.act(f"/api/v1/follow_requests/{watchers['blocked'].account_id}/authorize")
    post = await secret_post(ann, visibility)
    await ann.act(f"/api/v1/accounts/{watchers['blocked'].account_id}/block")
    await settle(node.runtime)
    assert await looks(node, post, ann, {}) == []
    for watcher in watchers.values():
        who = {"Authorization": f"Bearer {watcher.token}"}
        assert await looks(node, post, ann, who) == [], watcher.username
        for verb in ("favourite", "reblog", "bookmark", "unfavourite", "unreblog", "unbookmark"):
            await watcher.call("POST", f"/api/v1/statuses/{post['id']}/{verb}", expect=404)
        await watcher.call("POST", "/api/v1/statuses", json={"status": "x", "in_reply_to_id": post["id"]}, expect=404)
    own = await looks(node, post, ann, {"Authorization": f"Bearer {ann.token}"})
    assert len(own) > 5, "the walk sees what may be seen"


async def test_row_47_the_posts_of_the_suspended_are_nowhere(node: Node) -> None:
    """Public ones too, at once, for everybody."""
    ann, bob = await node.person("ann"), await node.person("bob")
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    post = await secret_post(ann, "public")
    await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    await bob.act(f"/api/v1/statuses/{post['id']}/favourite")
    await bob.act(f"/api/v1/statuses/{post['id']}/bookmark")
    await settle(node.runtime)
    async with node.runtime.write() as uow:
        await suspend_account(uow, ann.account_id, now=node.runtime.now())
    assert await looks(node, post, ann, {}) == []
    assert await looks(node, post, ann, {"Authorization": f"Bearer {bob.token}"}) == []
    await settle(node.runtime)
    assert await looks(node, post, ann, {"Authorization": f"Bearer {bob.token}"}) == []


async def test_row_106_what_is_deleted_is_nowhere(node: Node) -> None:
    """Also not in a thread, a boost, a notification, an earlier version, or by its picture's address (row 87)."""
    ann, bob = await node.person("ann"), await node.person("bob")
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    start = await bob.post("start")
    post = await secret_post(ann, "public", reply_to=start["id"])
    await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    await settle(node.runtime)
    address = post["media_attachments"][0]["url"].removeprefix(node.url)
    assert (await node.http.get(address)).status_code == 200
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}", json={"delete_media": True})
    await settle(node.runtime)
    assert await looks(node, post, ann, {}) == []
    assert await looks(node, post, ann, {"Authorization": f"Bearer {bob.token}"}) == []
    assert (await node.http.get(address)).status_code == 404


async def test_row_42_pages_of_a_signed_in_person_are_held_as_well(node: Node) -> None:
    """The same walk with a browser's cookie instead of a token."""
    from tests.browser.visitor import Visitor

    ann = await node.person("ann", locked=True)
    await make_account(node.runtime, "bob", password="correct horse battery")
    post = await secret_post(ann, "private")
    async with Visitor(node.url) as bob:
        await bob.sign_in("bob")
        cookie = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in bob.http.cookies.jar)}
    assert await looks(node, post, ann, cookie) == []
