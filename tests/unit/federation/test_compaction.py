"""Documents with names written in full (GEN-5): read like any other, without any context being asked."""

import json
from typing import Any

import pytest

from federation.documents import load_document
from federation.errors import MalformedDocument
from federation.parsing import parse_activity, parse_actor
from federation.post_parsing import parse_post
from federation.vocabulary import PUBLIC

AS = "https://www.w3.org/ns/activitystreams#"
ANN = "https://a.example/users/ann"
NOTE = "https://a.example/notes/1"


def loaded(document: Any) -> dict[str, Any]:
    return load_document(json.dumps(document).encode())


def expanded_note() -> dict[str, Any]:
    return {
        "@id": NOTE,
        "@type": [f"{AS}Note"],
        f"{AS}attributedTo": [{"@id": ANN}],
        f"{AS}content": [{"@value": "<p>Hallo</p>", "@language": "de"}],
        f"{AS}published": [{"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": "2026-01-02T03:04:05Z"}],
        f"{AS}to": [{"@id": PUBLIC}],
        f"{AS}cc": [{"@id": f"{ANN}/followers"}, {"@id": "https://b.example/users/bo"}],
        f"{AS}sensitive": [{"@value": True}],
        f"{AS}summary": [{"@value": "food"}],
        f"{AS}tag": [
            {
                "@type": [f"{AS}Mention"],
                f"{AS}href": [{"@id": "https://b.example/users/bo"}],
                f"{AS}name": [{"@value": "@bo@b.example"}],
            },
            {"@type": [f"{AS}Hashtag"], f"{AS}name": [{"@value": "#soup"}]},
        ],
        f"{AS}attachment": [
            {
                "@type": [f"{AS}Image"],
                f"{AS}mediaType": [{"@value": "image/png"}],
                f"{AS}url": [{"@id": "https://a.example/p.png"}],
                "http://joinmastodon.org/ns#focalPoint": [{"@list": [{"@value": 0.1}, {"@value": -0.3}]}],
            }
        ],
    }


def test_an_expanded_post() -> None:
    """GEN-5."""
    document = loaded(expanded_note())
    assert document["type"] == "Note"
    assert document["contentMap"] == {"de": "<p>Hallo</p>"}
    assert document["attachment"]["focalPoint"] == [0.1, -0.3]
    post = parse_post(document, followers_url=f"{ANN}/followers")
    assert (post.id, post.visibility, post.language) == (NOTE, "public", "de")
    assert "https://b.example/users/bo" in {*document["cc"]}


def test_an_expanded_activity_around_it() -> None:
    """GEN-5: the Create, its audience and what it embeds."""
    document = loaded(
        {
            "@id": f"{NOTE}/activity",
            "@type": [f"{AS}Create"],
            f"{AS}actor": [{"@id": ANN}],
            f"{AS}object": [expanded_note()],
            f"{AS}to": [{"@id": PUBLIC}],
        }
    )
    activity = parse_activity(document)
    assert (activity.type, activity.actor, activity.object_id) == ("Create", ANN, NOTE)
    assert activity.to == (PUBLIC,)


def test_prefixed_names() -> None:
    """GEN-5: `as:`, `ldp:`, `sec:` beside short names."""
    actor = parse_actor(
        loaded(
            {
                "@context": "https://a.example/context",
                "id": ANN,
                "type": "as:Person",
                "as:preferredUsername": "ann",
                "as:name": "Ann",
                "ldp:inbox": {"@id": f"{ANN}/inbox"},
                "as:outbox": f"{ANN}/outbox",
                "as:endpoints": {"as:sharedInbox": {"@id": "https://a.example/inbox"}},
                "sec:publicKey": {"@id": f"{ANN}#k", "sec:owner": {"@id": ANN}, "sec:publicKeyPem": "PEM"},
            }
        )
    )
    assert (actor.id, actor.name, actor.inbox) == (ANN, "Ann", f"{ANN}/inbox")
    assert actor.shared_inbox == "https://a.example/inbox"
    assert [key.id for key in actor.keys] == [f"{ANN}#k"]


@pytest.mark.parametrize("key", ["@graph", "@included", "@reverse"])
@pytest.mark.parametrize("deep", [False, True])
def test_graphs_are_refused(key: str, deep: bool) -> None:
    """GEN-5: they say things of other objects than the one that is looked at."""
    document = expanded_note()
    where = document[f"{AS}tag"][0] if deep else document
    where[key] = [{"@id": "https://good.test/notes/1"}]
    with pytest.raises(MalformedDocument) as caught:
        loaded(document)
    assert caught.value.reason == "unreadable_graph"


@pytest.mark.parametrize(
    "more", [{"id": "https://good.test/notes/1"}, {"as:content": "other"}, {f"{AS}content": "other", "content": "x"}]
)
def test_a_thing_has_one_reading(more: dict[str, Any]) -> None:
    """GEN-5, row 27: a name in full and in short at once is a name twice."""
    with pytest.raises(MalformedDocument) as caught:
        loaded(expanded_note() | more)
    assert caught.value.reason == "duplicate_keys"


def test_all_others_are_left_alone() -> None:
    """GEN-4, GEN-5: strange keys and lists of one are no reason to touch a document."""
    document = {
        "@context": "x",
        "id": NOTE,
        "https://c.example/ns#mood": [1],
        "tag": [{"as:name": "x"}],
        "to": [PUBLIC],
    }
    assert loaded(document) == document


@pytest.mark.parametrize(
    "value", [None, 5, [], {}, [[]], [{"@value": {}}], [{"@value": []}], {"@list": 5}, [{"@id": 5}], {"@set": [[{}]]}]
)
def test_no_shape_makes_it_fail(value: Any) -> None:
    """Row 30."""
    for key in (f"{AS}to", "@type", "@id", "as:content"):
        loaded({"@id": NOTE} | {key: value})
