"""Polls and votes as they leave, against golden texts and our own reader (OBJ-9, OBJ-10)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from federation.parsing import parse_post
from federation.vocabulary import AS_CONTEXT
from federation.writing import OptionFacts, PollFacts, PostFacts, create_activity, note_document, vote_activity

ANN = "https://social.example/users/1001"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
POLL = PollFacts(
    options=(OptionFacts(name="Yes", votes=2), OptionFacts(name="No", votes=1)),
    multiple=False,
    voters_count=3,
    ends=AT + timedelta(days=1),
)
POST = PostFacts(
    id=f"{ANN}/statuses/90",
    author_uri=ANN,
    followers_uri=f"{ANN}/followers",
    url="https://social.example/@ann/90",
    content_html="<p>Tea?</p>",
    published=AT,
    visibility="public",
    poll=POLL,
)


def test_obj_9_a_question() -> None:
    """A Note with options: everything else of it is as in any post."""
    document = note_document(POST)
    terms = {key: document.pop(key) for key in ("type", "oneOf", "endTime", "votersCount")}
    assert terms == {
        "type": "Question",
        "oneOf": [
            {"type": "Note", "name": "Yes", "replies": {"type": "Collection", "totalItems": 2}},
            {"type": "Note", "name": "No", "replies": {"type": "Collection", "totalItems": 1}},
        ],
        "endTime": "2026-01-03T03:04:05Z",
        "votersCount": 3,
    }
    plain = note_document(replace(POST, poll=None))
    assert plain.pop("type") == "Note"
    assert document == plain
    create = create_activity(f"{POST.id}/activity", note_document(POST))
    assert create["object"]["type"] == "Question"
    assert {"votersCount": "toot:votersCount"}.items() <= create["@context"][1].items()


def test_obj_9_a_question_is_read_back() -> None:
    """Open, over, with several answers, with hidden counts."""
    several = replace(POLL, multiple=True, closed=AT + timedelta(days=1))
    for facts in (POLL, several):
        poll = parse_post(note_document(replace(POST, poll=facts))).poll
        assert poll is not None
        assert [(option.name, option.votes) for option in poll.options] == [("Yes", 2), ("No", 1)]
        assert (poll.multiple, poll.closed) == (facts.multiple, facts.closed is not None)
        assert (poll.closes_at, poll.voters_count) == (facts.ends, 3)
    hidden = replace(POLL, options=(OptionFacts(name="Yes", votes=None), OptionFacts(name="No", votes=None)))
    document = note_document(replace(POST, poll=hidden))
    assert [option["replies"] for option in document["oneOf"]] == [{"type": "Collection"}] * 2


def test_obj_10_a_vote() -> None:
    """No key `content` at all, to the author alone, no copy for anybody."""
    document = vote_activity(
        f"{ANN}#votes/8",
        ANN,
        question="https://b.example/polls/1",
        author="https://b.example/users/bo",
        option="Yes",
        published=AT,
    )
    assert document == {
        "@context": AS_CONTEXT,
        "id": f"{ANN}#votes/8/activity",
        "type": "Create",
        "actor": ANN,
        "published": "2026-01-02T03:04:05Z",
        "to": ["https://b.example/users/bo"],
        "object": {
            "id": f"{ANN}#votes/8",
            "type": "Note",
            "name": "Yes",
            "attributedTo": ANN,
            "inReplyTo": "https://b.example/polls/1",
            "to": ["https://b.example/users/bo"],
        },
    }
    vote = parse_post(document["object"])
    assert (vote.is_vote, vote.vote_name, vote.visibility) == (True, "Yes", "direct")
