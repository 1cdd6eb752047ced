"""What a moment may be, and which of a trend's posts make one. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from node.base.errors import Invalid
from node.posts.consent_rules import Relation, allowance

MAX_MOMENTS: Final = 100
"""Moments of one person (attack row 59, with the next)."""
MAX_POSTS: Final = 100
MAX_TITLE: Final = 100
MAX_DESCRIPTION: Final = 1_000

AUTOMATIC_POSTS: Final = 30
FEWEST_POSTS: Final = 3
FEWEST_AUTHORS: Final = 2
"""Less than that makes no moment, however small the node."""
PER_AUTHOR: Final = 3
SHARED: Final = 0.5
FEWEST_SHARED: Final = 2
"""Of the posts of the smaller of two hashtags, and how many at least: from there on both speak of one thing."""
ALIKE: Final = 0.7
"""Of the words of two posts: from there on one says what the other says."""


@dataclass(frozen=True, slots=True)
class TopicPost:
    """A post of a trend: how much it moved people, and its words."""

    post_id: int
    author_id: int
    score: float
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Topic:
    """A hashtag that trends, with its posts."""

    name: str
    posts: Sequence[TopicPost]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Hashtags of one thing, the strongest first, with the posts that tell it best, the best first."""

    names: Sequence[str]
    posts: Sequence[TopicPost]


def checked_title(text: str) -> str:
    """Return a title in one line. Raises Invalid."""
    title = " ".join(text.split())
    if not title:
        raise Invalid(fields={"title": ["Title can't be blank"]})
    if len(title) > MAX_TITLE:
        raise Invalid(fields={"title": [f"Title is too long (maximum is {MAX_TITLE} characters)"]})
    return title


def checked_description(text: str) -> str:
    """Return a description without blanks around it. Raises Invalid."""
    words = text.strip()
    if len(words) > MAX_DESCRIPTION:
        raise Invalid(fields={"description": [f"Description is too long (maximum is {MAX_DESCRIPTION} characters)"]})
    return words


def may_be_passed_on(policy: Mapping[str, Any], *, curator_uri: str, is_author: bool) -> bool:
    """Whether a post's author lets the curator show it to others, as they would let them boost it (OBJ-16)."""
    relation = Relation(uri=curator_uri, is_author=is_author)
    return "announce" not in policy or allowance(policy["announce"], "announce", relation) != "denied"


def in_order(present: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Return `present` with those named in `wanted` first, in that order; the rest stays as it stands."""
    known = set(present)
    first = [id_ for id_ in dict.fromkeys(wanted) if id_ in known]
    return [*first, *(id_ for id_ in present if id_ not in first)]


def moved(present: Sequence[int], post_id: int, step: int) -> list[int]:
    """Return `present` with one post `step` places further down (up when negative), as far as there is room."""
    rest = [id_ for id_ in present if id_ != post_id]
    if post_id not in present:
        return rest
    place = min(max(present.index(post_id) + step, 0), len(rest))
    return [*rest[:place], post_id, *rest[place:]]


def cluster(topics: Sequence[Topic]) -> list[Cluster]:
    """Return what the topics (the strongest first) tell: hashtags that share their posts are one, doubles are left
    out, nobody speaks alone, and what too few posts tell is nothing."""
    groups: list[tuple[list[str], dict[int, TopicPost]]] = []
    for topic in topics:
        posts = {post.post_id: post for post in topic.posts}
        for names, gathered in groups:
            if _are_one(posts.keys(), gathered.keys()):
                names.append(topic.name)
                gathered.update(posts)
                break
        else:
            groups.append(([topic.name], posts))
    found = [Cluster(tuple(names), best_of(list(posts.values()))) for names, posts in groups]
    return [
        one
        for one in found
        if len(one.posts) >= FEWEST_POSTS and len({post.author_id for post in one.posts}) >= FEWEST_AUTHORS
    ]


def best_of(posts: Sequence[TopicPost]) -> list[TopicPost]:
    """Return the posts worth reading, the best first: a few of each author, none that says what a better one says."""
    chosen: list[TopicPost] = []
    by_author: dict[int, int] = {}
    for post in sorted(posts, key=lambda one: (-one.score, -one.post_id)):
        if by_author.get(post.author_id, 0) >= PER_AUTHOR or any(_alike(post, other) for other in chosen):
            continue
        by_author[post.author_id] = by_author.get(post.author_id, 0) + 1
        chosen.append(post)
        if len(chosen) == AUTOMATIC_POSTS:
            break
    return chosen


def title_of(names: Sequence[str]) -> str:
    """Return the title of a moment about these hashtags."""
    tags = [f"#{name}" for name in names[:3]]
    title = " and ".join([", ".join(tags[:-1]), tags[-1]]) if len(tags) > 1 else "".join(tags)
    return title[:MAX_TITLE]


def _are_one(some: Collection[int], others: Collection[int]) -> bool:
    shared = len(set(some) & set(others))
    return shared >= FEWEST_SHARED and shared >= SHARED * min(len(some), len(others))


def _alike(one: TopicPost, other: TopicPost) -> bool:
    union = one.words | other.words
    return bool(union) and len(one.words & other.words) / len(union) >= ALIKE
