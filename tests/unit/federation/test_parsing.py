"""Actors, activities and posts in the shapes of many servers (ACT-3, AUD-2, OBJ, rows 21, 30, 54, 77)."""

import copy
import random
from typing import Any

import pytest

from federation.errors import FederationError, MalformedDocument, OriginMismatch
from federation.parsing import parse_activity, parse_actor, parse_post
from federation.vocabulary import LD_TYPE, PUBLIC

BO = "https://b.example/users/bo"
FOLLOWERS = f"{BO}/followers"
ME = "https://social.example/users/1001"

ACTOR: dict[str, Any] = {
    "id": BO,
    "type": "Person",
    "preferredUsername": "bo",
    "name": "Bo",
    "summary": "<p>Hi</p>",
    "url": "https://b.example/@bo",
    "inbox": f"{BO}/inbox",
    "outbox": f"{BO}/outbox",
    "followers": FOLLOWERS,
    "following": f"{BO}/following",
    "featured": f"{BO}/featured",
    "endpoints": {"sharedInbox": "https://b.example/inbox"},
    "webfinger": "bo@b.example",
    "publicKey": {"id": f"{BO}#main-key", "owner": BO, "publicKeyPem": "PEM"},
    "manuallyApprovesFollowers": True,
    "discoverable": True,
    "published": "2020-01-02T00:00:00Z",
    "alsoKnownAs": "https://c.example/bo",
    "icon": {"type": "Image", "mediaType": "image/png", "url": "https://cdn.example/a.png"},
    "image": [{"type": "Image", "url": [{"href": "https://cdn.example/h.png"}]}],
    "attachment": [
        {"type": "PropertyValue", "name": "Web", "value": "<a>x</a>"},
        {"type": "IdentityProof", "name": "x"},
    ],
    "tag": [{"type": "Emoji", "name": ":yum:", "icon": {"url": "https://cdn.example/y.png"}}],
}
NOTE: dict[str, Any] = {
    "id": "https://b.example/notes/9",
    "type": "Note",
    "attributedTo": BO,
    "content": "<p>soup</p>",
    "to": [PUBLIC],
    "cc": [FOLLOWERS],
    "published": "2026-01-02T03:04:05Z",
    "url": "https://b.example/@bo/9",
}


def test_an_actor() -> None:
    """ACT-3."""
    actor = parse_actor(ACTOR)
    assert (actor.id, actor.type, actor.preferred_username, actor.webfinger) == (BO, "Person", "bo", "bo@b.example")
    assert (actor.name, actor.summary_html, actor.url) == ("Bo", "<p>Hi</p>", "https://b.example/@bo")
    assert (actor.inbox, actor.shared_inbox) == (f"{BO}/inbox", "https://b.example/inbox")
    assert actor.delivery_inbox == "https://b.example/inbox"
    assert (actor.followers, actor.featured) == (FOLLOWERS, f"{BO}/featured")
    assert (actor.icon_url, actor.image_url) == ("https://cdn.example/a.png", "https://cdn.example/h.png")
    assert actor.fields == (("Web", "<a>x</a>"),)
    assert (actor.locked, actor.discoverable, actor.indexable, actor.memorial, actor.suspended) == (
        True,
        True,
        False,
        False,
        False,
    )
    assert actor.also_known_as == ("https://c.example/bo",)
    assert [(key.id, key.owner, key.pem) for key in actor.keys] == [(f"{BO}#main-key", BO, "PEM")]
    assert [emoji.shortcode for emoji in actor.emojis] == ["yum"]
    assert not actor.is_bot


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"endpoints": None, "sharedInbox": "https://b.example/in"}, "shared_inbox", "https://b.example/in"),  # Misskey
        ({"endpoints": None}, "shared_inbox", None),  # GoToSocial
        ({"endpoints": {"sharedInbox": "https://evil.test/inbox"}}, "shared_inbox", None),
        ({"followers": "https://evil.test/f"}, "followers", None),
        ({"url": "https://evil.test/@bo"}, "url", BO),
        ({"url": "javascript:alert(1)"}, "url", BO),  # row 77
        (
            {"url": [{"type": "Link", "mediaType": "text/html", "href": "https://b.example/c/bo"}]},
            "url",
            "https://b.example/c/bo",
        ),
        ({"name": None}, "name", "bo"),
        ({"name": ["", "B"]}, "name", "B"),
        ({"webfinger": "nonsense"}, "webfinger", None),
        ({"webfinger": "acct:bo@EXAMPLE.com"}, "webfinger", "bo@example.com"),
        ({"webfinger": "bo@example.com", "preferredUsername": None}, "preferred_username", "bo"),
        ({"type": ["x:Odd", "Service"]}, "type", "Service"),
        ({"icon": "https://cdn.example/b.png"}, "icon_url", "https://cdn.example/b.png"),
        ({"icon": [{"url": "data:image/png;base64,xx"}]}, "icon_url", None),
        ({"icon": {}}, "icon_url", None),
        (
            {"tag": None, "attachment": {"type": "schema:PropertyValue", "name": "a", "value": "b"}},
            "fields",
            (("a", "b"),),
        ),
        ({"published": "then"}, "published", None),
        ({"publicKey": {"id": "https://evil.test/k", "owner": BO, "publicKeyPem": "P"}}, "keys", ()),
        ({"publicKey": {"id": f"{BO}#k", "owner": "https://b.example/users/eve", "publicKeyPem": "P"}}, "keys", ()),
        ({"movedTo": {"id": "https://c.example/bo"}}, "moved_to", "https://c.example/bo"),
        ({"summary": "x" * 30_000}, "summary_html", "x" * 20_000),
        ({"name": "x" * 3_000}, "name", "x" * 2_048),
    ],
)
def test_actors_of_many_shapes(change: dict[str, Any], field: str, value: Any) -> None:
    """ACT-3, GEN-6, SIG-14, row 11."""
    assert getattr(parse_actor(ACTOR | change), field) == value


def test_keys_of_an_actor() -> None:
    """SIG-14, ACT-7: lists, Multikeys of the actor's own, at most ten."""
    own = {"id": f"{BO}#ed", "type": "Multikey", "controller": BO, "publicKeyMultibase": "z6Mk"}
    foreign = [
        own | {"id": "https://evil.test/u#ed"},
        own | {"id": f"{BO}#x", "controller": "https://evil.test/u"},
        own | {"id": f"{BO}#y", "type": "Key"},
    ]
    doc = ACTOR | {
        "publicKey": [{"id": f"{BO}#{n}", "publicKeyPem": "P"} for n in range(3)],
        "assertionMethod": [*foreign, own, f"{BO}#by-reference"],
    }
    keys = parse_actor(doc).keys
    assert [key.id.partition("#")[2] for key in keys] == ["0", "1", "2", "ed"]
    assert keys[-1].multibase == "z6Mk"
    many = ACTOR | {"publicKey": [{"id": f"{BO}#{n}", "publicKeyPem": "P"} for n in range(50)]}
    assert len(parse_actor(many).keys) == 10


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "bad_id"),
        ({"id": "urn:x"}, "bad_id"),
        ({"id": "https://a@b.example/"}, "bad_id"),
        ({"type": "Note"}, "not_an_actor"),
        ({"type": None}, "not_an_actor"),
        ({"inbox": None}, "no_inbox"),
        ({"inbox": "https://evil.test/inbox"}, "no_inbox"),
        ({"inbox": "http://b.example/inbox"}, "no_inbox"),
        ({"preferredUsername": None, "webfinger": None}, "no_username"),
        ({"preferredUsername": "x" * 2_049}, "username_too_long"),
        ({"preferredUsername": "a b"}, "bad_username"),
        ({"preferredUsername": "a@b"}, "bad_username"),
        ({"preferredUsername": "<b>"}, "bad_username"),
    ],
)
def test_what_is_no_actor(change: dict[str, Any], reason: str) -> None:
    """ACT-3, GEN-6."""
    with pytest.raises(MalformedDocument) as caught:
        parse_actor(ACTOR | change)
    assert caught.value.reason == reason


def test_an_activity() -> None:
    doc = {
        "id": "https://b.example/a/1",
        "type": ["x:Y", "Create"],
        "actor": {"id": BO},
        "object": NOTE,
        "to": PUBLIC,
        "bto": ME,
        "bcc": [ME],
    }
    activity = parse_activity(doc)
    assert (activity.type, activity.actor, activity.object_id, activity.to, activity.cc) == (
        "Create",
        BO,
        NOTE["id"],
        (PUBLIC,),
        (),
    )
    assert parse_activity(doc | {"id": None}).id is None
    assert parse_activity(doc | {"type": "View"}).type == "View"
    assert parse_activity(doc | {"object": 5}).object is None


@pytest.mark.parametrize(
    "change", [{"type": None}, {"actor": None}, {"actor": {}}, {"actor": "bo"}, {"id": "x"}, {"type": 5}]
)
def test_what_is_no_activity(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedDocument):
        parse_activity({"id": "https://b.example/a/1", "type": "Like", "actor": BO, "object": ME} | change)


AS_PUBLIC = "as:Public"


@pytest.mark.parametrize(
    ("to", "cc", "activity_to", "activity_cc", "followers", "expected"),
    [
        ([PUBLIC], [FOLLOWERS], [], [], FOLLOWERS, "public"),
        (PUBLIC, None, [], [], FOLLOWERS, "public"),
        (AS_PUBLIC, [], [], [], FOLLOWERS, "public"),
        (["Public"], [], [], [], FOLLOWERS, "public"),
        ([{"id": PUBLIC}], [], [], [], FOLLOWERS, "public"),
        ([PUBLIC], [PUBLIC], [], [], FOLLOWERS, "public"),
        ([FOLLOWERS], [PUBLIC], [], [], FOLLOWERS, "unlisted"),
        ([], AS_PUBLIC, [], [], FOLLOWERS, "unlisted"),
        ([ME], ["Public"], [], [], None, "unlisted"),
        ([FOLLOWERS], [], [], [], FOLLOWERS, "followers"),
        ([ME], [FOLLOWERS], [], [], FOLLOWERS, "followers"),
        ({"id": FOLLOWERS}, [ME], [], [], FOLLOWERS, "followers"),
        ([FOLLOWERS], [], [], [], None, "direct"),
        (["https://c.example/users/x/followers"], [], [], [], FOLLOWERS, "direct"),
        ([ME], [], [], [], FOLLOWERS, "direct"),
        ([], [], [], [], FOLLOWERS, "direct"),
        (None, None, [PUBLIC], [], FOLLOWERS, "public"),
        (None, None, [FOLLOWERS], [PUBLIC], FOLLOWERS, "unlisted"),
        ([ME], None, [PUBLIC], [], FOLLOWERS, "direct"),
        ([[PUBLIC]], 5, [], [], FOLLOWERS, "direct"),
    ],
)
def test_visibility(
    to: Any, cc: Any, activity_to: list[str], activity_cc: list[str], followers: str | None, expected: str
) -> None:
    """AUD-2: the table of 20. The object's own audience beats the activity's; in doubt the narrower."""
    doc = NOTE | {"to": to, "cc": cc, "audience": PUBLIC}
    post = parse_post(doc, followers_url=followers, activity_to=tuple(activity_to), activity_cc=tuple(activity_cc))
    assert post.visibility == expected


def test_a_note() -> None:
    post = parse_post(
        NOTE
        | {
            "contentMap": {"de": "<p>soup</p>"},
            "inReplyTo": [{"id": "https://c.example/1"}],
            "replies": {"id": "https://b.example/r"},
            "likes": {"totalItems": 3},
            "shares": "https://b.example/s",
            "context": "tag:b.example,2026:x",
        },
        followers_url=FOLLOWERS,
    )
    assert (post.id, post.type, post.attributed_to, post.url) == (NOTE["id"], "Note", BO, "https://b.example/@bo/9")
    assert (post.content_html, post.language, post.in_reply_to) == ("<p>soup</p>", "de", "https://c.example/1")
    assert (post.replies_uri, post.likes_count, post.shares_count, post.context) == (
        "https://b.example/r",
        3,
        None,
        "tag:b.example,2026:x",
    )
    assert not post.is_vote
    assert post.title is None


@pytest.mark.parametrize(
    ("change", "summary", "sensitive"),
    [
        ({}, None, False),
        ({"sensitive": True}, None, True),
        ({"summary": "food"}, "food", True),
        ({"summary": ""}, None, False),
        ({"summary": None, "sensitive": None}, None, False),
        ({"summary": "\u200b", "sensitive": True}, "Sensitive content", True),
        ({"summary": "  "}, None, False),
        ({"summaryMap": {"en": "food"}}, "food", True),
        ({"type": "Article", "summary": "excerpt"}, None, False),
        ({"type": "Question", "summary": "poll"}, "poll", True),
    ],
)
def test_content_warnings(change: dict[str, Any], summary: str | None, sensitive: bool) -> None:
    """OBJ-3."""
    post = parse_post(NOTE | change)
    assert (post.summary, post.sensitive) == (summary, sensitive)


def test_titled_posts() -> None:
    """OBJ-8: PeerTube, WordPress, Lemmy shapes."""
    video = parse_post(
        NOTE
        | {
            "type": "Video",
            "name": "Film",
            "mediaType": "text/markdown",
            "content": "*md*",
            "attributedTo": [{"type": "Group", "id": "https://b.example/c"}, {"type": "Person", "id": BO}],
            "url": [
                {"type": "Link", "mediaType": "video/mp4", "href": "https://b.example/v.mp4"},
                {"type": "Link", "mediaType": "text/html", "href": "https://b.example/w/1"},
            ],
        }
    )
    assert (video.title, video.attributed_to, video.url, video.content_is_markdown) == (
        "Film",
        BO,
        "https://b.example/w/1",
        True,
    )
    assert [(a.url, a.kind) for a in video.attachments] == [("https://b.example/v.mp4", "video")]
    article = parse_post(
        NOTE | {"type": "Article", "name": "T", "content": None, "preview": {"type": "Note", "content": "p"}}
    )
    assert (article.title, article.content_html) == ("T", "p")
    assert parse_post(NOTE | {"type": "Page", "name": "T", "content": None, "summary": "s"}).content_html == "s"
    assert parse_post(NOTE | {"name": "not shown"}).title is None


def test_votes_are_not_posts() -> None:
    """OBJ-10."""
    vote = NOTE | {"name": "Yes", "content": "", "inReplyTo": "https://c.example/polls/1", "to": [ME], "cc": []}
    assert parse_post(vote).is_vote
    assert parse_post({k: v for k, v in vote.items() if k != "content"}).vote_name == "Yes"
    assert not parse_post(vote | {"content": "x"}).is_vote
    assert not parse_post(vote | {"inReplyTo": None}).is_vote


def test_polls() -> None:
    """OBJ-9."""
    options = [
        {"type": "Note", "name": "A", "replies": {"totalItems": 2}},
        {"type": "Note", "content": "B"},
        {"type": "Note"},
    ]
    poll = parse_post(
        NOTE | {"type": "Question", "oneOf": options, "endTime": "2026-01-03T00:00:00Z", "votersCount": -3}
    ).poll
    assert poll is not None
    assert [(o.name, o.votes) for o in poll.options] == [("A", 2), ("B", 0)]
    assert (poll.multiple, poll.closed, poll.voters_count) == (False, False, 0)
    over = parse_post(NOTE | {"type": "Question", "anyOf": options[0], "closed": True}).poll
    assert over is not None
    assert (over.multiple, over.closed, over.closes_at) == (True, True, None)
    assert parse_post(NOTE | {"type": "Question", "oneOf": "x"}).poll is None


def test_tags() -> None:
    """OBJ-4, OBJ-5, OBJ-6, row 54: in any shape, capped, by NFKC and casefold once."""
    tags: list[Any] = [
        {"type": "Mention", "href": ME, "name": "@ann@example.com"},
        {"type": "Mention", "href": ME, "name": "@ann@example.com"},
        {"type": "Mention", "href": "javascript:x", "name": "@eve@c.example"},
        {"type": "Mention"},
        {"type": "Hashtag", "name": "#Soup"},
        {"type": "Hashtag", "name": "ｓｏｕｐ"},
        {"name": "#bread"},
        {"type": "Hashtag", "name": "two words"},
        {"type": "Emoji", "id": None, "name": "yum", "icon": [{"url": "https://b.example/y.png"}]},
        {"type": "Emoji", "name": ":bad name:", "icon": {"url": "https://b.example/y.png"}},
        {"type": "Emoji", "name": ":x:", "icon": {"url": "javascript:x"}},
        "x",
        5,
        None,
    ]
    post = parse_post(NOTE | {"tag": tags})
    assert [(m.href, m.name) for m in post.mentions] == [(ME, "@ann@example.com"), (None, "@eve@c.example")]
    assert post.hashtags == ("Soup", "bread")
    assert [e.shortcode for e in post.emojis] == ["yum"]
    assert parse_post(NOTE | {"tag": tags[4]}).hashtags == ("Soup",)
    flood = [{"type": "Hashtag", "name": f"#t{n}"} for n in range(5_000)]
    assert len(parse_post(NOTE | {"tag": flood}).hashtags) == 64


@pytest.mark.parametrize(
    ("attachment", "expected"),
    [
        (
            {"type": "Document", "mediaType": "image/jpeg", "url": "https://b.example/p.jpg", "name": "alt"},
            ("image", "alt"),
        ),
        (
            {
                "type": "Image",
                "url": [{"href": "https://b.example/p", "mediaType": "video/mp4"}],
                "summary": "s",
                "name": "n",
            },
            ("video", "s"),
        ),
        ([{"type": "Image", "url": "https://b.example/p"}], ("image", "")),
        ([{"type": "Link", "href": "https://b.example/p", "mediaType": "image/png"}], ("image", "")),
        ([{"type": "Document", "url": "https://b.example/p"}], ("unknown", "")),
        ([{"type": "Link", "href": "https://b.example/card"}], None),
        ([{"type": "Document", "url": "javascript:x"}], None),
        ([{"type": "PropertyValue", "name": "x"}, "x", 5], None),
    ],
)
def test_attachments(attachment: Any, expected: tuple[str, str] | None) -> None:
    """OBJ-7."""
    found = parse_post(NOTE | {"attachment": attachment}).attachments
    assert [(a.kind, a.description) for a in found] == ([expected] if expected else [])


def test_details_of_attachments() -> None:
    """OBJ-7: hashes that decode, focal points within bounds, sizes of at least one; at most 16."""
    good = {
        "type": "Document",
        "url": "https://b.example/p",
        "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        "focalPoint": [0.1, -0.3],
        "width": 1200,
        "height": 0,
    }
    (found,) = parse_post(NOTE | {"attachment": good}).attachments
    assert (found.blurhash, found.focus, found.width, found.height) == (good["blurhash"], (0.1, -0.3), 1200, None)
    bad = good | {"blurhash": "LEHV6nWB2yk8", "focalPoint": [9, "x"], "width": "wide"}
    (found,) = parse_post(NOTE | {"attachment": bad}).attachments
    assert (found.blurhash, found.focus, found.width) == (None, None, None)
    many = [good | {"url": f"https://b.example/{n}"} for n in range(500)]
    assert len(parse_post(NOTE | {"attachment": many}).attachments) == 16
    assert [
        a.url for a in parse_post(NOTE | {"image": {"type": "Image", "url": "https://b.example/i"}}).attachments
    ] == ["https://b.example/i"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"quote": "https://c.example/1", "quoteUrl": "https://c.example/2"}, ("https://c.example/1", False, False)),
        (
            {"_misskey_quote": "https://c.example/1", "quoteUrl": "https://c.example/2"},
            ("https://c.example/1", True, False),
        ),
        ({"quoteUrl": "https://c.example/1"}, ("https://c.example/1", True, False)),
        ({"quoteUri": "https://c.example/1"}, ("https://c.example/1", True, False)),
        (
            {
                "tag": {
                    "type": "Link",
                    "mediaType": LD_TYPE,
                    "rel": "https://misskey-hub.net/ns#_misskey_quote",
                    "href": "https://c.example/1",
                }
            },
            ("https://c.example/1", True, False),
        ),
        ({"tag": {"type": "Link", "mediaType": LD_TYPE, "href": "https://c.example/1"}}, (None, False, False)),
        ({"quote": {"type": "Tombstone"}}, (None, False, True)),
        ({"quote": "javascript:x"}, (None, False, False)),
        ({}, (None, False, False)),
    ],
)
def test_quotes(change: dict[str, Any], expected: tuple[str | None, bool, bool]) -> None:
    """OBJ-12."""
    post = parse_post(NOTE | change)
    assert (post.quote_uri, post.quote_is_legacy, post.quote_deleted) == expected


@pytest.mark.parametrize(
    "author",
    [
        "https://evil.test/m",
        [BO, "https://evil.test/m"],
        {"id": "https://evil.test/m"},
        "http://b.example/users/bo",
        "https://b.example:8443/users/bo",
    ],
)
def test_a_post_and_its_author_are_of_one_origin(author: Any) -> None:
    """Rows 21 and 22."""
    with pytest.raises(OriginMismatch):
        parse_post(NOTE | {"attributedTo": author})


@pytest.mark.parametrize(
    "change",
    [{"id": None}, {"id": "x"}, {"type": "Person"}, {"type": None}, {"attributedTo": None}, {"attributedTo": []}],
)
def test_what_is_no_post(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedDocument):
        parse_post(NOTE | change)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", [[]], {"href": 5}, None])
def test_urls_that_are_none_give_way_to_the_id(url: Any) -> None:
    """Row 77."""
    assert parse_post(NOTE | {"url": url}).url == NOTE["id"]


def test_mutations_are_refused_or_read_and_never_crash() -> None:
    """Row 30: 10 000 mutations of an actor, a post and an activity, with a fixed seed."""
    dice = random.Random(30)
    junk: list[Any] = [
        None,
        5,
        -1,
        1e300,
        "",
        "x",
        [],
        {},
        [[]],
        [None],
        {"id": None},
        {"id": {}},
        True,
        "\ud800",
        ["x"] * 40,
        {"type": ["Note", 5]},
    ]
    bodies = [
        (parse_actor, ACTOR),
        (
            parse_post,
            NOTE
            | {
                "tag": [{"type": "Mention", "href": ME, "name": "@a"}],
                "attachment": [{"type": "Image", "url": "https://b.example/p"}],
                "replies": {"id": "https://b.example/r"},
            },
        ),
        (parse_activity, {"id": "https://b.example/a", "type": "Create", "actor": BO, "object": NOTE}),
    ]
    for _ in range(10_000):
        parse, body = dice.choice(bodies)
        mutant = copy.deepcopy(body)
        for _ in range(dice.randint(1, 3)):
            place: Any = mutant
            while True:
                keys = list(place) if isinstance(place, dict) else list(range(len(place)))
                if not keys:
                    break
                key = dice.choice(keys)
                if isinstance(place[key], dict | list) and dice.random() < 0.6:
                    place = place[key]
                    continue
                place[key] = dice.choice(junk)
                break
        try:
            parse(mutant)  # type: ignore[operator]
        except FederationError:
            continue
