"""What others read of us: documents, negotiation, access by signer, collections, discovery (DISC, ACT, COL, SIG-19)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from federation.parsing import parse_actor, parse_post
from federation.signatures import SigningKey, sign_request
from federation.vocabulary import PUBLIC
from node.accounts.models import Account
from node.accounts.queries import find_account_by_uri
from node.accounts.service import delete_account
from node.blocks.service import block
from node.follows.service import accept_follow, follow
from node.moderation.service import set_domain_policy
from node.posts.boosts import boost
from node.posts.like_queries import find_like
from node.posts.service import Draft, edit, withdraw
from node.remote.actors import fetch_actor
from outbox import activities
from outbox.relay import relay
from tests.support.fake_peer import FakePeer
from tests.support.make import like, make_account, make_post
from tests.support.nodes import Node, serve_node
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger

AP = {"Accept": "application/activity+json"}


@pytest.fixture
async def ann(node: Node) -> Account:
    return await make_account(node.runtime, "ann", display_name="Ann", note="Hi, I am Ann")


@pytest.fixture
async def signed_node(redis_server: RedisServer) -> AsyncIterator[Node]:
    async with serve_node(redis_server, fetch_mode="signed") as served:
        yield served


async def fetch(node: Node, path: str, *, by: Stranger | None = None, **headers: str) -> httpx.Response:
    """GET a document, signed by a stranger if one is given."""
    url = path if path.startswith("http") else node.url + path
    sent = {**AP, **headers}
    if by is not None:
        key = SigningKey(by.key_id, by.private_pem)
        sent |= sign_request("GET", url, key=key, body=None, now=node.runtime.now())
    return await node.http.get(url, headers=sent)


async def got(node: Node, path: str, *, by: Stranger | None = None) -> dict[str, Any]:
    answer = await fetch(node, path, by=by)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"] == "application/activity+json; charset=utf-8"
    found: dict[str, Any] = answer.json()
    return found


async def follower(node: Node, stranger: Stranger, ann: Account) -> Account:
    account = await fetch_actor(node.runtime, stranger.uri)
    async with node.runtime.write() as uow:
        row = await follow(uow, node.runtime.settings, account, ann, uri=f"{stranger.uri}/f", now=node.runtime.now())
        if row.accepted_at is None:
            await accept_follow(uow, row, now=node.runtime.now())
    return account


async def test_an_actor_document_has_what_peers_need(node: Node, ann: Account) -> None:
    """ACT-1."""
    document = await got(node, f"/users/{ann.id}")
    assert document["id"] == ann.uri
    assert document["type"] == "Person"
    assert document["preferredUsername"] == "ann"
    assert document["summary"] == "<p>Hi, I am Ann</p>"
    assert document["webfinger"] == f"ann@{node.runtime.settings.domain}"
    assert document["publicKey"]["id"] == f"{ann.uri}#main-key"
    assert document["publicKey"]["owner"] == ann.uri
    assert document["endpoints"] == {"sharedInbox": f"{node.url}/inbox"}
    assert document["manuallyApprovesFollowers"] is False
    for name in ("inbox", "outbox", "followers", "following", "featured"):
        assert document[name] == f"{ann.uri}/{name}"
    assert parse_actor(document).id == ann.uri


@pytest.mark.parametrize(
    ("accept", "wants_json"),
    [
        ("application/activity+json", True),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', True),
        ("application/activity+json, application/ld+json", True),
        ('application/activity+json, application/ld+json; profile="x", text/html;q=0.1', True),
        ("application/ld+json", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("text/html, application/activity+json;q=0.5", False),
        ("*/*", False),
    ],
)  # fmt: skip
async def test_pages_and_documents_are_told_apart_by_what_is_accepted(
    node: Node, ann: Account, accept: str, wants_json: bool
) -> None:
    """DISC-10, in both directions: ids send browsers to pages, pages send programs to ids."""
    post = await make_post(node.runtime, ann, "Hello")
    for id_path, page_path in (
        (f"/users/{ann.id}", "/@ann"),
        (f"/users/{ann.id}/statuses/{post.id}", f"/@ann/{post.id}"),
    ):
        answer = await node.http.get(id_path, headers={"Accept": accept})
        assert "Accept" in answer.headers["vary"]
        page = await node.http.get(page_path, headers={"Accept": accept})
        assert "Accept" in page.headers["vary"]
        if wants_json:
            assert answer.status_code == 200
            assert answer.json()["id"] == node.url + id_path
            assert (page.status_code, page.headers["location"]) == (302, node.url + id_path)
        else:
            assert (answer.status_code, answer.headers["location"]) == (302, node.url + page_path)
            assert page.status_code == 200
            assert page.headers["content-type"].startswith("text/html")


async def test_a_note_carries_its_thread_its_tags_and_its_counts(node: Node, ann: Account) -> None:
    """OBJ-1, OBJ-4, OBJ-17, AUD-1."""
    bo = await make_account(node.runtime, "bo")
    root = await make_post(node.runtime, ann, "Root")
    post = await make_post(
        node.runtime, bo, "Reply to @ann about #soup", in_reply_to_id=root.id, spoiler_text="food", language="en"
    )
    async with node.runtime.write() as uow:
        await like(uow, node.runtime.settings, ann, post, now=node.runtime.now())
    document = await got(node, f"/users/{bo.id}/statuses/{post.id}")
    assert document["inReplyTo"] == root.uri
    assert document["context"] == document["conversation"] == f"{node.url}/contexts/{root.id}"
    assert document["summary"] == "food"
    assert document["sensitive"] is True
    assert document["to"] == [PUBLIC]
    assert document["cc"] == [f"{bo.uri}/followers", ann.uri]
    assert document["contentMap"] == {"en": document["content"]}
    domain = node.runtime.settings.domain
    assert document["tag"] == [
        {"type": "Mention", "href": ann.uri, "name": f"@ann@{domain}"},
        {"type": "Hashtag", "href": f"{node.url}/tags/soup", "name": "#soup"},
    ]
    assert document["likes"]["totalItems"] == 1
    parsed = parse_post(document)
    assert parsed.id == post.uri
    activity = await got(node, f"/users/{bo.id}/statuses/{post.id}/activity")
    assert (activity["type"], activity["id"]) == ("Create", f"{post.uri}/activity")
    assert (activity["to"], activity["cc"]) == (document["to"], document["cc"])
    assert "@context" not in activity["object"]


async def test_documents_are_cacheable_and_never_stale(node: Node, ann: Account) -> None:
    """DLV-9."""
    post = await make_post(node.runtime, ann, "One")
    path = f"/users/{ann.id}/statuses/{post.id}"
    answer = await fetch(node, path)
    assert answer.headers["cache-control"] == "public, max-age=180"
    assert answer.headers["vary"] == "Accept, Signature, Signature-Input"
    again = await fetch(node, path, **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    async with node.runtime.write() as uow:
        await edit(uow, node.runtime.settings, post, Draft(text="Two"), mentions={}, now=node.runtime.now())
    assert "Two" in (await got(node, path))["content"]


async def test_what_is_deleted_answers_410_and_what_never_was_404(node: Node, ann: Account) -> None:
    """ACV-4; a deleted private post is as absent as one that never was."""
    open_post = await make_post(node.runtime, ann, "Open")
    private = await make_post(node.runtime, ann, "Private", visibility="followers")
    async with node.runtime.write() as uow:
        await withdraw(uow, open_post, now=node.runtime.now())
        await withdraw(uow, private, now=node.runtime.now())
    gone = await fetch(node, f"/users/{ann.id}/statuses/{open_post.id}")
    assert gone.status_code == 410
    assert gone.json()["type"] == "Tombstone"
    assert gone.json()["id"] == open_post.uri
    assert (await fetch(node, f"/users/{ann.id}/statuses/{private.id}")).status_code == 404
    bo = await make_account(node.runtime, "bo")
    for path in (
        f"/users/{ann.id}/statuses/12345",
        f"/users/{bo.id}/statuses/{open_post.id}",
        "/users/12345",
        "/users/99999999999999999999",
        "/users/1",
        "/users/1/outbox",
        "/contexts/12345",
    ):
        assert (await fetch(node, path)).status_code == 404, path
    page = await node.http.get(f"/users/{ann.id}/statuses/{open_post.id}", headers={"Accept": "text/html"})
    assert page.status_code == 410


async def test_a_deleted_account_answers_410_everywhere(node: Node, ann: Account) -> None:
    """MOD-1."""
    await got(node, f"/users/{ann.id}")
    async with node.runtime.write() as uow:
        await delete_account(uow, ann.id, now=node.runtime.now())
    answer = await fetch(node, f"/users/{ann.id}")
    assert answer.status_code == 410
    assert answer.json()["type"] == "Tombstone"
    for name in ("outbox", "followers", "following", "featured"):
        assert (await fetch(node, f"/users/{ann.id}/{name}")).status_code == 410
    domain = node.runtime.settings.domain
    assert (await node.http.get(f"/.well-known/webfinger?resource=acct:ann@{domain}")).status_code == 410


@pytest.mark.parametrize("mode", ["open", "signed", "allowlist"])
async def test_a_private_post_is_for_proven_followers_alone(
    redis_server: RedisServer, peer: FakePeer, mode: str
) -> None:
    """SIG-19: the matrix of mode, signer and visibility."""
    async with serve_node(redis_server, fetch_mode=mode) as node, FakePeer(host="127.0.0.2") as unlisted:
        async with node.runtime.write() as uow:
            await set_domain_policy(uow, node.runtime.settings, peer.domain, "allow", now=node.runtime.now())
        ann = await make_account(node.runtime, "ann")
        friend, stranger = Stranger(peer, "bo"), Stranger(peer, "eve", key_number=1)
        forger = Stranger(peer, "bo", key_number=2)
        friend.publish_profile()
        await follower(node, friend, ann)
        named = await fetch_actor(node.runtime, Stranger(peer, "cy", key_number=3).uri)
        cy = Stranger(peer, "cy", key_number=3)
        posts = {
            "public": await make_post(node.runtime, ann, "Open"),
            "unlisted": await make_post(node.runtime, ann, "Open too", visibility="unlisted"),
            "followers": await make_post(node.runtime, ann, "For friends", visibility="followers"),
            "direct": await make_post(node.runtime, ann, f"@{named.acct} psst", visibility="direct"),
        }
        outsider = Stranger(unlisted, "zed")
        unsigned, hidden = (200, 404) if mode == "open" else (401, 401)
        shown, absent = (403, 403) if mode == "allowlist" else (200, 404)
        expected = {
            "public": (unsigned, 200, 200, 200, unsigned, shown),
            "unlisted": (unsigned, 200, 200, 200, unsigned, shown),
            "followers": (hidden, 200, 404, 404, hidden, absent),
            "direct": (hidden, 404, 404, 200, hidden, absent),
        }
        for visibility, statuses in expected.items():
            path = f"/users/{ann.id}/statuses/{posts[visibility].id}"
            for who, status in zip((None, friend, stranger, cy, forger, outsider), statuses, strict=True):
                answer = await fetch(node, path, by=who)
                name = who.name if who else "nobody"
                assert answer.status_code == status, (mode, visibility, name, answer.text[:200])
                if status == 200 and who is not None:
                    assert answer.headers["cache-control"] == "private, no-store"
                    assert "etag" not in answer.headers
        for path in ("/actor", "/.well-known/nodeinfo", "/.well-known/host-meta", f"/users/{ann.id}"):
            assert (await fetch(node, path)).status_code == 200, path
        assert bool(unlisted.requests) is (mode != "allowlist")


async def test_signed_mode_shows_the_unsigned_a_stub_and_the_node_itself(signed_node: Node, peer: FakePeer) -> None:
    """SIG-19, DISC-8."""
    ann = await make_account(signed_node.runtime, "ann", display_name="Ann", note="Secret")
    stub = await got(signed_node, f"/users/{ann.id}")
    assert set(stub) <= {
        "@context", "id", "type", "preferredUsername", "inbox", "outbox", "publicKey", "assertionMethod", "endpoints",
        "url",
    }  # fmt: skip
    whole = await got(signed_node, f"/users/{ann.id}", by=Stranger(peer, "bo"))
    assert whole["summary"] == "<p>Secret</p>"
    for name in ("outbox", "followers", "following", "featured"):
        assert (await fetch(signed_node, f"/users/{ann.id}/{name}")).status_code == 401
    node_actor = await got(signed_node, "/actor")
    assert node_actor["type"] == "Application"
    for path in ("/.well-known/nodeinfo", "/nodeinfo/2.1", "/.well-known/host-meta"):
        assert (await signed_node.http.get(path)).status_code == 200


async def test_blocked_domains_and_actors_are_shown_nothing(node: Node, ann: Account, peer: FakePeer) -> None:
    """SIG-19, attack row 49."""
    bo = Stranger(peer, "bo")
    account = await follower(node, bo, ann)
    post = await make_post(node.runtime, ann, "Hello")
    paths = [f"/users/{ann.id}", f"/users/{ann.id}/statuses/{post.id}", f"/users/{ann.id}/outbox"]
    paths += [f"/users/{ann.id}/{name}" for name in ("followers", "following", "featured")]
    paths += [f"{paths[1]}/{name}" for name in ("activity", "replies", "likes", "shares")]
    paths.append(f"/contexts/{post.id}")
    for path in paths:
        answer = await fetch(node, path, by=bo)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"
        assert {"Signature", "Signature-Input"} <= {name.strip() for name in answer.headers["vary"].split(",")}
    async with node.runtime.write() as uow:
        await block(uow, node.runtime.settings, ann, account, now=node.runtime.now())
    for path in paths:
        assert (await fetch(node, path, by=bo)).status_code == 404, path
        assert (await fetch(node, path)).status_code == 200, path
    async with node.runtime.write() as uow:
        await set_domain_policy(uow, node.runtime.settings, peer.domain, "suspend", now=node.runtime.now())
    for path in paths:
        assert (await fetch(node, path, by=bo)).status_code == 403, path


async def test_an_outbox_is_walked_page_by_page(
    node: Node, ann: Account, peer: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COL-1, COL-2."""
    from outbox import routes

    monkeypatch.setattr(routes, "OUTBOX_PAGE", 3)
    bo = await make_account(node.runtime, "bo")
    other = await make_post(node.runtime, bo, "Not ann's")
    posts = [await make_post(node.runtime, ann, f"Post {n}") for n in range(6)]
    private = await make_post(node.runtime, ann, "For friends", visibility="followers")
    await make_post(node.runtime, ann, "@bo psst", visibility="direct")
    async with node.runtime.write() as uow:
        shared = await boost(uow, node.runtime.settings, ann, other, now=node.runtime.now())
    root = await got(node, f"/users/{ann.id}/outbox")
    assert (root["type"], root["totalItems"]) == ("OrderedCollection", 7)

    async def walk(by: Stranger | None) -> list[dict[str, Any]]:
        items, url = [], root["first"]
        while url:
            page = await got(node, url, by=by)
            assert page["id"] == url
            assert page["partOf"] == root["id"]
            items += page["orderedItems"]
            url = page.get("next")
        return items

    items = await walk(None)
    assert [item["type"] for item in items] == ["Announce"] + ["Create"] * 6
    assert items[0]["id"] == shared.uri
    assert items[0]["object"] == other.uri
    assert [item["object"]["id"] for item in items[1:]] == [post.uri for post in reversed(posts)]
    friend = Stranger(peer, "cy")
    await follower(node, friend, ann)
    assert [item["id"] for item in await walk(friend)][:2] == [shared.uri, f"{private.uri}/activity"]
    assert (await node.http.post(f"/users/{ann.id}/outbox", json={})).status_code == 405
    announce = await got(node, f"/users/{ann.id}/statuses/{shared.id}/activity")
    assert announce == {"@context": announce["@context"], **items[0]}
    assert (await fetch(node, f"/users/{ann.id}/statuses/{shared.id}")).status_code == 404


async def test_followers_are_listed_unless_hidden(node: Node, ann: Account, peer: FakePeer) -> None:
    """COL-3."""
    bo = Stranger(peer, "bo")
    await follower(node, bo, ann)
    root = await got(node, f"/users/{ann.id}/followers")
    assert root["totalItems"] == 1
    assert (await got(node, root["first"]))["orderedItems"] == [bo.uri]
    assert (await got(node, f"/users/{ann.id}/following"))["totalItems"] == 0
    async with node.runtime.write() as uow:
        account = await find_account_by_uri(uow, ann.uri)
        assert account is not None
        account.hide_collections = True
    root = await got(node, f"/users/{ann.id}/followers")
    assert "first" not in root
    assert (await fetch(node, f"/users/{ann.id}/followers?page=true")).status_code == 404


async def test_replies_and_contexts_hold_what_is_open(node: Node, ann: Account) -> None:
    """COL-5, COL-6."""
    bo = await make_account(node.runtime, "bo")
    root = await make_post(node.runtime, ann, "Root")
    own = await make_post(node.runtime, ann, "More", in_reply_to_id=root.id)
    other = await make_post(node.runtime, bo, "Hear, hear", in_reply_to_id=root.id)
    secret = await make_post(node.runtime, bo, "@ann psst", in_reply_to_id=root.id, visibility="direct")
    replies = await got(node, f"/users/{ann.id}/statuses/{root.id}/replies")
    assert replies["type"] == "Collection"
    first = await got(node, replies["first"])
    assert first["items"] == [own.uri]
    assert (await got(node, first["next"]))["items"] == [other.uri]
    context = await got(node, f"/contexts/{root.id}")
    assert (context["totalItems"], context["attributedTo"]) == (3, ann.uri)
    items = (await got(node, context["first"]))["orderedItems"]
    assert items == [root.uri, own.uri, other.uri]
    assert secret.uri not in items
    for name in ("likes", "shares"):
        counted = await got(node, f"/users/{ann.id}/statuses/{root.id}/{name}")
        assert counted["totalItems"] == 0
        assert not counted.get("items")
    featured = await got(node, f"/users/{ann.id}/featured")
    assert (featured["totalItems"], featured["orderedItems"]) == (0, [])


async def test_follows_likes_and_blocks_have_ids_that_answer(node: Node, ann: Account, peer: FakePeer) -> None:
    """GEN-7."""
    bo, eve = Stranger(peer, "bo"), Stranger(peer, "eve", key_number=1)
    account = await fetch_actor(node.runtime, bo.uri)
    target = await make_account(node.runtime, "cy")
    post = await make_post(node.runtime, target, "Hello")
    secret = await make_post(node.runtime, target, "@ann psst", visibility="direct")
    async with node.runtime.write() as uow:
        settings, now = node.runtime.settings, node.runtime.now()
        asked = await follow(uow, settings, ann, account, now=now)
        await like(uow, settings, ann, post, now=now)
        await like(uow, settings, ann, secret, now=now)
        liked, liked_secret = [await find_like(uow, ann.id, each.id) for each in (post, secret)]
    assert liked is not None
    assert liked_secret is not None
    document = await got(node, asked.uri, by=bo)
    assert (document["type"], document["actor"], document["object"]) == ("Follow", ann.uri, bo.uri)
    assert (await fetch(node, asked.uri)).status_code == 404  # a request, for its two sides only
    document = await got(node, liked.uri)
    assert (document["type"], document["actor"], document["object"]) == ("Like", ann.uri, post.uri)
    assert (await fetch(node, liked_secret.uri)).status_code == 404
    async with node.runtime.write() as uow:
        blocked = await block(uow, settings, ann, account, now=now)
    document = await got(node, blocked.uri, by=bo)
    assert (document["type"], document["object"]) == ("Block", bo.uri)
    assert (await fetch(node, blocked.uri)).status_code == 404
    assert (await fetch(node, blocked.uri, by=eve)).status_code == 404


async def test_the_node_has_an_actor_of_its_own(node: Node) -> None:
    """DISC-8, DISC-9."""
    document = await got(node, "/actor")
    host = node.runtime.settings.web_host.partition(":")[0]
    assert document["id"] == f"{node.url}/actor"
    assert document["preferredUsername"] == host
    assert document["manuallyApprovesFollowers"] is True
    assert document["publicKey"]["id"] == f"{node.url}/actor#main-key"
    webfinger = await node.http.get(f"/.well-known/webfinger?resource=acct:{host}@{node.runtime.settings.domain}")
    assert webfinger.json()["subject"] == f"acct:{host}@{node.runtime.settings.domain}"
    service = await node.http.get(f"/.well-known/webfinger?resource={node.url}/")
    assert service.json()["links"][0]["href"] == f"{node.url}/actor"
    for name in ("outbox", "followers", "following"):
        assert (await got(node, f"/actor/{name}"))["totalItems"] == 0


async def test_webfinger_knows_every_form_of_a_name(redis_server: RedisServer) -> None:
    """DISC-1, DISC-2: handles of both domains, ids and pages; one subject for all of them."""
    async with serve_node(redis_server, handle_domain="example.com") as node:
        ann = await make_account(node.runtime, "Ann")
        web = node.runtime.settings.web_host
        forms = [
            "acct:Ann@example.com", f"acct:ann@{web}", "acct:@ANN@example.com", "ann@example.com", "ann@EXAMPLE.com",
            ann.uri, f"{node.url}/@ann", f"{node.url}/@Ann/",
        ]  # fmt: skip
        for form in forms:
            answer = await node.http.get("/.well-known/webfinger", params={"resource": form})
            assert answer.status_code == 200, form
            assert answer.json()["subject"] == "acct:Ann@example.com"
            links = {link["rel"]: link for link in answer.json()["links"]}
            assert links["self"]["href"] == ann.uri
            assert links["self"]["type"] == "application/activity+json"
        assert answer.headers["content-type"] == "application/jrd+json; charset=utf-8"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "max-age=259200"


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (None, 400),
        ("", 400),
        ("ann", 400),
        ("acct:ann", 400),
        ("acct:a b@example.com", 400),
        ("acct:ann@", 400),
        ("x" * 3000, 400),
        ("acct:nobody@{domain}", 404),
        ("acct:ann@elsewhere.example", 404),
        ("https://elsewhere.example/users/1", 404),
        ("{url}/users/12345", 404),
        ("{url}/users/99999999999999999999", 404),
        ("{url}.evil.example/@ann", 404),
        ("{url}/@ann/123", 404),
    ],
)
async def test_webfinger_says_no_clearly(node: Node, ann: Account, resource: str | None, status: int) -> None:
    """DISC-1."""
    params = {}
    if resource is not None:
        params["resource"] = resource.format(domain=node.runtime.settings.domain, url=node.url)
    answer = await node.http.get("/.well-known/webfinger", params=params)
    assert answer.status_code == status
    assert "error" in answer.json()
    assert answer.headers["cache-control"] == "max-age=180"


async def test_host_meta_and_nodeinfo(node: Node, ann: Account) -> None:
    """DISC-5, DISC-6, DISC-7."""
    meta = await node.http.get("/.well-known/host-meta")
    assert meta.headers["content-type"].startswith("application/xrd+xml")
    assert f'template="{node.url}/.well-known/webfinger?resource={{uri}}"' in meta.text
    assert (await node.http.get("/.well-known/host-meta.json")).json()["links"][0]["rel"] == "lrdd"
    index = (await node.http.get("/.well-known/nodeinfo")).json()
    assert [link["href"] for link in index["links"]] == [f"{node.url}/nodeinfo/2.1", f"{node.url}/nodeinfo/2.0"]
    for version in ("2.1", "2.0"):
        answer = await node.http.get(f"/nodeinfo/{version}")
        assert f"schema/{version}#" in answer.headers["content-type"]
        info = answer.json()
        assert info["software"]["name"] == "rookery"
        assert ("repository" in info["software"]) == (version == "2.1")
        assert info["usage"]["users"]["total"] == 1
    assert (await node.http.get("/nodeinfo/1.0")).status_code == 404


async def test_a_hidden_document_gives_nothing_away(node: Node, ann: Account) -> None:
    """Rule 5 of the attack catalogue: not allowed and not existing are the same bytes."""
    private = await make_post(node.runtime, ann, "For friends", visibility="followers")
    await relay(node.runtime)
    hidden = await fetch(node, f"/users/{ann.id}/statuses/{private.id}")
    absent = await fetch(node, f"/users/{ann.id}/statuses/{private.id + 1}")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content
    assert json.loads(hidden.content) == {"error": "Record not found"}


async def test_dlv_9_a_herd_at_one_post_is_answered_from_one_look(
    node: Node, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written once, the same bytes for all, and nobody who asks later is told of what is gone."""
    post = await make_post(node.runtime, ann, "Everybody comes at once")
    written = 0
    note = activities.note

    async def counted(*args: Any, **options: Any) -> Any:
        nonlocal written
        written += 1
        await asyncio.sleep(0.05)
        return await note(*args, **options)

    monkeypatch.setattr(activities, "note", counted)
    path = post.uri.removeprefix(node.url)
    answers = await asyncio.gather(*(node.http.get(path, headers=AP) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert written == 1
    async with node.runtime.write() as uow:
        await withdraw(uow, post, now=node.runtime.now())
    assert (await fetch(node, path)).status_code == 410


async def test_col_1_every_collection_has_its_root_and_its_pages(
    node: Node, ann: Account, peer: FakePeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COL-1 to COL-5, GEN-2: ids are URLs, pages say what they are part of and end; empty ones say so."""
    from outbox import routes

    for size in ("OUTBOX_PAGE", "MEMBERS_PAGE", "REPLIES_PAGE", "CONTEXT_PAGE"):
        monkeypatch.setattr(routes, size, 2)
    for name in ("bo", "cy", "di"):
        await follower(node, Stranger(peer, name), ann)
    post = await make_post(node.runtime, ann, "Root")
    for _ in range(3):
        await make_post(node.runtime, ann, "More", in_reply_to_id=post.id)
    nobody = await make_account(node.runtime, "quiet")
    paged = {"outbox": 4, "followers": 3}
    actor = await got(node, f"/users/{ann.id}")
    for name in ("outbox", "followers", "following", "liked", "featured", "featuredTags"):
        for owner, totals in ((ann, paged), (nobody, {})):
            url = actor[name].replace(str(ann.id), str(owner.id))
            root = await got(node, url)
            assert (root["id"], root["totalItems"]) == (url, totals.get(name, 0))
            assert root["type"] == ("Collection" if name == "featuredTags" else "OrderedCollection")
            if name not in totals:
                assert root["items" if name == "featuredTags" else "orderedItems"] == []
                assert "first" not in root
    roots = [f"{actor['id']}/{name}" for name in paged]
    roots += [f"{post.uri}/replies", f"{node.url}/contexts/{post.id}"]
    for url in roots:
        root = await got(node, url)
        page_url, seen = root["first"], set[str]()
        for _ in range(8):
            page = await got(node, page_url)
            assert (page["id"], page["partOf"]) == (page_url, url)
            items = page.get("orderedItems", page.get("items"))
            assert isinstance(items, list)
            ids = {item if isinstance(item, str) else item["id"] for item in items}
            assert not ids & seen
            seen |= ids
            page_url = page.get("next")
            if page_url is None:
                break
        assert page_url is None
        assert len(seen) == {"followers": 3, "replies": 3}.get(url.rpartition("/")[2], 4)
    for name in ("likes", "shares"):
        counted = await got(node, f"{post.uri}/{name}")
        assert (counted["type"], counted["totalItems"]) == ("Collection", 0)
        assert not {"first", "orderedItems"} & counted.keys()


async def test_who_reads_an_outbox_again_hears_what_changed(node: Node, peer: FakePeer) -> None:
    """DISC-10, row 49: signed too; one asker's version is none for another who is shown something else."""
    ann = await make_account(node.runtime, "ann")
    await make_post(node.runtime, ann, "Open")
    await make_post(node.runtime, ann, "For friends", visibility="followers")
    friend, stranger = Stranger(peer, "friend"), Stranger(peer, "other", key_number=1)
    async with node.runtime.write() as uow:
        follower = await fetch_actor(node.runtime, friend.uri)
        await follow(uow, node.runtime.settings, follower, ann, now=node.runtime.now())
    path = f"/users/{ann.id}/outbox?page=true"
    first = await fetch(node, path, by=friend)
    assert first.headers["cache-control"] == "private, no-store"
    seen = {"If-None-Match": first.headers["etag"]}
    assert (await fetch(node, path, by=friend, **seen)).status_code == 304
    assert (await fetch(node, path, by=stranger, **seen)).status_code == 200
    assert (await fetch(node, path, **seen)).status_code == 200
    await make_post(node.runtime, ann, "Another")
    assert (await fetch(node, path, by=friend, **seen)).status_code == 200
