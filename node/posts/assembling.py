"""A status put together for one viewer: what is kept of its post and author, the row of facts, and what else there is.

Pure: `rendering` has looked everything up. What comes from the caches is shared with other pages and never changed;
every status made here is a dict of its own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from node.posts.consent_rules import Relation
from node.posts.quote_rendering import approval_view, denied_acts
from node.posts.rendered_posts import AuthorKey, PostKey
from node.posts.views import VISIBILITY_FROM_WORD

Json = dict[str, Any]

NOBODY = Relation()


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
        changing = _changing(row, row.id, row.account_id, post, author, material)
        return {**post, "account": author, **changing, **_own(row, row.id, row.account_id, post, material)}
    original = material.posts.get(original_key(row))
    original_author = material.authors.get((row.original_account_id, row.original_version))
    if original is None or original_author is None:
        return None
    changing = _changing(row, row.original_id, row.original_account_id, original, original_author, material)
    own = _own(row, row.original_id, row.original_account_id, original, material)
    return {
        **post,
        "account": author,
        **changing,
        "reblog": {**original, "account": original_author, **changing, **own},
    }


def _changing(row: Any, target_id: int, author_id: int, post: Json, author: Json, material: Material) -> Json:
    """Return what is said of a post on itself and on a boost of it alike: counts, and what the viewer did."""
    changing: Json = {
        "replies_count": row.replies_count,
        "reblogs_count": row.boosts_count,
        "favourites_count": row.likes_count,
        "quotes_count": row.quotes_count,
        "quote_approval": _approval(row, target_id, author_id, post, author, material),
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


def _own(row: Any, target_id: int, author_id: int, post: Json, material: Material) -> Json:
    """Return what is said of a post only where it stands itself."""
    own: Json = {}
    if author_id == material.viewer_id:
        own["pinned"] = target_id in material.pinned
    elif post["visibility"] not in ("public", "unlisted"):
        own["application"] = None  # which app it was written with is for whoever may read what everybody may
    if row.interaction_policy:
        denied = denied_acts(row.interaction_policy, material.relations.get(target_id, NOBODY))
        if denied:
            own["denied_interactions"] = denied
    poll = material.polls.get(target_id)
    if poll is not None:
        own["poll"] = poll | {"emojis": post["emojis"]}  # its options may use the custom emoji of its text
    return own


def _approval(row: Any, target_id: int, author_id: int, post: Json, author: Json, material: Material) -> Json:
    """Return who may quote a post, and whether the viewer may."""
    is_local = "@" not in author["acct"]
    is_author = author_id == material.viewer_id
    is_anonymous = material.viewer_id is None
    if not row.interaction_policy:
        return _plain_approval(post["visibility"], is_local, is_author, is_anonymous)
    return approval_view(
        row.interaction_policy,
        visibility=VISIBILITY_FROM_WORD[post["visibility"]],
        is_local=is_local,
        is_author=is_author,
        relation=None if is_anonymous else material.relations.get(target_id, NOBODY),
    )


@cache
def _plain_approval(word: str, is_local: bool, is_author: bool, is_anonymous: bool) -> Json:
    """Return the approval of a post whose author wished nothing: the same for all of a kind."""
    relation = None if is_anonymous else NOBODY
    visibility = VISIBILITY_FROM_WORD[word]
    return approval_view({}, visibility=visibility, is_local=is_local, is_author=is_author, relation=relation)
