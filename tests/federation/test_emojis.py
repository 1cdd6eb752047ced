"""Custom emoji between servers: learned, copied, shown, sent (OBJ-6, attack rows 54, 74, 75)."""

from typing import Any

from sqlalchemy import func, select

from node.emojis.models import Emoji
from node.emojis.service import add_emoji
from node.media.service import store_emoji
from node.moderation.models import DomainPolicy
from tests.federation.test_inbound import send
from tests.support.fake_peer import Answer, FakePeer
from tests.support.nodes import Node, Person, World, settle
from tests.support.stranger import Stranger
from tests.unit.node.media.pictures import animation, picture


def tag(peer: FakePeer, shortcode: str = "blob", path: str = "/emoji/blob.png", **fields: Any) -> dict[str, Any]:
    """Make an Emoji tag, without an id as Akkoma does."""
    return {
        "type": "Emoji",
        "name": f":{shortcode}:",
        "icon": {"type": "Image", "url": f"{peer.url}{path}"},
        **fields,
    }


async def give_emoji(node: Node, shortcode: str = "rook", data: bytes | None = None) -> Emoji:
    """Add one of ours, as the operator does."""
    key, static_key = await store_emoji(node.runtime, data or picture("PNG"))
    async with node.runtime.write() as uow:
        return await add_emoji(uow, shortcode, storage_key=key, static_key=static_key, now=node.runtime.now())


async def bring(node: Node, bob: Person, alice: Stranger, text: str = "Look :blob:", **fields: Any) -> Any:
    """Deliver a post to bob and return it as he sees it."""
    note = alice.note(text, mentions=[bob.uri], published=node.runtime.now(), **fields)
    await send(node, alice, alice.create(note))
    (found,) = (await bob.get("/api/v2/search", q=note["id"], resolve="true"))["statuses"]
    return found


async def test_obj_6_an_emoji_is_shown_from_here(node: Node, peer: FakePeer, alice: Stranger) -> None:
    """Fetched when somebody first looks, once, drawn anew, served by id; the page calls nobody else (row 54)."""
    peer.routes["/emoji/blob.gif"] = Answer(body=animation("GIF"), content_type="image/gif")
    bob = await node.person("bob")
    status = await bring(node, bob, alice, tag=[tag(peer, path="/emoji/blob.gif"), _mention(bob)])
    (emoji,) = status["emojis"]
    assert emoji["shortcode"] == "blob"
    assert emoji["url"].startswith(f"{node.url}/media/emoji/")
    assert peer.asked("/emoji/blob.gif") == []
    moving, still = [await node.http.get(emoji[name]) for name in ("url", "static_url")]
    assert (moving.status_code, moving.headers["Content-Type"]) == (200, "image/gif")
    assert (still.status_code, still.headers["Content-Type"]) == (200, "image/webp")
    assert len(peer.asked("/emoji/blob.gif")) == 1
    page = await node.http.get(f"/@{alice.handle}/{status['id']}", headers={"Accept": "text/html"})
    assert 'class="emoji"' in page.text
    assert 'alt=":blob:" title=":blob:"' in page.text
    assert f'src="{peer.url}' not in page.text


def _mention(bob: Person) -> dict[str, str]:
    return {"type": "Mention", "href": bob.uri, "name": bob.handle}


async def test_obj_6_names_fields_and_warnings_have_emoji(node: Node, peer: FakePeer) -> None:
    """Row 74: in a name and a field, never in the handle, which stays whole beside it."""
    profile = {
        "name": "Alice :blob:",
        "attachment": [{"type": "PropertyValue", "name": "Likes :blob:", "value": "all :blob:s :blob:"}],
        "tag": [tag(peer)],
    }
    alice, bob = Stranger(peer, "alice", profile=profile), await node.person("bob")
    status = await bring(node, bob, alice, "x", summary="beware :blob:", tag=[tag(peer), _mention(bob)])
    assert [emoji["shortcode"] for emoji in status["account"]["emojis"]] == ["blob"]
    page = await node.http.get(f"/@{alice.handle}", headers={"Accept": "text/html"})
    drawn = f'<img class="emoji" src="{status["account"]["emojis"][0]["static_url"]}"'.replace("&", "&amp;")
    assert f"<bdi>Alice {drawn}" in page.text
    assert f"Likes {drawn}" in page.text
    assert f"beware {drawn}" in page.text
    assert f'<span class="handle">@{alice.handle}</span>' in page.text


async def test_row_74_a_shortcode_in_a_handle_stays_text(node: Node, peer: FakePeer) -> None:
    alice, bob = Stranger(peer, "al-blob-"), await node.person("bob")
    status = await bring(node, bob, alice, "<b>:blob:</b> https://x.test/:blob: :blob:", tag=[tag(peer), _mention(bob)])
    page = await node.http.get(f"/@{alice.handle}/{status['id']}", headers={"Accept": "text/html"})
    assert f"@{alice.handle}" in page.text


async def test_row_75_no_markup_comes_in_by_an_emoji(node: Node, peer: FakePeer, alice: Stranger) -> None:
    """Row 75: neither by its name nor by its address; rows 65, 77: nor any address but http(s)."""
    bob = await node.person("bob")
    tags = [
        tag(peer, 'x" onerror="alert(1)'),
        tag(peer, "evil", icon={"type": "Image", "url": "javascript:alert(1)"}),
        tag(peer, "quote", '/a".png'),
        _mention(bob),
    ]
    status = await bring(node, bob, alice, ":evil: :quote:", tag=tags)
    assert {emoji["shortcode"] for emoji in status["emojis"]} <= {"quote"}
    page = (await node.http.get(f"/@{alice.handle}/{status['id']}", headers={"Accept": "text/html"})).text
    assert "onerror" not in page
    assert "javascript:" not in page


async def test_obj_6_a_new_picture_replaces_the_old_one(node: Node, peer: FakePeer, alice: Stranger) -> None:
    """Replaced for another `icon.url` or a newer `updated`; an older document changes nothing back."""
    bob = await node.person("bob")
    for path, updated, expected in (
        ("/1.png", None, "/1.png"),
        ("/2.png", None, "/2.png"),
        ("/3.png", "2026-02-02T00:00:00Z", "/3.png"),
        ("/2.png", "2026-01-01T00:00:00Z", "/3.png"),
        ("/4.png", "2026-03-03T00:00:00Z", "/4.png"),
    ):
        fields = {"updated": updated} if updated else {}
        await bring(node, bob, alice, tag=[tag(peer, path=path, **fields), _mention(bob)])
        async with node.runtime.read() as reader:
            (row,) = await reader.scalars(select(Emoji))
        assert row.image_url == peer.url + expected
        assert row.domain == peer.domain


async def test_obj_6_nobody_changes_the_emoji_of_another_host(
    node: Node, peer: FakePeer, alice: Stranger, evil: FakePeer, mallory: Stranger
) -> None:
    """The host of whoever uses it decides, not the id: a forged id changes nothing elsewhere."""
    bob = await node.person("bob")
    genuine = tag(peer, id=f"{peer.url}/emojis/blob")
    await bring(node, bob, alice, tag=[genuine, _mention(bob)])
    await bring(node, bob, mallory, tag=[{**genuine, "icon": tag(evil)["icon"]}, _mention(bob)])
    async with node.runtime.read() as reader:
        rows = {row.domain: row.image_url for row in await reader.scalars(select(Emoji))}
    assert rows == {peer.domain: f"{peer.url}/emoji/blob.png", evil.domain: f"{evil.url}/emoji/blob.png"}


async def test_obj_6_what_is_too_large_or_no_picture_is_not_shown(node: Node, peer: FakePeer, alice: Stranger) -> None:
    """256 KiB at most, decided while reading; a web page is no picture whatever it calls itself (rows 55, 82)."""
    bob = await node.person("bob")
    peer.routes["/large.png"] = Answer(body=picture("PNG") + b"\0" * 300_000, content_type="image/png")
    peer.routes["/page.png"] = Answer(body=b"<svg onload=alert(1)>", content_type="image/png")
    for path in ("/large.png", "/page.png"):
        status = await bring(node, bob, alice, tag=[tag(peer, path.strip("/.png"), path), _mention(bob)])
        assert (await node.http.get(status["emojis"][0]["url"])).status_code == 404
    assert (await node.http.get("/media/emoji/1")).status_code == 404


async def test_mod_2_no_emoji_of_a_host_whose_media_is_refused(node: Node, peer: FakePeer, alice: Stranger) -> None:
    bob = await node.person("bob")
    peer.routes["/emoji/blob.png"] = Answer(body=picture("PNG"), content_type="image/png")
    async with node.runtime.write() as uow:
        uow.add(
            DomainPolicy(
                domain=peer.domain.partition(":")[0],
                severity="silence",
                reject_media=True,
                created_at=node.runtime.now(),
            )
        )
    status = await bring(node, bob, alice, tag=[tag(peer), _mention(bob)])
    assert (await node.http.get(status["emojis"][0]["url"])).status_code == 404
    assert peer.asked("/emoji/blob.png") == []


async def test_obj_6_our_emoji_reach_the_other_node(world: World) -> None:
    """In posts and names, as tags with id, `updated` and icon; the id answers with the same document."""
    a, b = world["a"], world["b"]
    ann, bo = await a.person("ann"), await b.person("bo")
    await give_emoji(a)
    await bo.follow(ann)
    await world.settle()
    await ann.call("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Ann :rook:"})
    post = await ann.post("Hello :rook: :nobody: 12:rook:30", spoiler_text="cw :rook:")
    assert [emoji["shortcode"] for emoji in post["emojis"]] == ["rook"]
    assert [emoji["shortcode"] for emoji in await ann.get("/api/v1/custom_emojis")] == ["rook"]
    await world.settle()
    (seen,) = await bo.home()
    assert [emoji["shortcode"] for emoji in seen["emojis"]] == ["rook"]
    assert [emoji["shortcode"] for emoji in seen["account"]["emojis"]] == ["rook"]
    assert (await b.http.get(seen["emojis"][0]["url"])).status_code == 200
    accept = {"Accept": "application/activity+json"}
    note = (await a.http.get(post["uri"], headers=accept)).json()
    (shown,) = [entry for entry in note["tag"] if entry["type"] == "Emoji"]
    assert shown["name"] == ":rook:"
    assert shown["updated"]
    assert (await a.http.get(shown["icon"]["url"])).headers["Content-Type"] == shown["icon"]["mediaType"]
    alone = (await a.http.get(shown["id"], headers=accept)).json()
    assert {key: value for key, value in alone.items() if key != "@context"} == shown
    assert (await a.http.get(f"{a.url}/emojis/12345", headers=accept)).status_code == 404
    async with b.runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(Emoji)) == 1
    await settle(a.runtime, b.runtime)
