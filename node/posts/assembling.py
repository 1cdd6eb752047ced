"""A status put together for one viewer: what is kept of its post and author, the row of facts, and what else there is.

Pure: `rendering` has looked everything up. What comes from the caches is shared with other pages and never changed;
every status made here is a dict of its own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from node.posts.consent_rules import Relation
from node.posts.quote_rendering import LONGEST_KEPT, POLICIES_KEPT, approval_view, denied_acts
from node.posts.rendered_posts import AuthorKey, PostKey
from node.posts.views import VISIBILITY_FROM_WORD

Json = dict[str, Any]

NOBODY: Final = Relation()
Standing = tuple[Json, list[str]]
"""The QuoteApproval of a post, and what else the viewer may not do with it: shared, and never changed."""


@dataclass(frozen=True, slots=True)
class Material:
    """What was looked up for the posts of one page beside their facts, by id where not by key."""

    viewer_id: int | None
    posts: Mapping[PostKey, Json]
    authors: Mapping[AuthorKey, Json]
    polls: Mapping[int, Json]
    reactions: Mapping[int, list[Json]]
    pinned: Collection[int]
    muted: Collection[int]
    relations: Mapping[int, Relation]


def own_key(row: Any) -> PostKey:
    """Return under what the post of a row is kept."""
    return row.id, row.edited_at, row.version, row.visibility, row.in_reply_to_id


def original_key(row: Any) -> PostKey:
    """Return under what the post is kept that the post of a row boosts."""
    return (
        row.original_id,
        row.original_edited_at,
        row.original_version,
        row.original_visibility,
        row.original_in_reply_to_id,
    )


def assembled(row: Any, material: Material) -> Json | None:
    """Return the status of a row; None when its post went away since the facts were read."""
    post = material.posts.get(own_key(row))
    author = material.authors.get((row.account_id, row.version))
    if post is None or author is None:
        return None
    if row.original_id is None:
        standing = _standing(row, row.id, row.account_id, post, author, material)
        changing = _changing(row, row.id, standing, material)
        return {**post, "account": author, **changing, **_own(row.id, row.account_id, post, standing, material)}
    original = material.posts.get(original_key(row))
    original_author = material.authors.get((row.original_account_id, row.original_version))
    if original is None or original_author is None:
        return None
    standing = _standing(row, row.original_id, row.original_account_id, original, original_author, material)
    changing = _changing(row, row.original_id, standing, material)
    own = _own(row.original_id, row.original_account_id, original, standing, material)
    return {
        **post,
        "account": author,
        **changing,
        "reblog": {**original, "account": original_author, **changing, **own},
    }


def _changing(row: Any, target_id: int, standing: Standing, material: Material) -> Json:
    """Return what is said of a post on itself and on a boost of it alike: counts, and what the viewer did."""
    changing: Json = {
        "replies_count": row.replies_count,
        "reblogs_count": row.boosts_count,
        "favourites_count": row.likes_count,
        "quotes_count": row.quotes_count,
        "quote_approval": standing[0],
    }
    given = material.reactions.get(target_id)
    if given:
        changing["reactions"] = given
        changing["pleroma"] = {"emoji_reactions": given}
    if material.viewer_id is not None:
        changing["favourited"] = bool(row.liked)
        changing["reblogged"] = bool(row.boosted)
        changing["bookmarked"] = bool(row.bookmarked)
        changing["muted"] = target_id in material.muted
        changing["filtered"] = []
    return changing


def _own(target_id: int, author_id: int, post: Json, standing: Standing, material: Material) -> Json:
    """Return what is said of a post only where it stands itself."""
    own: Json = {}
    if author_id == material.viewer_id:
        own["pinned"] = target_id in material.pinned
    elif post["visibility"] not in ("public", "unlisted"):
        own["application"] = None  # which app it was written with is for whoever may read what everybody may
    if standing[1]:
        own["denied_interactions"] = standing[1]
    poll = material.polls.get(target_id)
    if poll is not None:
        own["poll"] = poll | {"emojis": post["emojis"]}  # its options may use the custom emoji of its text
    return own


def _standing(row: Any, target_id: int, author_id: int, post: Json, author: Json, material: Material) -> Standing:
    work_out = _worked_out if len(row.policy) <= LONGEST_KEPT else _worked_out.__wrapped__
    return work_out(
        row.policy,
        post["visibility"],
        "@" not in author["acct"],
        author_id == material.viewer_id,
        material.viewer_id is None,
        material.relations.get(target_id),
    )


@lru_cache(maxsize=POLICIES_KEPT)
def _worked_out(
    policy: str, word: str, is_local: bool, is_author: bool, is_anonymous: bool, relation: Relation | None
) -> Standing:
    """Work out what the wish of an author means; the same for all posts of a kind, and there are few kinds."""
    wish = orjson.loads(policy)
    approval = approval_view(
        wish,
        visibility=VISIBILITY_FROM_WORD[word],
        is_local=is_local,
        is_author=is_author,
        relation=None if is_anonymous else relation or NOBODY,
    )
    return approval, denied_acts(wish, relation or NOBODY)
