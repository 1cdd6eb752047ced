"""Communities and what others than microblogs send (QRK: Lemmy, PeerTube, Mobilizon, Pleroma; OBJ-7, OBJ-8, ACV-9)."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from inbox.models import ReceivedActivity
from tests.federation.test_inbound import send, served_inboxes
from tests.support.fake_peer import Answer, FakePeer, document
from tests.support.nodes import Node, Person, settle
from tests.support.stranger import Document, Stranger
from tests.unit.node.media.pictures import picture

FILM = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 200


@pytest.fixture
async def group(peer: FakePeer) -> Stranger:
    """A community."""
    return Stranger(peer, "rooks", profile={"type": "Group", "name": "Rooks"})


@pytest.fixture
async def bob(node: Node, group: Stranger) -> Person:
    """One of ours, who follows the community."""
    person = await node.person("bob")
    await join(node, person, group)
    return person


async def join(node: Node, person: Person, group: Stranger) -> None:
    group.peer.routes.setdefault("/inbox", Answer(status=202))
    group.peer.routes.setdefault(f"/users/{group.name}/inbox", Answer(status=202))
    found = await person.resolve(group.handle)
    assert found["group"] == (group.profile.get("type") == "Group")
    await person.act(f"/api/v1/accounts/{found['id']}/follow")
    await settle(node.runtime)
    await send(node, group, group.activity("Accept", served_inboxes(group.peer)[-1]))


def page(alice: Stranger, group: Stranger, node: Node, **fields: Any) -> Document:
    """Make a post in the community, as Lemmy does."""
    made = {"type": "Page", "name": "A rook", "audience": group.uri, "to": [group.uri, PUBLIC], "cc": []}
    return alice.note("In three moves", published=node.runtime.now(), **(made | fields))


PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def passed_on(group: Stranger, inner: Document) -> Document:
    return group.activity("Announce", inner, to=[PUBLIC], cc=[group.followers])


async def outcome(node: Node, activity: Document) -> str:
    from sqlalchemy import select

    async with node.runtime.read() as reader:
        row = await reader.scalar(
            select(ReceivedActivity).where(ReceivedActivity.activity_uri == activity["id"]).limit(1)
        )
    assert row is not None
    return f"{row.outcome} {row.detail.partition(':')[0]}".strip()


async def test_qrk_a_community_passes_on_a_post_an_edit_and_its_end(
    node: Node, bob: Person, alice: Stranger, group: Stranger
) -> None:
    """The Create is a boost by the Group of what the origin says (row 25); Update and Delete ask the origin too."""
    post = page(alice, group, node, attachment=[{"type": "Link", "href": "https://news.example/rook"}])
    lie = {**post, "content": "<p>I said something else</p>"}
    await send(node, group, passed_on(group, alice.create(lie)))
    (shown,) = await bob.home()
    assert (shown["account"]["acct"], shown["reblog"]["uri"]) == (group.handle, post["id"])
    assert "<strong>A rook</strong>" in shown["reblog"]["content"]
    assert "In three moves" in shown["reblog"]["content"]
    assert 'href="https://news.example/rook"' in shown["reblog"]["content"]
    assert shown["reblog"]["spoiler_text"] == ""

    node.clock.advance(minutes=1)
    edited = {**post, "content": "<p>In two moves</p>", "updated": node.runtime.now().isoformat()}
    unsaid = alice.activity("Update", {**edited, "content": "<p>forged</p>"})
    await send(node, group, passed_on(group, unsaid))
    assert "In three moves" in (await bob.home())[0]["reblog"]["content"]
    alice.peer.routes[urlsplit(post["id"]).path] = document(edited)
    await send(node, group, passed_on(group, alice.activity("Update", edited)))
    assert "In two moves" in (await bob.home())[0]["reblog"]["content"]

    early = passed_on(group, alice.activity("Delete", post["id"]))
    await send(node, group, early)
    assert await outcome(node, early) == "refused still_at_origin"
    assert len(await bob.home()) == 1
    alice.peer.routes[urlsplit(post["id"]).path] = Answer(status=410)
    await send(node, group, passed_on(group, alice.activity("Delete", post["id"])))
    assert await bob.home() == []


async def test_qrk_votes_and_bans_of_a_community_are_counted_and_nothing_else(
    node: Node, bob: Person, alice: Stranger, group: Stranger
) -> None:
    mine = await bob.post("Mine")
    for kind in ("Like", "Dislike", "Undo", "Block", "Lock", "Flag", "Add"):
        inner = alice.activity(kind, mine["uri"], audience=group.uri)
        activity = passed_on(group, inner)
        await send(node, group, activity)
        assert await outcome(node, activity) == "ignored wrapped_activity"
    assert (await bob.get(f"/api/v1/statuses/{mine['id']}"))["favourites_count"] == 0
    assert not [request for request in alice.peer.requests if "/activities/" in request.target]


async def test_row_53_only_a_followed_community_passes_anything_on(
    node: Node, bob: Person, alice: Stranger, group: Stranger, mallory: Stranger, evil: FakePeer
) -> None:
    """Rows 35, 53: a person announces posts only, and a community that nobody here follows makes us fetch nothing."""
    post = page(alice, group, node)
    await send(node, group, passed_on(group, alice.create(post)))
    alice.peer.routes[urlsplit(post["id"]).path] = Answer(status=410)
    path = urlsplit(post["id"]).path
    before = len(alice.peer.asked(path))
    as_person = passed_on(mallory, alice.activity("Delete", post["id"]))
    await send(node, mallory, as_person)
    assert await outcome(node, as_person) == "ignored not_a_post"
    other = Stranger(evil, "others", profile={"type": "Group"})
    unfollowed = passed_on(other, alice.activity("Delete", post["id"]))
    await send(node, other, unfollowed)
    assert await outcome(node, unfollowed) == "ignored no_interest"
    assert len(alice.peer.asked(path)) == before
    assert len(await bob.home()) == 1


async def test_qrk_a_reply_from_a_community_is_news(node: Node, bob: Person, alice: Stranger, group: Stranger) -> None:
    """Whoever is answered in a community hears of it, though only the community delivers."""
    mine = await bob.post("Mine")
    note = alice.note("Which?", inReplyTo=mine["uri"], mentions=[bob.uri], published=node.runtime.now())
    await send(node, group, passed_on(group, alice.create(note)))
    kinds = [entry["type"] for entry in await bob.get("/api/v1/notifications")]
    assert kinds == ["mention"]


async def test_qrk_our_posts_and_replies_reach_the_community(
    node: Node, bob: Person, alice: Stranger, group: Stranger
) -> None:
    """Lemmy: the Group in `cc` and as a Mention, FEP-1b12: as `audience`; sent to the Group's inbox."""
    await send(node, group, passed_on(group, alice.create(page(alice, group, node))))
    (shown,) = await bob.home()
    await bob.post("Bravo", in_reply_to_id=shown["reblog"]["id"])
    await bob.post(f"A question for {group.handle}".replace("for ", "for @", 1))
    await settle(node.runtime)
    notes = [sent["object"] for sent in served_inboxes(group.peer) if sent["type"] == "Create"]
    assert len(notes) >= 2
    for note in notes:
        assert note["audience"] == group.uri
        assert group.uri in note["cc"]
        assert group.uri in [tag["href"] for tag in note["tag"] if tag["type"] == "Mention"]


async def test_obj_8_a_video(node: Node, peer: FakePeer, alice: Stranger, bob: Person, group: Stranger) -> None:
    """PeerTube: title, Markdown made safe, the file that fits a page, copied here; attributedTo [Person, Group]."""
    peer.routes["/720.mp4"] = Answer(body=FILM, content_type="application/octet-stream")
    peer.routes["/p.jpg"] = Answer(body=picture("JPEG"), content_type="image/jpeg")
    files = [
        {"type": "Link", "mediaType": "video/mp4", "href": f"{peer.url}/{height}.mp4", "height": height}
        for height in (1080, 720, 360)
    ]
    video = page(
        alice, group, node, type="Video", name="At the feeder", mediaType="text/markdown",
        content="Seen **today** <script>alert(1)</script> [x](javascript:alert(1)) https://birds.example/a",
        attributedTo=[{"type": "Person", "id": alice.uri}, {"type": "Group", "id": group.uri}],
        icon=[{"type": "Image", "url": f"{peer.url}/p.jpg", "width": 850, "mediaType": "image/jpeg"}],
        url=[
            {"type": "Link", "mediaType": "text/html", "href": f"{peer.url}/w/1"},
            {"type": "Link", "mediaType": "application/x-mpegURL", "href": f"{peer.url}/m.m3u8", "tag": files},
        ],
    )  # fmt: skip
    await send(node, group, group.activity("Announce", video["id"], to=[PUBLIC]))
    status = (await bob.home())[0]["reblog"]
    assert status["account"]["acct"] == alice.handle
    assert "<strong>At the feeder</strong>" in status["content"]
    assert "<strong>today</strong>" in status["content"]
    assert "<script" not in status["content"]
    assert 'href="javascript' not in status["content"]
    assert 'href="https://birds.example/a"' in status["content"]
    (film,) = status["media_attachments"]
    assert (film["type"], film["remote_url"]) == ("video", f"{peer.url}/720.mp4")
    served = await node.http.get(film["url"])
    assert (served.status_code, served.headers["Content-Type"], served.content) == (200, "video/mp4", FILM)
    assert "sandbox" in served.headers["Content-Security-Policy"]
    assert (await node.http.get(film["preview_url"])).headers["Content-Type"] in {"image/jpeg", "image/webp"}


async def test_obj_7_what_is_no_film_is_not_served(node: Node, peer: FakePeer, alice: Stranger, bob: Person) -> None:
    """Rows 82, 85: a page or playlist that is called a film; nothing of it leaves this server."""
    media = [
        {"type": "Document", "mediaType": "video/mp4", "url": f"{peer.url}/{name}", "summary": f"alt {name}"}
        for name in ("page.mp4", "list.mp4")
    ]
    media += [{"type": "Link", "mediaType": "image/png", "href": f"{peer.url}/{number}.png"} for number in range(14)]
    peer.routes["/page.mp4"] = Answer(body=b"<html><script>alert(1)</script>", content_type="video/mp4")
    peer.routes["/list.mp4"] = Answer(body=b"#EXTM3U\nfile:///etc/passwd", content_type="video/mp4")
    note = alice.note("x", mentions=[bob.uri], published=node.runtime.now(), attachment=media)
    await send(node, alice, alice.create(note))
    (status,) = (await bob.get("/api/v2/search", q=note["id"], resolve="true"))["statuses"]
    assert len(status["media_attachments"]) == 16
    assert status["media_attachments"][0]["description"] == "alt page.mp4"
    for film in status["media_attachments"][:2]:
        assert (await node.http.get(film["url"])).status_code == 404
    shown = await node.http.get(f"/@{alice.handle}/{status['id']}", headers={"Accept": "text/html"})
    assert shown.text.count("<figure>") == 16


async def test_obj_8_an_event_of_a_community(
    node: Node, peer: FakePeer, alice: Stranger, bob: Person, group: Stranger
) -> None:
    """Mobilizon: made by a member in the name of the Group, so it is read from its origin; when and where are shown."""
    event = page(
        alice, group, node, type="Event", name="Rook walk", actor=alice.uri, attributedTo=group.uri,
        startTime="2026-05-02T08:00:00+02:00", endTime="2026-05-02T10:00:00+02:00",
        location={"type": "Place", "name": "City park"}, cc=[group.followers],
    )  # fmt: skip
    await send(node, alice, alice.create({**event, "content": "<p>forged</p>"}))
    (status,) = await bob.home()
    assert status["account"]["acct"] == group.handle
    assert "2026-05-02 06:00 UTC – 2026-05-02 08:00 UTC · City park" in status["content"]
    assert "In three moves" in status["content"]
    tombstone = alice.activity("Delete", {"type": "Tombstone", "id": event["id"]})
    await send(node, alice, tombstone)
    assert await outcome(node, tombstone) == "refused still_at_origin"
    peer.routes[urlsplit(event["id"]).path] = Answer(status=410)
    await send(node, alice, alice.activity("Delete", {"type": "Tombstone", "id": event["id"]}))
    assert await bob.home() == []


async def test_row_26_nobody_posts_in_the_name_of_a_person(node: Node, peer: FakePeer, bob: Person) -> None:
    alice, eve = Stranger(peer, "alice"), Stranger(peer, "eve")
    note = alice.note("I never said so", mentions=[bob.uri], actor=eve.uri, published=node.runtime.now())
    activity = eve.create(note)
    await send(node, eve, activity)
    assert await outcome(node, activity) == "refused foreign_object"


async def test_acv_9_a_chat_message_is_a_direct_post(node: Node, alice: Stranger, bob: Person) -> None:
    """Pleroma's ChatMessage; ACV-10, Story and others: 202, no effect, nothing fetched."""
    chat = {
        "type": "ChatMessage", "id": f"{alice.uri}/chat/1", "actor": alice.uri, "to": [bob.uri],
        "content": "psst", "published": node.runtime.now().isoformat(),
    }  # fmt: skip
    await send(node, alice, alice.activity("Create", chat, to=[bob.uri]), to=f"/users/{bob.account_id}/inbox")
    (told,) = await bob.get("/api/v1/notifications", include_filtered="true")  # of somebody Bob does not follow
    assert (told["status"]["visibility"], told["status"]["content"]) == ("direct", "psst")
    for activity in (
        alice.activity("View", bob.uri),
        alice.activity("FeatureRequest", bob.uri),
        alice.activity("Create", {"type": "Story", "id": f"{alice.uri}/story/1", "attributedTo": alice.uri}),
        alice.activity("Create", {"type": "FeaturedCollection", "id": f"{alice.uri}/f/1"}),
        alice.activity("Announce", "bear:?t=secret&u=https://x.test/story"),
    ):
        await send(node, alice, activity)
        assert (await outcome(node, activity)).startswith(("ignored", "refused"))
    assert not [request for request in alice.peer.requests if "story" in request.target or "/f/" in request.target]


async def test_act_4_what_an_actor_says_of_itself(node: Node, peer: FakePeer, bob: Person) -> None:
    """ACT-3, ACT-4: memorial, join date by the day, kinds of actors; `suspended` hides until an Update lifts it."""
    kinds = {"Group": (True, False), "Organization": (False, False), "Application": (False, True)}
    for kind, (is_group, is_bot) in kinds.items():
        made = Stranger(
            peer, kind.lower(), profile={"type": kind, "memorial": True, "published": "2020-03-04T05:06:07Z"}
        )
        found = await bob.resolve(made.handle)
        assert (found["group"], found["bot"], found["memorial"]) == (is_group, is_bot, True)
        assert found["created_at"] == "2020-03-04T00:00:00.000Z"
    page_ = await node.http.get(f"/@group@{peer.domain}", headers={"Accept": "text/html"})
    assert "Community" in page_.text
    assert "In memory" in page_.text
    carol = Stranger(peer, "carol", profile={"suspended": True, "name": "Carol"})
    note = carol.note("x", mentions=[bob.uri], published=node.runtime.now())
    await send(node, carol, carol.create(note))
    assert await bob.get("/api/v1/notifications") == []
    carol.profile["suspended"] = False
    carol.publish_profile()
    await send(node, carol, carol.activity("Update", carol.actor()))
    await send(node, carol, carol.create(carol.note("y", mentions=[bob.uri], published=node.runtime.now())))
    assert len(await bob.get("/api/v1/notifications")) == 1


async def test_obj_8_a_long_article_is_folded_on_the_page(node: Node, alice: Stranger, bob: Person) -> None:
    article = alice.note(
        "x", mentions=[bob.uri], published=node.runtime.now(), type="Article", name="On rooks",
        content="<p>Rooks are clever.</p>" * 600, summary="An excerpt, no warning",
    )  # fmt: skip
    await send(node, alice, alice.create(article))
    (told,) = await bob.get("/api/v1/notifications")
    assert told["status"]["spoiler_text"] == ""
    url = f"/@{alice.handle}"
    folded = await node.http.get(url, headers={"Accept": "text/html"})
    assert 'class="long"' in folded.text
    whole = await node.http.get(f"{url}/{told['status']['id']}", headers={"Accept": "text/html"})
    assert 'class="long"' not in whole.text
