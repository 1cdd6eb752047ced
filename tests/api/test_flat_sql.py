"""SQL that stays flat: what a node asks its database for in a day is answered from indexes, however much there is.

The statements are those that the doors, the inbox and the drains really run, so a new one is held to this by itself.
"""

from typing import Any

from sqlalchemy import select, update

from admin.pruning import prune
from admin.serve import build_app
from node.accounts.service import delete_account
from node.auth.models import User
from node.auth.rules import SCOPES
from node.http.route_table import routes_for_apps
from node.posts.models import Post
from node.posts.recounting import recount_busy
from tests.api.test_accounts import picture
from tests.support.fake_peer import FakePeer
from tests.support.make import make_token
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.plans import steep, watching
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger


async def test_every_statement_of_a_day_is_answered_from_indexes(
    redis_server: RedisServer, database_url: str, peer: FakePeer, alice: Stranger
) -> None:
    async with serve_node(redis_server, database_url=database_url) as node:
        with watching(node.runtime) as watch:
            ann, given = await live(node, alice)
            await read_everything(node, ann, given)
            await end(node, ann, given)
        found = await steep(node.runtime, watch)
        with watching(node.runtime) as careless:
            async with node.runtime.read() as reader:
                await reader.execute(select(Post.id).where(Post.text == "needle").order_by(Post.text))
        caught = await steep(node.runtime, careless)
    assert len(watch.statements) > 300
    assert not found, "\n".join(found)
    assert caught[0].startswith("reads all of posts")


async def live(node: Node, alice: Stranger) -> tuple[Person, dict[str, Any]]:
    """Do what people do; return one of them and ids of what there is now."""
    ann, bob, cy = [await node.person(name) for name in ("ann", "bob", "cy")]
    async with node.runtime.write() as uow:
        await uow.write(update(User).where(User.account_id == ann.account_id).values(role="admin"))
    everything = " ".join(sorted(SCOPES))
    ann = Person(node, ann.account_id, "ann", await make_token(node.runtime, ann.account_id, everything))
    await ann.follow(bob)
    await bob.follow(ann)
    await cy.follow(ann)
    upload = {"file": ("rooks.png", picture(), "image/png")}
    media = (await ann.call("POST", "/api/v2/media", files=upload))["id"]
    post = await ann.post("Rooks at dusk #rooks #birds http://127.0.0.1:9/page", media_ids=[media])
    reply = await bob.post("@ann who? #rooks", in_reply_to_id=post["id"])
    await cy.post("@ann @bob in private", visibility="direct")
    poll = await bob.post("Which?", poll={"options": ["a", "b"], "expires_in": 3600})
    await ann.act(f"/api/v1/polls/{poll['poll']['id']}/votes", choices=[0])
    quote = await bob.post("look", quoted_status_id=post["id"])
    for verb in ("favourite", "reblog", "bookmark"):
        await bob.act(f"/api/v1/statuses/{post['id']}/{verb}")
        await ann.act(f"/api/v1/statuses/{reply['id']}/{verb}")
    await ann.act(f"/api/v1/statuses/{post['id']}/pin")
    await ann.act(f"/api/v1/statuses/{reply['id']}/mute")
    await ann.act("/api/v1/tags/rooks/follow")
    members = await ann.act("/api/v1/lists", title="Birds")
    await ann.act(f"/api/v1/lists/{members['id']}/accounts", account_ids=[str(bob.account_id)])
    await ann.act("/api/v2/filters", title="x", context=["home"], keywords_attributes=[{"keyword": "noise"}])
    draft = await ann.act("/api/v1/drafts", status="later")
    for act in ("mute", "unmute", "block", "unblock", "note"):
        await ann.act(f"/api/v1/accounts/{cy.account_id}/{act}", comment="c")
    await ann.act("/api/v1/domain_blocks", domain="bad.example")
    await settle(node.runtime)
    await arrive(node, ann, alice, post)
    await ann.call(
        "PUT", f"/api/v1/statuses/{post['id']}", json={"status": "Rooks at dawn #rooks", "media_ids": [media]}
    )
    await settle(node.runtime)
    (notice, *_) = await ann.get("/api/v1/notifications")
    groups = await ann.get("/api/v2/notifications")
    return ann, {
        "account_id": bob.account_id,
        "post_id": post["id"],
        "list_id": members["id"],
        "poll_id": poll["poll"]["id"],
        "media_id": media,
        "draft_id": draft["id"],
        "notification_id": notice["id"],
        "group_key": groups["notification_groups"][0]["group_key"],
        "name": "rooks",
        "date": "2026-01-01",
        "reply": reply["id"],
        "quote": quote["id"],
    }


async def arrive(node: Node, ann: Person, alice: Stranger, post: dict[str, Any]) -> None:
    """Let another server's person follow, answer, like, boost, take it back, and delete."""

    async def send(activity: dict[str, Any]) -> None:
        answer = await alice.deliver(node.url + "/inbox", activity, now=node.runtime.now())
        assert answer.status_code == 202, answer.text
        await settle(node.runtime)

    uri = post["uri"]
    follow = alice.activity("Follow", ann.uri)
    await send(follow)
    note = alice.note("Hello #rooks", inReplyTo=uri)
    await send(alice.create(note))
    like = alice.activity("Like", uri)
    await send(like)
    await send(alice.activity("Announce", uri))
    await send(alice.activity("Undo", like))
    await send(alice.activity("Delete", note["id"]))
    await send(alice.activity("Undo", follow))


QUERIES = (
    "/api/v1/timelines/public?local=true",
    "/api/v1/timelines/public?remote=true&only_media=true",
    "/api/v1/timelines/public?min_id=1",
    "/api/v1/timelines/public?max_id=9",
    "/api/v1/timelines/tag/rooks?any[]=birds&none[]=x",
    "/api/v1/timelines/tag/rooks?all[]=birds&only_media=true&local=true",
    "/api/v1/timelines/home?max_id=9",
    "/api/v1/timelines/home?min_id=9",
    "/api/v1/timelines/link?url=http://127.0.0.1:9/page",
    "/api/v1/accounts/{account_id}/statuses?only_media=true",
    "/api/v1/accounts/{account_id}/statuses?exclude_replies=true&exclude_reblogs=true",
    "/api/v1/accounts/{account_id}/statuses?tagged=rooks",
    "/api/v1/accounts/{account_id}/statuses?pinned=true",
    "/api/v1/accounts/relationships?id[]={account_id}",
    "/api/v1/accounts/familiar_followers?id[]={account_id}",
    "/api/v1/accounts/lookup?acct=bob",
    "/api/v1/accounts/search?q=bo",
    "/api/v1/accounts/search?q=bo&following=true",
    "/api/v2/search?q=rooks",
    "/api/v1/notifications?types[]=mention",
    "/api/v1/notifications?exclude_types[]=mention&max_id=9",
    "/api/v1/directory?order=new",
    "/api/v1/markers?timeline[]=home",
    "/api/v1/statuses?id[]={post_id}",
)


async def read_everything(node: Node, ann: Person, given: dict[str, Any]) -> None:
    """Ask every route that reads, signed in, and what strangers read most as one of them too."""
    paths = [
        route.path
        for route in routes_for_apps(build_app(node.runtime))
        if route.method == "GET" and "/streaming/" not in route.path and "/admin/" not in route.path
    ]
    for path in [*paths, *QUERIES]:
        for name, value in given.items():
            path = path.replace("{" + name + "}", str(value))
        path = path.replace("{", "1").replace("}", "")
        signed_in: dict[str, str] = {"Authorization": f"Bearer {ann.token}"}
        for headers in (signed_in, {}) if "/timelines/" in path or "/accounts/" in path else (signed_in,):
            answer = await node.http.get(path, headers=headers)
            assert answer.status_code < 500, (path, answer.text)


async def end(node: Node, ann: Person, given: dict[str, Any]) -> None:
    """Take back what was done."""
    for verb in ("unfavourite", "unreblog", "unbookmark"):
        await ann.act(f"/api/v1/statuses/{given['reply']}/{verb}")
    await ann.act(f"/api/v1/accounts/{given['account_id']}/unfollow")
    await ann.call("DELETE", f"/api/v1/statuses/{given['post_id']}")
    await settle(node.runtime)
    async with node.runtime.write() as uow:
        await delete_account(uow, given["account_id"], now=node.runtime.now())
    await settle(node.runtime)
    await recount_busy(node.runtime)
    await prune(node.runtime)
