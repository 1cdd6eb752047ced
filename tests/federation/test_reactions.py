"""Reactions with an emoji, in and out, undone, counted, told (ACV-6, FEP-c0e0)."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.browser.visitor import Visitor
from tests.federation.test_emojis import give_emoji, tag
from tests.federation.test_inbound import send
from tests.support.fake_peer import Answer, FakePeer
from tests.support.nodes import Node, Person, World, settle
from tests.support.stranger import Stranger
from tests.unit.node.media.pictures import picture


@pytest.fixture
async def bob(node: Node) -> Person:
    return await node.person("bob")


async def reactions(person: Person, post: dict[str, Any]) -> dict[str, int]:
    """Return how often each emoji was given, as one person sees it."""
    status = await person.get(f"/api/v1/statuses/{post['id']}")
    assert status["reactions"] == status["pleroma"]["emoji_reactions"]
    return {one["name"]: one["count"] for one in status["reactions"]}


@pytest.mark.parametrize(
    ("kind", "fields", "name"),
    [
        ("EmojiReact", {"content": "🔥"}, "🔥"),
        ("Like", {"content": "👍🏽", "_misskey_reaction": "👍🏽"}, "👍🏽"),
        ("Like", {"_misskey_reaction": "❤"}, "❤️"),
        ("Like", {"contentMap": {"en": "🏳️‍🌈"}}, "🏳‍🌈"),
        ("EmojiReact", {"content": "🇩🇪"}, "🇩🇪"),
        ("EmojiReact", {"content": "1️⃣"}, "1️⃣"),
    ],
)
async def test_acv_6_reactions_of_unicode(
    node: Node, bob: Person, alice: Stranger, kind: str, fields: dict[str, Any], name: str
) -> None:
    """Pleroma's and Misskey's forms; counted once however often it comes; no like; undone."""
    mine = await bob.post("Mine")
    first, again = (alice.activity(kind, mine["uri"], **fields) for _ in range(2))
    await send(node, alice, first)
    await send(node, alice, again)
    assert await reactions(bob, mine) == {name: 1}
    status = await bob.get(f"/api/v1/statuses/{mine['id']}")
    assert (status["favourites_count"], status["reactions"][0]["me"]) == (0, False)
    await send(node, alice, alice.activity("Undo", first))
    assert await reactions(bob, mine) == {}
    assert await bob.get("/api/v1/notifications") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "lol"},
        {"content": "🔥🔥"},
        {"content": ":blob:"},
        {"content": ":blob:", "tag": [{"type": "Emoji", "name": ":other:", "icon": {"url": "https://x.test/a.png"}}]},
        {"content": "<script>alert(1)</script>"},
        {"content": ["🔥", {}][1:]},
        {"content": "🔥" + "\u0301" * 300},
    ],
)
async def test_acv_6_what_is_no_emoji_is_a_plain_like(
    node: Node, bob: Person, alice: Stranger, fields: dict[str, Any]
) -> None:
    mine = await bob.post("Mine")
    await send(node, alice, alice.activity("EmojiReact", mine["uri"], **fields))
    assert await reactions(bob, mine) == {}
    assert (await bob.get(f"/api/v1/statuses/{mine['id']}"))["favourites_count"] == 1


async def test_acv_6_custom_emoji_several_and_undone_by_emoji(
    node: Node, bob: Person, peer: FakePeer, alice: Stranger
) -> None:
    """One person may give several; an Undo without a known id takes back the emoji it names."""
    peer.routes["/emoji/blob.png"] = Answer(body=picture("PNG"), content_type="image/png")
    mine = await bob.post("Mine")
    custom = alice.activity("Like", mine["uri"], content=":blob:", _misskey_reaction=":blob:", tag=[tag(peer)])
    await send(node, alice, custom)
    await send(node, alice, alice.activity("EmojiReact", mine["uri"], content="🔥"))
    await send(node, alice, alice.activity("Like", mine["uri"]))
    status = await bob.get(f"/api/v1/statuses/{mine['id']}")
    assert [one["name"] for one in status["reactions"]] == [f"blob@{peer.domain}", "🔥"]
    assert status["favourites_count"] == 1
    assert (await node.http.get(status["reactions"][0]["url"])).status_code == 200
    assert status["reactions"][1]["url"] is None
    undone = {"type": "EmojiReact", "actor": alice.uri, "object": mine["uri"], "content": "🔥"}
    await send(node, alice, alice.activity("Undo", undone))
    assert await reactions(bob, mine) == {f"blob@{peer.domain}": 1}
    await send(node, alice, alice.activity("Undo", custom["id"]))
    assert await reactions(bob, mine) == {}
    assert (await bob.get(f"/api/v1/statuses/{mine['id']}"))["favourites_count"] == 1


async def test_acv_6_nobody_undoes_anothers(node: Node, bob: Person, alice: Stranger, mallory: Stranger) -> None:
    """Row 26."""
    mine = await bob.post("Mine")
    given = alice.activity("EmojiReact", mine["uri"], content="🔥")
    await send(node, alice, given)
    await send(node, mallory, mallory.activity("Undo", given["id"]))
    await send(node, mallory, mallory.activity("Undo", {**given, "actor": mallory.uri}))
    assert await reactions(bob, mine) == {"🔥": 1}


async def test_acv_6_an_undo_that_came_first(node: Node, bob: Person, alice: Stranger) -> None:
    """INB-9, row 115."""
    mine = await bob.post("Mine")
    given = alice.activity("EmojiReact", mine["uri"], content="🔥")
    await send(node, alice, alice.activity("Undo", given))
    await send(node, alice, given)
    assert await reactions(bob, mine) == {}


async def test_acv_6_reactions_to_what_one_may_not_see(
    node: Node, bob: Person, alice: Stranger, mallory: Stranger
) -> None:
    """Row 42: no reaction to a private post by somebody outside, here or there; nor across a block."""
    carol = await node.person("carol")
    private = await bob.post("For friends", visibility="private")
    await send(node, alice, alice.activity("EmojiReact", private["uri"], content="🔥"))
    assert await reactions(bob, private) == {}
    await carol.call("PUT", f"/api/v1/pleroma/statuses/{private['id']}/reactions/{quote('🔥')}", expect=404)
    await carol.call("GET", f"/api/v1/pleroma/statuses/{private['id']}/reactions", expect=404)
    mine = await bob.post("Mine")
    found = await bob.resolve(mallory.handle)
    await bob.act(f"/api/v1/accounts/{found['id']}/block")
    await send(node, mallory, mallory.activity("EmojiReact", mine["uri"], content="🔥"))
    assert await reactions(bob, mine) == {}


async def test_acv_6_how_apps_are_told(node: Node, bob: Person, alice: Stranger) -> None:
    """An app that knows reactions names them; any other gets the like it resembles (client-api 34)."""
    mine = await bob.post("Mine")
    await send(node, alice, alice.activity("EmojiReact", mine["uri"], content="🔥"))
    (plain,) = await bob.get("/api/v1/notifications")
    assert (plain["type"], plain["emoji"], plain["emoji_url"]) == ("favourite", "🔥", None)
    for word in ("pleroma:emoji_reaction", "reaction"):
        (known,) = await bob.get("/api/v1/notifications", **{"types[]": ["mention", word]})
        assert (known["type"], known["status"]["id"]) == (word, mine["id"])
    assert await bob.get("/api/v1/notifications", **{"exclude_types[]": "favourite"}) == []
    assert await bob.get("/api/v1/notifications", **{"types[]": "mention"}) == []


async def test_acv_6_ours_go_out_and_come_back(world: World) -> None:
    """One form for every peer: a Like with `content` and `_misskey_reaction`; the id answers; Undo embeds it all."""
    a, b = world["a"], world["b"]
    ann, bo = await a.person("ann"), await b.person("bo")
    rook = await give_emoji(a)
    theirs = await bo.post("Hello")
    post = await ann.resolve(theirs["uri"])
    fire = await ann.call("PUT", f"/api/v1/pleroma/statuses/{post['id']}/reactions/{quote('🔥')}")
    assert [(one["name"], one["me"]) for one in fire["reactions"]] == [("🔥", True)]
    await ann.act(f"/api/v1/statuses/{post['id']}/react/rook")
    await world.settle()
    host = a.runtime.settings.web_host
    assert await reactions(bo, theirs) == {"🔥": 1, f"rook@{host}": 1}
    (notice,) = await bo.get("/api/v1/notifications", **{"types[]": "reaction"})
    assert notice["emoji"] == f":rook@{host}:"
    # Whoever stands before a custom emoji of elsewhere may join in; nobody may bring one from nowhere.
    joined = await bo.act(f"/api/v1/statuses/{theirs['id']}/react/{quote(f'rook@{host}')}")
    assert {one["name"]: one["count"] for one in joined["reactions"]} == {"🔥": 1, f"rook@{host}": 2}
    other = await bo.post("Other")
    await bo.call("POST", f"/api/v1/statuses/{other['id']}/react/{quote(f'rook@{host}')}", expect=422)
    await bo.call("POST", f"/api/v1/statuses/{other['id']}/react/lol", expect=422)
    listed = await bo.get(f"/api/v1/pleroma/statuses/{theirs['id']}/reactions/{quote('🔥')}")
    assert [[account["username"] for account in one["accounts"]] for one in listed] == [["ann"]]
    for name in (quote("🔥"), "rook"):
        await ann.call("DELETE", f"/api/v1/pleroma/statuses/{post['id']}/reactions/{name}")
    await world.settle()
    assert await reactions(bo, theirs) == {f"rook@{host}": 1}
    assert rook.shortcode == "rook"


async def test_acv_6_what_a_peer_is_sent(node: Node, bob: Person, peer: FakePeer, alice: Stranger) -> None:
    """FEP-c0e0: a server that knows no reactions reads a Like, one that does reads the emoji; GEN-7: the id answers."""
    peer.routes["/inbox"] = Answer(status=202)
    await give_emoji(node)
    note = alice.note("Hi", mentions=[bob.uri], published=node.runtime.now())
    await send(node, alice, alice.create(note))
    (post,) = (await bob.get("/api/v2/search", q=note["id"], resolve="true"))["statuses"]
    await bob.act(f"/api/v1/statuses/{post['id']}/react/rook")
    await settle(node.runtime)
    sent = peer.asked("/inbox")[-1].json()
    assert (sent["type"], sent["object"], sent["actor"]) == ("Like", note["id"], bob.uri)
    assert (sent["content"], sent["_misskey_reaction"], sent["to"]) == (":rook:", ":rook:", [alice.uri])
    assert [entry["name"] for entry in sent["tag"]] == [":rook:"]
    shown = (await node.http.get(sent["id"], headers={"Accept": "application/activity+json"})).json()
    assert {key: shown[key] for key in shown.keys() - {"@context", "proof"}} == {
        key: sent[key] for key in sent.keys() - {"@context", "proof"}
    }
    await bob.act(f"/api/v1/statuses/{post['id']}/unreact/rook")
    await settle(node.runtime)
    undo = peer.asked("/inbox")[-1].json()
    assert (undo["type"], undo["object"]["id"], undo["object"]["content"]) == ("Undo", sent["id"], ":rook:")


async def test_acv_6_reactions_go_with_post_and_account(node: Node, bob: Person, alice: Stranger) -> None:
    """MOD-1: whoever is deleted leaves none behind."""
    mine = await bob.post("Mine")
    await send(node, alice, alice.activity("EmojiReact", mine["uri"], content="🔥"))
    await send(node, alice, alice.activity("Delete", alice.uri))
    assert await reactions(bob, mine) == {}
    await bob.call("DELETE", f"/api/v1/statuses/{mine['id']}")
    await settle(node.runtime)


async def test_acv_6_on_the_pages_without_scripts(node: Node, alice: Stranger) -> None:
    """Chosen on a page of its own, pressed again under the post, taken back; a word is refused beside the field."""
    await give_emoji(node)
    async with Visitor(node.url) as ann, Visitor(node.url) as stranger:
        await ann.sign_up("ann")
        await ann.post("The rooks are back")
        link = (await ann.open("/home")).form("article.post a.permalink").attributes["href"] or ""
        page = await ann.open(f"{link}/react")
        assert ":rook:" in page.response.text
        refused = await ann.send(page, "form.stack", emoji="nonsense")
        assert refused.status == 422
        assert "Choose one emoji" in refused.text
        shown = await ann.send(page, "form.stack", emoji="🔥")
        assert shown.path == link
        button = shown.form("form.reactions button")
        assert (button.attributes["aria-pressed"], button.attributes["value"]) == ("true", "🔥")
        await ann.send(page, "form.stack", emoji=":rook:")
        seen = await stranger.open(link)
        assert len(seen.html.css("form.reactions button[disabled]")) == 2
        assert 'class="emoji"' in seen.response.text
        again = await ann.send(await ann.open(link), "form.reactions", button="unreact", emoji="🔥")
        assert len(again.html.css("form.reactions button")) == 1
        assert (await stranger.open(f"{link}/react")).path == "/auth/sign_in"
