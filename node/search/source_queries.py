"""What documents are made from: all that is searched of a batch of posts, and who each is for. For `indexing`."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, or_, select, union_all
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_ours, is_present
from node.base.db.unit_of_work import Reader
from node.base.settings import Settings
from node.cards.models import LinkCard
from node.media.models import Media
from node.polls.models import PollOption
from node.posts.models import Bookmark, Hashtag, Like, Mention, Post, PostHashtag
from node.search.documents import Named, Source

_AUTHOR: Any = aliased(Account)
_BOOST: Any = aliased(Post)


@dataclass(frozen=True, slots=True)
class Standing:
    """A post for the drain: what its document is made from, and who it is for."""

    source: Source
    is_open: bool
    in_library: bool


async def list_standings(reader: Reader, ids: Collection[int], settings: Settings) -> dict[int, Standing]:
    """Return the posts among `ids` that may be in the index: present, no boosts, by authors who are present."""
    if not ids:
        return {}
    rows = await reader.execute(
        select(
            Post.id,
            Post.account_id,
            Post.content,
            Post.title,
            Post.spoiler_text,
            Post.language,
            Post.local,
            Post.in_reply_to_id,
            Post.in_reply_to_uri,
            Post.sensitive,
            Post.quote_state,
            Post.visibility,
            Account.indexable,
            LinkCard.title.label("card_title"),
            LinkCard.description.label("card_description"),
        )
        .join(Account, Account.id == Post.account_id)
        .outerjoin(LinkCard, LinkCard.id == Post.card_id)
        .where(
            Post.id.in_(ids),
            Post.deleted_at.is_(None),
            Post.boost_of_id.is_(None),
            is_present(),
            Account.waiting.is_(False),
        )
    )
    posts = list(rows)
    present = [post.id for post in posts]
    named = await _named(reader, present, settings)
    hashtags = await _grouped(
        reader,
        select(PostHashtag.post_id, Hashtag.display)
        .join(Hashtag, Hashtag.id == PostHashtag.hashtag_id)
        .where(PostHashtag.post_id.in_(present)),
    )
    media = await _grouped(
        reader,
        select(Media.post_id, Media.kind, Media.description).where(Media.post_id.in_(present)).order_by(Media.position),
    )
    options = await _grouped(
        reader,
        select(PollOption.poll_id, PollOption.title)
        .where(PollOption.poll_id.in_(present))
        .order_by(PollOption.poll_id, PollOption.position),
    )
    kept = await _kept_here(reader, present)
    return {
        post.id: Standing(
            Source(
                post_id=post.id,
                author_id=post.account_id,
                content=post.content,
                title=post.title,
                spoiler_text=post.spoiler_text,
                language=post.language,
                is_local=post.local,
                is_reply=post.in_reply_to_id is not None or post.in_reply_to_uri is not None,
                is_sensitive=post.sensitive,
                is_quote=bool(post.quote_state),
                named=named[post.id],
                hashtags=[row[0] for row in hashtags[post.id]],
                media=[(row[0], row[1]) for row in media[post.id]],
                poll_options=[row[0] for row in options[post.id]],
                card=(post.card_title or "", post.card_description or ""),
            ),
            is_open=post.visibility == "public" and post.indexable,
            in_library=post.local or post.id in kept or any(one.is_local for one in named[post.id]),
        )
        for post in posts
    }


async def _grouped(reader: Reader, statement: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in await reader.execute(statement):
        found[row[0]].append(row[1:])
    return found


async def _named(reader: Reader, ids: Collection[int], settings: Settings) -> dict[int, list[Named]]:
    found: dict[int, list[Named]] = defaultdict(list)
    for row in await reader.execute(
        select(Mention.post_id, Account.id, Account.username, Account.domain)
        .join(Account, Account.id == Mention.account_id)
        .where(Mention.post_id.in_(ids), or_(Mention.silent.is_(False), Account.domain == ""))
        .order_by(Mention.post_id, Mention.account_id)
    ):
        found[row[0]].append(
            Named(account_id=row[1], username=row[2], domain=row[3] or settings.domain, is_local=row[3] == "")
        )
    return found


async def _kept_here(reader: Reader, ids: Collection[int]) -> set[int]:
    """Return which of these posts one of ours liked, boosted or kept."""
    ours = exists(select(_AUTHOR.id).where(_AUTHOR.id == Like.account_id, is_ours(_AUTHOR)))
    # The first of them and not whether there is one: for an EXISTS PostgreSQL may join all likes with all people first.
    like = select(Like.id).where(Like.post_id == Post.id, ours).limit(1).correlate_except(Like).scalar_subquery()
    statement = union_all(
        select(Post.id).where(Post.id.in_(ids), like.is_not(None)),
        select(Bookmark.post_id).where(Bookmark.post_id.in_(ids)),
        select(_BOOST.boost_of_id).where(
            _BOOST.boost_of_id.in_(ids), _BOOST.local.is_(True), _BOOST.deleted_at.is_(None)
        ),
    )
    return {row[0] for row in await reader.execute(statement)}
