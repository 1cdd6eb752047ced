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
from node.accounts.relations import blocks_domain_of
from node.blocks.models import Block, Mute
from node.follows.models import Follow
from node.lists.queries import in_exclusive_list_of
from node.posts.models import Mention, Post, PostHashtag, TagFollow, ThreadMute

Visibility = Literal["public", "unlisted", "followers", "direct"]
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)
OPEN_VISIBILITIES = ("public", "unlisted")
"""What anybody may read, boost and be counted for."""


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


def visible_to(viewer_id: int | None, post: Any = Post) -> ColumnElement[bool]:
    """`can_see` as SQL over `post` (the table or an alias). A boost is as visible as what it boosts."""
    original = aliased(Post)
    return and_(
        _plain_visible_to(viewer_id, post),
        or_(
            post.boost_of_id.is_(None),
            exists(select(original.id).where(original.id == post.boost_of_id, _plain_visible_to(viewer_id, original))),
        ),
    )


def was_visible_to(viewer_id: int | None, post: Any = Post) -> ColumnElement[bool]:
    """SQL: the post is deleted, and the viewer might have seen it: who may be told of its end (attack row 98)."""
    original = aliased(Post)
    return and_(
        post.deleted_at.is_not(None),
        _readable_by(viewer_id, post),
        or_(
            post.boost_of_id.is_(None),
            exists(select(original.id).where(original.id == post.boost_of_id, _readable_by(viewer_id, original))),
        ),
    )


def _plain_visible_to(viewer_id: int | None, post: Any) -> ColumnElement[bool]:
    author = aliased(Account)
    present = and_(
        post.deleted_at.is_(None),
        exists(
            select(author.id).where(
                author.id == post.account_id,
                author.suspended_at.is_(None),
                author.deleted_at.is_(None),
                author.suspended_by_origin.is_(False),
            )
        ),
    )
    return and_(present, _readable_by(viewer_id, post))


def _readable_by(viewer_id: int | None, post: Any) -> ColumnElement[bool]:
    """The part of the rule that is about the viewer."""
    is_open: ColumnElement[bool] = post.visibility.in_(OPEN_VISIBILITIES)
    if viewer_id is None:
        return and_(is_open, post.local_only.is_(False))
    viewer = aliased(Account)
    follow, mention, block = aliased(Follow), aliased(Mention), aliased(Block)
    return and_(
        or_(
            is_open,
            post.account_id == viewer_id,
            exists(select(mention.post_id).where(mention.post_id == post.id, mention.account_id == viewer_id)),
            and_(
                post.visibility == "followers",
                exists(
                    select(follow.id).where(
                        follow.follower_id == viewer_id,
                        follow.followee_id == post.account_id,
                        follow.accepted_at.is_not(None),
                    )
                ),
            ),
        ),
        ~exists(select(block.id).where(block.account_id == post.account_id, block.target_id == viewer_id)),
        or_(
            post.local_only.is_(False),
            exists(select(viewer.id).where(viewer.id == viewer_id, viewer.domain == "")),
        ),
    )


def welcome_to(viewer_id: int | None, post: Any, now: Any) -> ColumnElement[bool]:
    """SQL: the viewer shuns (blocks, mutes, blocks the server of) neither the author nor the author of what is
    boosted. For timelines."""
    if viewer_id is None:
        return true()
    original = aliased(Post)
    return and_(
        ~_shunned(viewer_id, post.account_id, now),
        ~exists(
            select(original.id).where(original.id == post.boost_of_id, _shunned(viewer_id, original.account_id, now))
        ),
    )


def reads_language(languages: Any, post: Any = Post) -> ColumnElement[bool]:
    """SQL: a follow with these `languages` brings a post; one whose language nobody said comes along."""
    wanted: ColumnElement[bool] = languages.contains(literal(" ").concat(post.language).concat(" "))
    return or_(languages == "", post.language.is_(None), wanted)


def thread_muted_by(viewer_id: Any, thread_id: Any) -> ColumnElement[bool]:
    """SQL: the viewer wants to hear no more of this thread."""
    muted = aliased(ThreadMute)
    return exists(select(muted.thread_id).where(muted.account_id == viewer_id, muted.thread_id == thread_id))


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
    link, tag_follow, author = aliased(PostHashtag), aliased(TagFollow), aliased(Account)
    return and_(
        post.visibility == "public",
        post.boost_of_id.is_(None),
        exists(
            select(link.post_id)
            .join(tag_follow, tag_follow.hashtag_id == link.hashtag_id)
            .where(link.post_id == post.id, tag_follow.account_id == viewer_id)
        ),
        exists(select(author.id).where(author.id == post.account_id, author.silenced_at.is_(None))),
    )


def _followed_by(viewer_id: int, post: Any) -> ColumnElement[bool]:
    follow, reply_follow, mention = aliased(Follow), aliased(Follow), aliased(Mention)
    return and_(
        exists(
            select(follow.id).where(
                follow.follower_id == viewer_id,
                follow.followee_id == post.account_id,
                follow.accepted_at.is_not(None),
                or_(follow.show_boosts.is_(True), post.boost_of_id.is_(None)),
                reads_language(follow.languages, post),
            )
        ),
        or_(
            post.visibility != "direct",
            exists(select(mention.post_id).where(mention.post_id == post.id, mention.account_id == viewer_id)),
        ),
        or_(
            post.in_reply_to_account_id.is_(None) & post.in_reply_to_uri.is_(None),
            post.in_reply_to_account_id == post.account_id,
            post.in_reply_to_account_id == viewer_id,
            exists(
                select(reply_follow.id).where(
                    reply_follow.follower_id == viewer_id,
                    reply_follow.followee_id == post.in_reply_to_account_id,
                    reply_follow.accepted_at.is_not(None),
                )
            ),
        ),
    )


def _shunned(viewer_id: int, account_id: Any, now: Any) -> ColumnElement[bool]:

    block, mute = aliased(Block), aliased(Mute)
    return or_(
        exists(select(block.id).where(block.account_id == viewer_id, block.target_id == account_id)),
        blocks_domain_of(viewer_id, account_id),
        exists(
            select(mute.id).where(
                mute.account_id == viewer_id,
                mute.target_id == account_id,
                or_(mute.expires_at.is_(None), mute.expires_at > now),
            )
        ),
    )
