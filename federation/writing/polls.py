"""Polls as we send and serve them: what makes a Question of a Note (OBJ-9), and a vote (OBJ-10)."""

from dataclasses import dataclass
from datetime import datetime

from federation.documents import Document, format_time
from federation.vocabulary import AS_CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionFacts:
    """An option; `votes` is None while the poll hides its counts."""

    name: str
    votes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFacts:
    """A poll of ours. `closed` is when it ended, None while it is open."""

    options: tuple[OptionFacts, ...]
    multiple: bool
    voters_count: int
    ends: datetime | None
    closed: datetime | None = None


def question_terms(facts: PollFacts) -> Document:
    """Write what a Question has beyond a Note."""
    terms: Document = {
        "type": "Question",
        "anyOf" if facts.multiple else "oneOf": [_option(option) for option in facts.options],
        "votersCount": facts.voters_count,
    }
    if facts.ends is not None:
        terms["endTime"] = format_time(facts.ends)
    if facts.closed is not None:
        terms["closed"] = format_time(facts.closed)
    return terms


def vote_activity(uri: str, voter: str, *, question: str, author: str, option: str, published: datetime) -> Document:
    """Write a vote for one option, addressed to the poll's author alone.

    It has no `content`: GoToSocial takes a Note with an empty one for a post (OBJ-10).
    """
    return {
        "@context": AS_CONTEXT,
        "id": f"{uri}/activity",
        "type": "Create",
        "actor": voter,
        "published": format_time(published),
        "to": [author],
        "object": {
            "id": uri,
            "type": "Note",
            "name": option,
            "attributedTo": voter,
            "inReplyTo": question,
            "to": [author],
        },
    }


def _option(facts: OptionFacts) -> Document:
    replies: Document = {"type": "Collection"}
    if facts.votes is not None:
        replies["totalItems"] = facts.votes
    return {"type": "Note", "name": facts.name, "replies": replies}
