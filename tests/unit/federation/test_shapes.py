"""Every property in every shape it comes in (GEN-1), and the bounds that stay whatever the shape (GEN-6)."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.documents import Document, ids_of, load_document, type_of
from federation.errors import FederationError
from federation.origins import same_origin
from federation.parsing import parse_activity, parse_actor, parse_post
from federation.reaction_parsing import parse_reaction
from federation.vocabulary import (
    ACTOR_TYPES,
    MAX_ALIASES,
    MAX_ATTACHMENTS,
    MAX_BIO,
    MAX_CONTENT,
    MAX_DESCRIPTION,
    MAX_FIELD_TEXT,
    MAX_FIELDS,
    MAX_KEYS,
    MAX_NAME,
    MAX_POLL_OPTIONS,
    MAX_RECIPIENTS,
    MAX_TAGS,
    MAX_WARNING,
    POST_TYPES,
    PUBLIC,
)
from tests.unit.federation.test_fixtures import DOCUMENTS
from tests.unit.inbox.test_fuzz import ODD, bent, paths_of

B = "https://b.example"
ME = f"{B}/users/bo"
OTHER = "https://c.example/users/cy"

ACTOR: Document = {
    "id": ME,
    "type": "Person",
    "preferredUsername": "bo",
    "inbox": f"{ME}/inbox",
    "publicKey": {"id": f"{ME}#key", "owner": ME, "publicKeyPem": "pem"},
}
POST: Document = {"id": f"{B}/notes/1", "type": "Note", "attributedTo": ME, "to": [PUBLIC], "content": "<p>x</p>"}
ACTIVITY: Document = {"id": f"{B}/a/1", "type": "Like", "actor": ME, "object": f"{OTHER}/1"}

Reader = Callable[[Document], Any]


def reference(uri: str) -> dict[str, Any]:
    """Return the eight shapes of a reference: what each of them says is the same, or nothing."""
    return {
        "string": uri,
        "object": {"id": uri},
        "object_at": {"@id": uri},
        "list": [uri],
        "list_of_objects": [{"id": uri, "type": "Object"}],
        "list_with_nothing": [None, uri, None],
        "typed": {"type": "Link", "href": uri},
        "mixed": [5, {"id": None}, uri],
    }


def text(value: str) -> dict[str, Any]:
    return {"string": value, "list": [value], "list_with_nothing": [None, "", value], "mixed": [{"x": 1}, value]}


def link(url: str) -> dict[str, Any]:
    return {
        "string": url,
        "object": {"type": "Link", "href": url},
        "object_url": {"type": "Image", "url": url},
        "nested": {"type": "Image", "url": {"type": "Link", "href": url}},
        "nested_list": {"type": "Image", "url": [{"type": "Link", "href": url}]},
        "list": [url],
        "list_of_objects": [{"type": "Link", "href": url}],
        "mixed": [None, {}, [], {"type": "Link", "href": url}],
    }


def entry(value: Document) -> dict[str, Any]:
    return {"object": value, "list": [value], "list_with_nothing": [None, value], "mixed": ["x", 5, [], value]}


TAG = {"type": "Hashtag", "name": "#soup"}
MEDIUM = {"type": "Image", "mediaType": "image/png", "url": f"{B}/1.png"}
FIELD = {"type": "PropertyValue", "name": "a", "value": "b"}
KEY = {"id": f"{ME}#key", "owner": ME, "publicKeyPem": "pem"}
OPTION = {"type": "Note", "name": "A"}

TABLE: list[tuple[str, Document, str, dict[str, Any], Reader, Any]] = [
    *(
        (
            "actor",
            ACTOR,
            name,
            reference(f"{ME}/{name}"),
            lambda d, a=attribute: getattr(parse_actor(d), a),
            f"{ME}/{name}",
        )
        for name, attribute in {
            **{name: name for name in ("inbox", "outbox", "followers", "following", "featured")},
            "featuredTags": "featured_tags",
            "sharedInbox": "shared_inbox",
        }.items()
    ),
    ("actor", ACTOR, "endpoints", entry({"sharedInbox": f"{B}/in"}), lambda d: parse_actor(d).shared_inbox, f"{B}/in"),
    ("actor", ACTOR, "movedTo", reference(OTHER), lambda d: parse_actor(d).moved_to, OTHER),
    ("actor", ACTOR, "alsoKnownAs", reference(OTHER), lambda d: parse_actor(d).also_known_as, (OTHER,)),
    ("actor", ACTOR, "icon", link(f"{B}/i.png"), lambda d: parse_actor(d).icon_url, f"{B}/i.png"),
    ("actor", ACTOR, "image", link(f"{B}/i.png"), lambda d: parse_actor(d).image_url, f"{B}/i.png"),
    ("actor", ACTOR, "url", link(f"{B}/@bo"), lambda d: parse_actor(d).url, f"{B}/@bo"),
    ("actor", ACTOR, "name", text("Bo"), lambda d: parse_actor(d).name, "Bo"),
    ("actor", ACTOR, "summary", text("hi"), lambda d: parse_actor(d).summary_html, "hi"),
    ("actor", ACTOR, "preferredUsername", text("bo"), lambda d: parse_actor(d).preferred_username, "bo"),
    ("actor", ACTOR, "attachment", entry(FIELD), lambda d: parse_actor(d).fields, (("a", "b"),)),
    ("actor", ACTOR, "publicKey", entry(KEY), lambda d: [key.id for key in parse_actor(d).keys], [f"{ME}#key"]),
    ("actor", ACTOR, "type", {"string": "Person", "list": ["x", "Person"]}, lambda d: parse_actor(d).type, "Person"),
    *(
        (
            "actor",
            ACTOR,
            name,
            {"bool": True, "list": [True], "text": "true"},
            lambda d, a=attribute: getattr(parse_actor(d), a),
            True,
        )
        for name, attribute in {
            **{name: name for name in ("discoverable", "indexable", "memorial", "suspended")},
            "manuallyApprovesFollowers": "locked",
        }.items()
    ),
    ("post", POST, "attributedTo", reference(ME), lambda d: parse_post(d).attributed_to, ME),
    ("post", POST, "inReplyTo", reference(f"{OTHER}/1"), lambda d: parse_post(d).in_reply_to, f"{OTHER}/1"),
    ("post", POST, "context", reference(f"{B}/c/1"), lambda d: parse_post(d).context, f"{B}/c/1"),
    ("post", POST, "replies", reference(f"{B}/r/1"), lambda d: parse_post(d).replies_uri, f"{B}/r/1"),
    ("post", POST, "quote", reference(f"{OTHER}/1"), lambda d: parse_post(d).quote_uri, f"{OTHER}/1"),
    ("post", POST, "quoteUrl", reference(f"{OTHER}/1"), lambda d: parse_post(d).quote_uri, f"{OTHER}/1"),
    ("post", POST, "to", reference(PUBLIC), lambda d: parse_post(d).visibility, "public"),
    ("post", POST | {"to": []}, "cc", reference(PUBLIC), lambda d: parse_post(d).visibility, "unlisted"),
    ("post", POST, "content", text("<p>y</p>"), lambda d: parse_post(d).content_html, "<p>y</p>"),
    ("post", POST, "summary", text("cw"), lambda d: parse_post(d).summary, "cw"),
    ("post", POST, "url", link(f"{B}/@bo/1"), lambda d: parse_post(d).url, f"{B}/@bo/1"),
    ("post", POST, "tag", entry(TAG), lambda d: parse_post(d).hashtags, ("soup",)),
    ("post", POST, "attachment", entry(MEDIUM), lambda d: [m.url for m in parse_post(d).attachments], [f"{B}/1.png"]),
    (
        "post",
        POST,
        "sensitive",
        {"bool": True, "list": [True], "text": "true"},
        lambda d: parse_post(d).sensitive,
        True,
    ),
    (
        "post",
        POST,
        "published",
        text("2026-01-02T03:04:05Z"),
        lambda d: str(parse_post(d).published),
        "2026-01-02 03:04:05+00:00",
    ),
    (
        "post",
        POST,
        "updated",
        text("2026-01-02T03:04:05Z"),
        lambda d: str(parse_post(d).updated),
        "2026-01-02 03:04:05+00:00",
    ),
    ("post", POST, "likes", entry({"totalItems": 2}), lambda d: parse_post(d).likes_count, 2),
    ("post", POST, "shares", entry({"totalItems": [2]}), lambda d: parse_post(d).shares_count, 2),
    (
        "post",
        POST | {"type": "Question"},
        "oneOf",
        entry(OPTION),
        lambda d: [o.name for o in parse_post(d).poll.options],
        ["A"],
    ),
    (
        "post",
        POST,
        "type",
        {"string": "Note", "list": ["x:Note", "Note"], "as": "as:Note"},
        lambda d: parse_post(d).type,
        "Note",
    ),
    ("activity", ACTIVITY, "actor", reference(ME), lambda d: parse_activity(d).actor, ME),
    ("activity", ACTIVITY, "object", reference(f"{OTHER}/1"), lambda d: parse_activity(d).object_id, f"{OTHER}/1"),
    ("activity", ACTIVITY, "target", reference(f"{OTHER}/1"), lambda d: parse_activity(d).target, f"{OTHER}/1"),
    ("activity", ACTIVITY, "to", reference(OTHER), lambda d: parse_activity(d).to, (OTHER,)),
    ("activity", ACTIVITY, "cc", reference(OTHER), lambda d: parse_activity(d).cc, (OTHER,)),
    ("activity", ACTIVITY, "content", text("🔥"), lambda d: parse_reaction(d).name, "🔥"),
    (
        "activity",
        ACTIVITY,
        "type",
        {"string": "Like", "list": ["Like"], "as": "as:Like"},
        lambda d: parse_activity(d).type,
        "Like",
    ),
]


@pytest.mark.parametrize(
    ("base", "name", "shape", "read", "expected"),
    [
        pytest.param(base, name, shape, read, expected, id=f"{kind}-{name}-{label}")
        for kind, base, name, shapes, read, expected in TABLE
        for label, shape in shapes.items()
    ],
)
def test_gen_1_every_shape_of_every_property(
    base: Document, name: str, shape: Any, read: Reader, expected: Any
) -> None:
    """GEN-1: scalar, object, list of either: it says the same."""
    assert read(base | {name: shape}) == expected


ODD_VALUES: list[Any] = [None, [], {}, [[]], [None], {"id": None}, ""]


@pytest.mark.parametrize(
    ("base", "name", "read"),
    [
        pytest.param(base, name, read, id=f"{kind}-{name}")
        for kind, base, name, _, read, _ in TABLE
        if name not in {"type", "inbox", "preferredUsername", "attributedTo", "actor", "oneOf", "content"}
    ],
)
def test_gen_1_what_says_nothing_is_absent(base: Document, name: str, read: Reader) -> None:
    """GEN-1: a value that says nothing is no error for the whole, and stands for nothing else."""
    absent = read({key: value for key, value in base.items() if key != name})
    for odd in ODD_VALUES:
        assert read(base | {name: odd}) == absent, odd


def test_gen_6_what_is_too_much_of_an_actor_is_cut() -> None:
    """GEN-6: cut, not refused."""
    actor = parse_actor(
        ACTOR
        | {
            "name": "n" * (MAX_NAME + 1),
            "summary": "s" * (MAX_BIO + 1),
            "attachment": [FIELD | {"name": "n" * 9_000, "value": "v" * 9_000}] * (MAX_FIELDS + 1),
            "alsoKnownAs": [f"{OTHER}/{number}" for number in range(MAX_ALIASES + 1)],
            "publicKey": [KEY | {"id": f"{ME}#{number}"} for number in range(MAX_KEYS + 1)],
        }
    )
    assert (len(actor.name), len(actor.summary_html)) == (MAX_NAME, MAX_BIO)
    assert len(actor.fields) == MAX_FIELDS
    assert {len(part) for field in actor.fields for part in field} == {MAX_FIELD_TEXT}
    assert (len(actor.also_known_as), len(actor.keys)) == (MAX_ALIASES, MAX_KEYS)


def test_gen_6_what_is_too_much_of_a_post_is_cut() -> None:
    """GEN-6, row 54: also of polls, of media and of those it is for."""
    tags = [
        {"type": kind, "name": f"#{kind}{n}", "href": f"{OTHER}/{n}"}
        for n in range(200)
        for kind in ("Hashtag", "Mention")
    ]
    post = parse_post(
        POST
        | {
            "type": "Question",
            "content": "c" * (MAX_CONTENT + 1),
            "summary": "w" * (MAX_WARNING + 1),
            "tag": tags,
            "attachment": [MEDIUM | {"url": f"{B}/{n}.png", "name": "d" * 20_000} for n in range(200)],
            "anyOf": [OPTION | {"name": f"{n}" + "o" * 9_000} for n in range(MAX_POLL_OPTIONS + 9)],
            "to": [f"{OTHER}/{n}" for n in range(5_000)],
            "cc": [f"{OTHER}/x{n}" for n in range(5_000)],
        }
    )
    assert (len(post.content_html), len(post.summary or "")) == (MAX_CONTENT, MAX_WARNING)
    assert len(post.hashtags) + len(post.mentions) <= MAX_TAGS
    assert len(post.attachments) == MAX_ATTACHMENTS
    assert {len(item.description) for item in post.attachments} == {MAX_DESCRIPTION}
    assert post.poll is not None
    assert len(post.poll.options) == MAX_POLL_OPTIONS
    assert {len(option.name) for option in post.poll.options} == {MAX_NAME}
    assert (len(post.to), len(post.cc)) == (MAX_RECIPIENTS, MAX_RECIPIENTS)


@pytest.mark.parametrize(
    ("claimed", "read"),
    [
        ("good.test", ("good.test",)),
        (["good.test", 5], ("good.test",)),
        ([{"id": "https://good.test"}], ()),
        ({"@set": ["good.test"]}, ()),
    ],
)
def test_row_46_bylines_are_claimed_by_words_alone(claimed: Any, read: tuple[str, ...]) -> None:
    """Row 46: whether the page agrees is asked where its card is made (`tests/federation/test_cards.py`)."""
    assert parse_actor(ACTOR | {"attributionDomains": claimed}).attribution_domains == read


MUTATIONS = 10_000
AT_ONCE = 20
"""How many an example of hypothesis makes: it costs more than they do."""


def test_row_30_ten_thousand_mutations_of_what_others_send() -> None:
    """Row 30: each is read or refused, never an exception of another kind, never as somebody else's (INB-4, ACT-3)."""
    originals = [load_document(path.read_bytes()) for path in DOCUMENTS]
    places = [paths_of(document) for document in originals]
    done = 0

    @settings(max_examples=MUTATIONS // AT_ONCE, deadline=None, derandomize=True, database=None)
    @given(st.randoms(use_true_random=False, note_method_calls=False))
    def mutate(dice: Random) -> None:
        nonlocal done
        for _ in range(AT_ONCE):
            number = dice.randrange(len(originals))
            document = bent(originals[number], dice.choice(places[number]), dice.choice([*ODD, "remove", "wrap"]))
            for _ in range(dice.randrange(3)):
                document = bent(document, dice.choice(paths_of(document)), dice.choice([*ODD, "remove", "wrap"]))
            read_all(document)
            done += 1

    mutate()
    assert done >= MUTATIONS


def read_all(document: Document) -> None:
    """Read a document with every reader, and whatever it embeds."""
    for reader in (_read_actor, _read_post, _read_activity):
        try:
            reader(document)
        except FederationError:
            continue


def _read_actor(document: Document) -> None:
    actor = parse_actor(document)
    for uri in (actor.inbox, actor.shared_inbox, actor.outbox, actor.followers, actor.featured):
        assert uri is None or same_origin(uri, actor.id)
    assert all(key.owner == actor.id for key in actor.keys)
    assert len(actor.fields) <= MAX_FIELDS


def _read_post(document: Document) -> None:
    post = parse_post(document, followers_url=f"{ME}/followers")
    assert same_origin(post.id, post.attributed_to)
    for uri in (post.url, post.in_reply_to, post.quote_uri, *(item.url for item in post.attachments)):
        assert uri is None or uri.startswith(("https://", "http://"))
    assert len(post.attachments) <= MAX_ATTACHMENTS


def _read_activity(document: Document) -> None:
    activity = parse_activity(document)
    assert activity.actor.startswith(("https://", "http://"))
    parse_reaction(document)
    ids_of(activity.raw.get("object"))
    if isinstance(activity.object, dict) and type_of(activity.object, POST_TYPES | ACTOR_TYPES):
        read_all(activity.object)


def test_row_30_mutations_of_bytes() -> None:
    """Row 30: what is no JSON any more is refused as such, and as nothing else."""
    raws = [path.read_bytes() for path in DOCUMENTS]

    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(st.randoms(use_true_random=False, note_method_calls=False))
    def mutate(dice: Random) -> None:
        raw = bytearray(dice.choice(raws))
        for _ in range(dice.randrange(1, 5)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        if dice.random() < 0.2:
            del raw[dice.randrange(len(raw)) :]
        try:
            document = load_document(bytes(raw))
        except FederationError:
            return
        read_all(document)

    mutate()
