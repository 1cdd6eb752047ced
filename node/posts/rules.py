"""Who may see a post, and who may boost it. Pure, and the same rule once more as SQL.

`can_see` and `visible_to` say one thing in two languages; `tests/unit/node/posts/test_rules.py` holds them
against each other over every combination. Behind every read path stands one of them: REST, pages, ActivityPub,
timelines, threads, counters, search.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select, true
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_ours
from node.accounts.relations import blocks_domain_of
from node.blocks.models import Block, Mute
from node.follows.models import Follow
from node.lists.queries import in_exclusive_list_of
from node.posts.models import Mention, Post, PostHashtag, TagFollow, ThreadMute

Visibility = Literal["public", "unlisted", "followers", "direct"]
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)
OPEN_VISIBILITIES = ("public", "unlisted")
"""What anybody may read, boost and be counted for."""


# An alias of a table of fifty columns costs more to make than the query that uses it, so these are made once. Each
# stands in an EXISTS of its own and is never handed out, so no two meet in one statement's FROM.
_ORIGINAL: Any = aliased(Post)
_AUTHOR: Any = aliased(Account)
_VIEWER: Any = aliased(Account)
_FOLLOW: Any = aliased(Follow)
_REPLY_FOLLOW: Any = aliased(Follow)
_MENTION: Any = aliased(Mention)
_BLOCK: Any = aliased(Block)
_MUTE: Any = aliased(Mute)
_THREAD_MUTE: Any = aliased(ThreadMute)
_LINK: Any = aliased(PostHashtag)
_TAG_FOLLOW: Any = aliased(TagFollow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What `can_see` needs to know of a post and a viewer. All False for a stranger."""

    visibility: str
    deleted: bool = False
    author_gone: bool = False
    is_author: bool = False
    follows_author: bool = False
    """An accepted follow; a request opens nothing (attack row 41)."""
    is_addressed: bool = False
    """Mentioned, or the delivery came to this person's inbox (AUD-3)."""
    blocked_by_author: bool = False
    local_only: bool = False
    viewer_is_local: bool = False
    """Somebody with an account here; an actor of another server that asks with a signature is not."""


def can_see(standing: Standing) -> bool:
    """Whether the viewer may see the post."""
    if standing.deleted or standing.author_gone or standing.blocked_by_author:
        return False
    if standing.local_only and not standing.viewer_is_local:
        return False
    if standing.is_author or standing.is_addressed or standing.visibility in OPEN_VISIBILITIES:
        return True
    return standing.visibility == "followers" and standing.follows_author


def may_boost(*, visibility: str, is_author: bool) -> bool:
    """Whether a post may be boosted: open posts by anybody, a followers-only one by its author (AUD-4)."""
    return visibility in OPEN_VISIBILITIES or (visibility == "followers" and is_author)


@dataclass(frozen=True, slots=True)
class Joined:
    """What a query has joined to its posts, so that the rules do not look it up again: their authors and, outer
    joined, what they boost and its authors."""

    author: Any
    original: Any
    original_author: Any


def visible_to(viewer_id: int | None, post: Any = Post, joined: Joined | None = None) -> ColumnElement[bool]:
    """`can_see` as SQL over `post` (the table or an alias). A boost is as visible as what it boosts."""
    if joined is not None:
        itself = _plain_visible_to(viewer_id, post, joined.author)
        original = _plain_visible_to(viewer_id, joined.original, joined.original_author)
        return and_(itself, or_(post.boost_of_id.is_(None), original))
    return and_(
        _plain_visible_to(viewer_id, post),
        or_(
            post.boost_of_id.is_(None),
            exists(
                select(_ORIGINAL.id).where(_ORIGINAL.id == post.boost_of_id, _plain_visible_to(viewer_id, _ORIGINAL))
            ),
        ),
    )


def visible_to_each(viewer_id: ColumnElement[int], post: Any, original: Any) -> ColumnElement[bool]:
    """`visible_to` for viewers who are rows of the same query, over `post` and, outer joined, what it boosts.

    Not `visible_to`: two selects deep a column of the query would be taken for a table to read from end to end.
    """
    viewer: Any = viewer_id
    return and_(_plain_visible_to(viewer, post), or_(post.boost_of_id.is_(None), _plain_visible_to(viewer, original)))


def was_visible_to(viewer_id: int | None, post: Any = Post) -> ColumnElement[bool]:
    """SQL: the post is deleted, and the viewer might have seen it: who may be told of its end (attack row 98)."""
    return and_(
        post.deleted_at.is_not(None),
        _readable_by(viewer_id, post),
        or_(
            post.boost_of_id.is_(None),
            exists(select(_ORIGINAL.id).where(_ORIGINAL.id == post.boost_of_id, _readable_by(viewer_id, _ORIGINAL))),
        ),
    )


def _plain_visible_to(viewer_id: int | None, post: Any, author: Any = None) -> ColumnElement[bool]:
    stands = (
        exists(select(_AUTHOR.id).where(_AUTHOR.id == post.account_id, *_stands(_AUTHOR)))
        if author is None
        else and_(*_stands(author))
    )
    return and_(post.deleted_at.is_(None), stands, _readable_by(viewer_id, post))


def _stands(author: Any) -> tuple[ColumnElement[bool], ...]:
    return author.suspended_at.is_(None), author.deleted_at.is_(None), author.suspended_by_origin.is_(False)


def _readable_by(viewer_id: int | None, post: Any) -> ColumnElement[bool]:
    """The part of the rule that is about the viewer."""
    is_open: ColumnElement[bool] = post.visibility.in_(OPEN_VISIBILITIES)
    if viewer_id is None:
        return and_(is_open, post.local_only.is_(False))
    return and_(
        or_(
            is_open,
            post.account_id == viewer_id,
            exists(select(_MENTION.post_id).where(_MENTION.post_id == post.id, _MENTION.account_id == viewer_id)),
            and_(
                post.visibility == "followers",
                exists(
                    select(_FOLLOW.id).where(
                        _FOLLOW.follower_id == viewer_id,
                        _FOLLOW.followee_id == post.account_id,
                        _FOLLOW.accepted_at.is_not(None),
                    )
                ),
            ),
        ),
        ~_some(_BLOCK, _BLOCK.target_id == viewer_id, each=_BLOCK.account_id == post.account_id),
        or_(
            post.local_only.is_(False),
            exists(select(_VIEWER.id).where(_VIEWER.id == viewer_id, is_ours(_VIEWER))),
        ),
    )


def welcome_to(viewer_id: int | None, post: Any, now: Any, joined: Joined | None = None) -> ColumnElement[bool]:
    """SQL: the viewer shuns (blocks, mutes, blocks the server of) neither the author nor the author of what is
    boosted. For timelines."""
    if viewer_id is None:
        return true()
    if joined is not None:
        original = ~_shunned(viewer_id, joined.original.account_id, now)
        return and_(~_shunned(viewer_id, post.account_id, now), or_(post.boost_of_id.is_(None), original))
    return and_(
        ~_shunned(viewer_id, post.account_id, now),
        ~exists(
            select(_ORIGINAL.id).where(_ORIGINAL.id == post.boost_of_id, _shunned(viewer_id, _ORIGINAL.account_id, now))
        ),
    )


def reads_language(languages: Any, post: Any = Post) -> ColumnElement[bool]:
    """SQL: a follow with these `languages` brings a post; one whose language nobody said comes along."""
    wanted: ColumnElement[bool] = languages.contains(literal(" ").concat(post.language).concat(" "))
    return or_(languages == "", post.language.is_(None), wanted)


def thread_muted_by(viewer_id: Any, thread_id: Any) -> ColumnElement[bool]:
    """SQL: the viewer wants to hear no more of this thread."""
    return exists(
        select(_THREAD_MUTE.thread_id).where(_THREAD_MUTE.account_id == viewer_id, _THREAD_MUTE.thread_id == thread_id)
    )


def in_home_of(viewer_id: int, post: Any = Post) -> ColumnElement[bool]:
    """SQL: the post belongs in the viewer's home timeline: own posts, those of people followed, without replies to
    people not followed, boosts that were switched off and languages that were not chosen, and those with a hashtag
    followed; nothing by the people on exclusive lists."""
    return or_(
        post.account_id == viewer_id,
        and_(
            or_(_followed_by(viewer_id, post), _tagged_for(viewer_id, post)),
            ~in_exclusive_list_of(viewer_id, post.account_id),
        ),
    )


def _tagged_for(viewer_id: int, post: Any) -> ColumnElement[bool]:
    """SQL: a public post that brings itself home by a hashtag, of somebody not silenced."""
    return and_(
        post.visibility == "public",
        post.boost_of_id.is_(None),
        exists(
            select(_LINK.post_id)
            .join(_TAG_FOLLOW, _TAG_FOLLOW.hashtag_id == _LINK.hashtag_id)
            .where(_LINK.post_id == post.id, _TAG_FOLLOW.account_id == viewer_id)
        ),
        exists(select(_AUTHOR.id).where(_AUTHOR.id == post.account_id, _AUTHOR.silenced_at.is_(None))),
    )


def _followed_by(viewer_id: int, post: Any) -> ColumnElement[bool]:
    return and_(
        exists(
            select(_FOLLOW.id).where(
                _FOLLOW.follower_id == viewer_id,
                _FOLLOW.followee_id == post.account_id,
                _FOLLOW.accepted_at.is_not(None),
                or_(_FOLLOW.show_boosts.is_(True), post.boost_of_id.is_(None)),
                reads_language(_FOLLOW.languages, post),
            )
        ),
        or_(
            post.visibility != "direct",
            exists(select(_MENTION.post_id).where(_MENTION.post_id == post.id, _MENTION.account_id == viewer_id)),
        ),
        or_(
            post.in_reply_to_account_id.is_(None) & post.in_reply_to_uri.is_(None),
            post.in_reply_to_account_id == post.account_id,
            post.in_reply_to_account_id == viewer_id,
            exists(
                select(_REPLY_FOLLOW.id).where(
                    _REPLY_FOLLOW.follower_id == viewer_id,
                    _REPLY_FOLLOW.followee_id == post.in_reply_to_account_id,
                    _REPLY_FOLLOW.accepted_at.is_not(None),
                )
            ),
        ),
    )


def _shunned(viewer_id: int, account_id: Any, now: Any) -> ColumnElement[bool]:
    is_muted = and_(_MUTE.target_id == account_id, or_(_MUTE.expires_at.is_(None), _MUTE.expires_at > now))
    return or_(
        _some(_BLOCK, _BLOCK.account_id == viewer_id, each=_BLOCK.target_id == account_id),
        blocks_domain_of(viewer_id, account_id),
        _some(_MUTE, _MUTE.account_id == viewer_id, each=is_muted),
    )


def _some(table: Any, alike: ColumnElement[bool], *, each: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: there is such a row. What is `alike` for all posts of a statement is asked once: who has no such row at all
    pays for one look into an index, and not for one with each post."""
    return exists(select(table.id).where(alike)) & exists(select(table.id).where(alike, each))
