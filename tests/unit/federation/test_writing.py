"""Documents that leave, against golden texts and our own readers (GEN-2, GEN-3, ACT-1, AUD-1, OBJ-1, COL-1, DISC)."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from federation.documents import load_document
from federation.keys import generate_rsa_key
from federation.parsing import parse_activity, parse_actor, parse_post
from federation.vocabulary import ACTOR_CONTEXT, AS_CONTEXT, POST_CTX, PUBLIC
from federation.writing import (
    ActorFacts,
    AttachmentFacts,
    HashtagFacts,
    InstanceActorFacts,
    MentionFacts,
    NodeInfoFacts,
    PictureFacts,
    PostFacts,
    WebFingerFacts,
    accept_activity,
    actor_document,
    announce_activity,
    audience,
    block_activity,
    collection,
    create_activity,
    delete_activity,
    follow_activity,
    host_meta_json,
    host_meta_xml,
    instance_actor_document,
    like_activity,
    nodeinfo_document,
    nodeinfo_links,
    note_document,
    ordered_collection,
    ordered_collection_page,
    reject_activity,
    tombstone_document,
    undo_activity,
    update_activity,
    webfinger_document,
)

ANN = "https://social.example/users/1001"
BO = "https://b.example/users/bo"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PEM = generate_rsa_key()[1]
ACTOR = ActorFacts(
    id=ANN,
    username="ann",
    domain="example.com",
    name="Ann",
    summary_html="<p>Bio</p>",
    url="https://social.example/@ann",
    inbox=f"{ANN}/inbox",
    outbox=f"{ANN}/outbox",
    followers=f"{ANN}/followers",
    following=f"{ANN}/following",
    liked=f"{ANN}/liked",
    featured=f"{ANN}/featured",
    featured_tags=f"{ANN}/tags",
    shared_inbox="https://social.example/inbox",
    key_id=f"{ANN}#main-key",
    public_key_pem=PEM.replace("\n", "\r\n").strip(),
    published=AT,
    discoverable=True,
    fields=(("Web", '<a href="https://ann.example">ann</a>'),),
    icon=PictureFacts(url="https://social.example/media/a1.png", media_type="image/png", description="Portrait"),
)
POST = PostFacts(
    id=f"{ANN}/statuses/77",
    may_quote=(PUBLIC,),
    author_uri=ANN,
    followers_uri=f"{ANN}/followers",
    url="https://social.example/@ann/77",
    content_html="<p>soup</p>",
    published=AT,
    visibility="public",
    in_reply_to="https://b.example/notes/9",
    summary="food",
    language="en",
    source_text="soup",
    context_uri="https://social.example/contexts/5",
    mentions=(MentionFacts(uri=BO, acct="bo@b.example"),),
    hashtags=(HashtagFacts(name="soup", url="https://social.example/tags/soup"),),
    attachments=(
        AttachmentFacts(
            url="https://social.example/media/p.jpg",
            media_type="image/jpeg",
            description="A bowl",
            width=1200,
            height=800,
            focus=(0.1, -0.3),
        ),
    ),
    likes_count=2,
)
LISTS = {"to", "cc", "tag", "attachment", "orderedItems", "items", "oneOf", "anyOf", "alsoKnownAs"}
SINGLE = {"id", "type", "actor", "attributedTo", "url", "inbox", "outbox"}


def check_shapes(value: Any, *, path: str = "") -> None:
    """GEN-2 and GEN-3, at every depth."""
    if isinstance(value, list):
        for item in value:
            check_shapes(item, path=path)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "@context":
            continue
        where = f"{path}.{key}"
        assert inner is not None or key == "inReplyTo", where
        assert inner != "" or key == "summary", where
        assert inner != {}, where
        if key in LISTS:
            assert isinstance(inner, list), where
        if key in SINGLE:
            assert isinstance(inner, str), where
        check_shapes(inner, path=where)


def test_an_actor_document() -> None:
    """ACT-1, ACT-2, FEP-5: the golden keys and the verbatim context, with the terms of Mastodon's vocabulary."""
    document = actor_document(ACTOR)
    assert document["@context"] is ACTOR_CONTEXT
    assert document["@context"][0] == AS_CONTEXT
    assert document | {"@context": 0} == {
        "@context": 0,
        "id": ANN,
        "type": "Person",
        "webfinger": "ann@example.com",
        "preferredUsername": "ann",
        "name": "Ann",
        "summary": "<p>Bio</p>",
        "url": "https://social.example/@ann",
        "inbox": f"{ANN}/inbox",
        "outbox": f"{ANN}/outbox",
        "followers": f"{ANN}/followers",
        "following": f"{ANN}/following",
        "liked": f"{ANN}/liked",
        "featured": f"{ANN}/featured",
        "featuredTags": f"{ANN}/tags",
        "endpoints": {"sharedInbox": "https://social.example/inbox"},
        "generator": {
            "type": "Application",
            "implements": [
                {"href": "https://datatracker.ietf.org/doc/html/rfc9421", "name": "RFC-9421: HTTP Message Signatures"},
                {
                    "href": "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25",
                    "name": "RFC-9421 signatures using the Ed25519 algorithm",
                },
            ],
        },
        "publicKey": {"id": f"{ANN}#main-key", "owner": ANN, "publicKeyPem": PEM},
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "indexable": False,
        "published": "2026-01-02T00:00:00Z",
        "attachment": [{"type": "PropertyValue", "name": "Web", "value": '<a href="https://ann.example">ann</a>'}],
        "tag": [],
        "icon": {
            "type": "Image",
            "mediaType": "image/png",
            "url": "https://social.example/media/a1.png",
            "summary": "Portrait",
        },
    }
    check_shapes(document)


def test_an_actor_reads_back() -> None:
    actor = parse_actor(load_document(json.dumps(actor_document(ACTOR)).encode()))
    assert (actor.id, actor.webfinger, actor.shared_inbox) == (ANN, "ann@example.com", "https://social.example/inbox")
    assert actor.keys[0].pem == PEM
    bare = replace(
        ACTOR, icon=None, fields=(), liked=None, featured=None, featured_tags=None, summary_html="", name="ann"
    )
    document = actor_document(bare)
    check_shapes(document)
    assert document["summary"] == ""
    assert not {"icon", "image", "liked", "featured", "movedTo", "alsoKnownAs", "suspended"} & document.keys()
    moved = parse_actor(
        actor_document(
            replace(bare, moved_to=BO, also_known_as=(BO,), suspended=True, key_multibase="z6Mk", locked=True)
        )
    )
    assert (moved.moved_to, moved.also_known_as, moved.suspended, moved.locked) == (BO, (BO,), True, True)
    assert [key.multibase for key in moved.keys] == [None, "z6Mk"]


def test_the_instance_actor() -> None:
    """DISC-8."""
    facts = InstanceActorFacts(
        id="https://social.example/actor",
        host="social.example",
        domain="example.com",
        url="https://social.example/about",
        inbox="https://social.example/actor/inbox",
        outbox="https://social.example/actor/outbox",
        shared_inbox="https://social.example/inbox",
        key_id="https://social.example/actor#main-key",
        public_key_pem=PEM,
    )
    document = instance_actor_document(facts)
    check_shapes(document)
    actor = parse_actor(document)
    assert (actor.type, actor.preferred_username, actor.webfinger, actor.locked) == (
        "Application",
        "social.example",
        "social.example@example.com",
        True,
    )


def test_a_note_document() -> None:
    """OBJ-1, AUD-1, GEN-2, GEN-3."""
    document = note_document(POST)
    assert document["@context"] is POST_CTX
    assert document | {"@context": 0} == {
        "@context": 0,
        "id": f"{ANN}/statuses/77",
        "type": "Note",
        "attributedTo": ANN,
        "url": "https://social.example/@ann/77",
        "published": "2026-01-02T03:04:05Z",
        "inReplyTo": "https://b.example/notes/9",
        "to": [PUBLIC],
        "cc": [f"{ANN}/followers", BO],
        "summary": "food",
        "sensitive": True,
        "content": "<p>soup</p>",
        "contentMap": {"en": "<p>soup</p>"},
        "source": {"content": "soup", "mediaType": "text/plain"},
        "context": "https://social.example/contexts/5",
        "conversation": "https://social.example/contexts/5",
        "tag": [
            {"type": "Mention", "href": BO, "name": "@bo@b.example"},
            {"type": "Hashtag", "href": "https://social.example/tags/soup", "name": "#soup"},
        ],
        "attachment": [
            {
                "type": "Document",
                "mediaType": "image/jpeg",
                "url": "https://social.example/media/p.jpg",
                "name": "A bowl",
                "summary": "A bowl",
                "focalPoint": [0.1, -0.3],
                "width": 1200,
                "height": 800,
            }
        ],
        "replies": {
            "id": f"{ANN}/statuses/77/replies",
            "type": "Collection",
            "first": {
                "type": "CollectionPage",
                "partOf": f"{ANN}/statuses/77/replies",
                "items": [],
                "next": f"{ANN}/statuses/77/replies?page=true",
            },
        },
        "likes": {"id": f"{ANN}/statuses/77/likes", "type": "Collection", "totalItems": 2},
        "shares": {"id": f"{ANN}/statuses/77/shares", "type": "Collection", "totalItems": 0},
        "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}},
    }
    check_shapes(document)
    plain = note_document(
        replace(
            POST,
            in_reply_to=None,
            summary="",
            attachments=(),
            mentions=(),
            hashtags=(),
            source_text=None,
            context_uri=None,
            language=None,
        )
    )
    assert plain["inReplyTo"] is None
    assert (plain["sensitive"], plain["tag"], plain["attachment"]) == (False, [], [])
    assert not {"summary", "updated", "contentMap", "source", "context", "directMessage"} & plain.keys()


@pytest.mark.parametrize(
    ("visibility", "to", "cc"),
    [
        ("public", [PUBLIC], [f"{ANN}/followers", BO]),
        ("unlisted", [f"{ANN}/followers"], [PUBLIC, BO]),
        ("followers", [f"{ANN}/followers"], [BO]),
        ("direct", [BO], []),
    ],
)
def test_audiences(visibility: Any, to: list[str], cc: list[str]) -> None:
    """AUD-1 and AUD-2: written per table, equal on activity and object, and read back as the same visibility."""
    assert audience(visibility, f"{ANN}/followers", [BO, BO]) == (to, cc)
    create = create_activity(f"{ANN}/statuses/77/activity", note_document(replace(POST, visibility=visibility)))
    check_shapes(create)
    assert (create["to"], create["cc"]) == (create["object"]["to"], create["object"]["cc"]) == (to, cc)
    assert (create["actor"], create["published"], create["@context"]) == (ANN, "2026-01-02T03:04:05Z", POST_CTX)
    assert "@context" not in create["object"]
    assert create.get("directMessage") is (True if visibility == "direct" else None)
    post = parse_post(create["object"], followers_url=f"{ANN}/followers")
    assert (post.visibility, post.summary, post.language, post.hashtags) == (visibility, "food", "en", ("soup",))


def test_activities() -> None:
    """Section 4.3: shapes, single references, full embedding in Undo, Accept and Reject."""
    note = "https://b.example/notes/9"
    follow = follow_activity("https://social.example/follows/3", ANN, BO)
    like = like_activity("https://social.example/likes/2", ANN, note, to=[BO])
    announce = announce_activity(
        f"{ANN}/statuses/80/activity", ANN, note, published=AT, to=[PUBLIC], cc=[BO, f"{ANN}/followers"]
    )
    delete = delete_activity(ANN, f"{ANN}/statuses/77")
    received = {"@context": AS_CONTEXT, "id": "https://b.example/f/1", "type": "Follow", "actor": BO, "object": ANN}
    accept = accept_activity(f"{ANN}#accepts/follows/9", ANN, received)
    made = [
        follow,
        like,
        announce,
        delete,
        accept,
        reject_activity(f"{ANN}#rejects/follows/9", ANN, received),
        undo_activity("https://social.example/follows/3/undo", follow),
        undo_activity(f"{ANN}/statuses/80/undo", announce),
        block_activity("https://social.example/blocks/5", ANN, BO),
        delete_activity(ANN, ANN, uri=f"{ANN}#delete"),
        update_activity(f"{ANN}#updates/1", actor_document(ACTOR), published=AT, cc=[f"{ANN}/followers"]),
        update_activity(f"{ANN}/statuses/77#updates/1", note_document(replace(POST, updated=AT)), published=AT),
    ]
    for activity in made:
        check_shapes(activity)
        parsed = parse_activity(activity)
        assert (parsed.actor, parsed.type) == (ANN, activity["type"])
        assert parsed.id is not None
        assert parsed.id.startswith("https://social.example/")
    assert all(isinstance(activity["object"], str) for activity in (follow, like, announce))
    assert delete["object"] == {"id": f"{ANN}/statuses/77", "type": "Tombstone"}
    assert delete["id"] == f"{ANN}/statuses/77#delete"
    assert delete["to"] == [PUBLIC]
    assert accept["object"] == {key: value for key, value in received.items() if key != "@context"}
    assert accept["to"] == [BO]
    assert made[6]["object"] == {key: value for key, value in follow.items() if key != "@context"}
    assert (made[7]["to"], made[7]["cc"]) == (announce["to"], announce["cc"])
    assert made[9]["object"] == ANN
    assert (made[10]["to"], made[10]["object"]["id"]) == ([PUBLIC], ANN)
    assert (made[11]["to"], made[11]["object"]["updated"]) == ([PUBLIC], "2026-01-02T03:04:05Z")


def test_tombstones() -> None:
    """ACV-4."""
    assert tombstone_document("https://a.example/1", deleted=AT) == {
        "@context": AS_CONTEXT,
        "id": "https://a.example/1",
        "type": "Tombstone",
        "deleted": "2026-01-02T03:04:05Z",
    }


def test_collections() -> None:
    """COL-1, COL-3."""
    uri = f"{ANN}/outbox"
    assert ordered_collection(uri, total=3, first=f"{uri}?page=true") == {
        "@context": AS_CONTEXT,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": 3,
        "first": f"{uri}?page=true",
    }
    assert ordered_collection(uri, total=0)["orderedItems"] == []
    assert ordered_collection(uri, total=5).keys() == {"@context", "id", "type", "totalItems"}  # hidden members
    assert collection(uri, total=1, items=["https://x.example/1"])["items"] == ["https://x.example/1"]
    create = create_activity(f"{ANN}/statuses/77/activity", note_document(POST))
    page = ordered_collection_page(
        f"{uri}?page=true", part_of=uri, items=[create, "https://x.example/1"], next_uri=f"{uri}?page=true&max_id=1"
    )
    check_shapes(page)
    assert page["@context"] is POST_CTX
    assert "@context" not in page["orderedItems"][0]
    assert (page["id"], page["partOf"], page["next"]) == (f"{uri}?page=true", uri, f"{uri}?page=true&max_id=1")


def test_webfinger() -> None:
    """DISC-1: the golden JRD."""
    facts = WebFingerFacts(
        username="ann",
        domain="example.com",
        actor_uri=ANN,
        profile_url="https://social.example/@ann",
        web_origin="https://social.example",
        avatar_url="https://social.example/media/a1.png",
        avatar_type="image/png",
    )
    document = webfinger_document(facts)
    assert document["subject"] == "acct:ann@example.com"
    assert document["aliases"] == ["https://social.example/@ann", ANN]
    assert document["links"][1] == {"rel": "self", "type": "application/activity+json", "href": ANN}
    assert document["links"][2]["template"] == "https://social.example/authorize_interaction?uri={uri}"
    assert [link["rel"].rpartition("/")[2] for link in document["links"]] == [
        "profile-page",
        "self",
        "subscribe",
        "avatar",
        "Object",
        "Create",
    ]
    assert len(webfinger_document(replace(facts, avatar_url=None))["links"]) == 5


def test_host_meta() -> None:
    """DISC-5."""
    root = ElementTree.fromstring(host_meta_xml("https://social.example"))
    template = "https://social.example/.well-known/webfinger?resource={uri}"
    assert root[0].attrib == {"rel": "lrdd", "template": template}
    assert host_meta_json("https://social.example")["links"][0]["template"] == template


def test_nodeinfo() -> None:
    """DISC-6, DISC-7: no repository in 2.0, hidden counts left out."""
    facts = NodeInfoFacts(
        software_version="0.1.0",
        repository="https://code.example/r",
        open_registrations=False,
        node_name="Ours",
        node_description="",
        users_total=12,
        users_active_month=7,
        users_active_halfyear=9,
        local_posts=340,
    )
    document = nodeinfo_document(facts)
    assert document["software"] == {"name": "rookery", "version": "0.1.0", "repository": "https://code.example/r"}
    assert document["usage"] == {"users": {"total": 12, "activeMonth": 7, "activeHalfyear": 9}, "localPosts": 340}
    older = nodeinfo_document(
        replace(facts, users_total=None, users_active_month=None, users_active_halfyear=None, local_posts=None),
        version="2.0",
    )
    assert older["version"] == "2.0"
    assert "repository" not in older["software"]
    assert older["usage"] == {"users": {}}
    assert [link["href"] for link in nodeinfo_links("https://social.example")["links"]] == [
        "https://social.example/nodeinfo/2.1",
        "https://social.example/nodeinfo/2.0",
    ]
