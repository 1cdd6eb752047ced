"""Every SELECT behind our documents: a local post with all that its Note names, lists for collections."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.rules import domain_and_parents
from node.base.db.prepared import Prepared, in_lists
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.base.settings import Settings
from node.blocks.models import Block
from node.emojis.models import Emoji
from node.emojis.queries import list_emojis
from node.emojis.views import referred_ids
from node.follows.models import Follow
from node.media.models import Media
from node.moderation.models import DomainPolicy
from node.moderation.rules import Policy, book_of
from node.polls.queries import PollState, list_polls
from node.posts.consent_models import Authorization, InteractionRequest
from node.posts.consent_queries import list_requests
from node.posts.models import Hashtag, Mention, Post, PostHashtag
from node.posts.rules import OPEN_VISIBILITIES, visible_to


@dataclass(frozen=True, slots=True)
class QuotedRow:
    """What a post quotes, and whose it is."""

    uri: str
    url: str
    author_uri: str
    author_id: int


@dataclass(slots=True)
class PostRows:
    """A post with the rows its document is made of."""

    post: Post
    mentioned: list[Account] = field(default_factory=list)
    hashtags: list[Hashtag] = field(default_factory=list)
    media: list[Media] = field(default_factory=list)
    emojis: list[Emoji] = field(default_factory=list)
    parent_uri: str | None = None
    quoted: QuotedRow | None = None
    stamp_uri: str = ""
    """Of a remote author of what it quotes."""
    own_stamp: tuple[int, int] | None = None
    """(account, authorization) where the author of what it quotes is one of ours."""
    reply: InteractionRequest | None = None
    """What it needed, or needs, to answer somebody (OBJ-16)."""
    poll: PollState | None = None


SENT_QUOTES: Final = ("pending", "accepted", "legacy")
"""A quote that was refused or taken back is not sent any more."""

_POLICIES = Prepared(
    select(DomainPolicy.domain, DomainPolicy.severity, DomainPolicy.reject_media).where(
        DomainPolicy.domain.in_(bindparam("domains", expanding=True))
    )
)
_HOLDINGS = Prepared(
    select(
        Post.id,
        exists(select(Mention.post_id).where(Mention.post_id == Post.id, Mention.silent.is_(False))),
        exists(select(PostHashtag.post_id).where(PostHashtag.post_id == Post.id)),
        exists(select(Media.id).where(Media.post_id == Post.id)),
    ).where(Post.id.in_(bindparam("ids", expanding=True)))
)


async def find_block(reader: Reader, block_id: int) -> Block | None:
    """Return a block."""
    found: Block | None = await reader.scalar(select(Block).where(Block.id == block_id))
    return found


async def list_suspended_hosts(reader: Reader, hosts: Collection[str], *, settings: Settings) -> set[str]:
    """Return those of `hosts` to which nothing is sent (MOD-2), as the policies stand at this moment."""
    rows: list[Any] = []
    for domains in in_lists({name for host in hosts for name in domain_and_parents(host)}):
        rows += await reader.rows(_POLICIES, {"domains": domains})
    book = book_of([Policy(row.domain, row.severity, row.reject_media) for row in rows], settings)
    return {host for host in hosts if book.is_suspended(host)}


async def gather_posts(reader: Reader, posts: Sequence[Post]) -> dict[int, PostRows]:
    """Return posts with their rows: one query for posts that are nothing but words, one more for each kind of thing
    that is among them."""
    ids = [post.id for post in posts]
    rows = {post.id: PostRows(post, parent_uri=post.in_reply_to_uri) for post in posts}
    held = await reader.rows(_HOLDINGS, {"ids": ids}) if ids else ()
    if naming := [row[0] for row in held if row[1]]:
        for post_id, account in await reader.execute(
            select(Mention.post_id, Account)
            .join(Account, Account.id == Mention.account_id)
            .where(Mention.post_id.in_(naming), Mention.silent.is_(False))
            .order_by(Account.id)
        ):
            rows[post_id].mentioned.append(account)
    if tagged := [row[0] for row in held if row[2]]:
        for post_id, tag in await reader.execute(
            select(PostHashtag.post_id, Hashtag)
            .join(Hashtag, Hashtag.id == PostHashtag.hashtag_id)
            .where(PostHashtag.post_id.in_(tagged))
            .order_by(Hashtag.id)
        ):
            rows[post_id].hashtags.append(tag)
    if with_media := [row[0] for row in held if row[3]]:
        for item in await reader.scalars(
            select(Media).where(Media.post_id.in_(with_media)).order_by(Media.position, Media.id)
        ):
            rows[item.post_id].media.append(item)
    questions = [post.id for post in posts if post.kind == "Question"]
    if questions:
        for post_id, poll in (await list_polls(reader, questions, None)).items():
            rows[post_id].poll = poll
    emojis = await list_emojis(reader, {id_ for post in posts for id_ in referred_ids(post.emojis)})
    for post in posts:
        rows[post.id].emojis = [emojis[id_] for id_ in referred_ids(post.emojis) if id_ in emojis]
    parents = {post.in_reply_to_id for post in posts if post.in_reply_to_id is not None}
    asked = any(post.quote_state for post in posts)
    if parents:
        found = (await reader.execute(select(Post.id, Post.uri, Post.local).where(Post.id.in_(parents)))).all()
        uris: dict[int, str] = {row.id: row.uri for row in found}
        asked = asked or any(not row.local for row in found)
        for post in posts:
            if post.in_reply_to_id is not None:
                rows[post.id].parent_uri = uris.get(post.in_reply_to_id, post.in_reply_to_uri)
    if asked:
        await _gather_consent(reader, posts, rows)
    return rows


async def _gather_consent(reader: Reader, posts: Sequence[Post], rows: dict[int, PostRows]) -> None:
    """Add what posts quote and what their authors were asked: three queries at most."""
    given: dict[int, str] = {}
    for request in await list_requests(reader, ("quote", "reply"), list(rows)):
        if request.kind == "reply":
            rows[request.subject_id].reply = request
        elif request.state == "accepted":
            given[request.subject_id] = request.authorization_uri
    quoting = {post.id: post for post in posts if post.quoted_id is not None and post.quote_state in SENT_QUOTES}
    if not quoting:
        return
    found = await reader.execute(
        select(Post.id, Post.uri, Post.url, Account.uri, Account.id)
        .join(Account, Account.id == Post.account_id)
        .where(Post.id.in_({post.quoted_id for post in quoting.values()}), Post.deleted_at.is_(None))
    )
    quoted = {row[0]: QuotedRow(row[1], row[2] or row[1], row[3], row[4]) for row in found}
    ours = await reader.execute(
        select(Authorization.interacting_uri, Authorization.account_id, Authorization.id).where(
            Authorization.interacting_uri.in_([post.uri for post in quoting.values()]),
            Authorization.kind == "quote",
            Authorization.state == "given",
        )
    )
    local = {row[0]: (row[1], row[2]) for row in ours}
    for id_, post in quoting.items():
        assert post.quoted_id is not None
        rows[id_].quoted = quoted.get(post.quoted_id)
        rows[id_].stamp_uri = given.get(id_, "")
        rows[id_].own_stamp = local.get(post.uri)


def _served_to(viewer_id: int | None) -> ColumnElement[bool]:
    """SQL: the post is in the author's outbox as this signer sees it (COL-2): direct posts never are."""
    return Post.visibility.in_((*OPEN_VISIBILITIES, "followers")) & visible_to(viewer_id)


async def list_outbox(reader: Reader, account_id: int, page: Page, *, viewer_id: int | None) -> list[Post]:
    """Return a page of an author's posts and boosts, newest first."""
    statement = select(Post).where(Post.account_id == account_id, _served_to(viewer_id))
    rows = list(await reader.scalars(page.apply(statement, Post.id.expression)))
    return page.newest_first(rows)


async def count_outbox(reader: Reader, account_id: int) -> int:
    """Return how many posts and boosts the outbox shows to anybody."""
    return int(
        await reader.scalar(
            select(func.count()).select_from(Post).where(Post.account_id == account_id, _served_to(None))
        )
        or 0
    )


async def list_reply_uris(reader: Reader, post: Post, page: Page, *, own: bool) -> list[tuple[int, str]]:
    """Return (id, uri) of open replies to a post, oldest first: its author's own, or everybody else's (COL-5)."""
    by_author = Post.account_id == post.account_id if own else Post.account_id != post.account_id
    statement = (
        select(Post.id, Post.uri)
        .where(
            Post.in_reply_to_id == post.id,
            Post.id > (page.min_id or 0),
            Post.visibility.in_(OPEN_VISIBILITIES),
            by_author,
            visible_to(None),
        )
        .order_by(Post.id)
        .limit(page.limit)
    )
    return [(row[0], row[1]) for row in await reader.execute(statement)]


async def list_context_uris(reader: Reader, thread_id: int, page: Page) -> list[tuple[int, str]]:
    """Return (id, uri) of the open posts of a thread, oldest first (COL-6)."""
    statement = (
        select(Post.id, Post.uri)
        .where(
            Post.thread_id == thread_id,
            Post.boost_of_id.is_(None),
            Post.id > (page.min_id or 0),
            Post.visibility.in_(OPEN_VISIBILITIES),
            visible_to(None),
        )
        .order_by(Post.id)
        .limit(page.limit)
    )
    return [(row[0], row[1]) for row in await reader.execute(statement)]


async def count_context(reader: Reader, thread_id: int) -> int:
    """Return how many open posts of a thread we know."""
    return int(
        await reader.scalar(
            select(func.count())
            .select_from(Post)
            .where(
                Post.thread_id == thread_id,
                Post.boost_of_id.is_(None),
                Post.visibility.in_(OPEN_VISIBILITIES),
                visible_to(None),
            )
        )
        or 0
    )


async def list_member_uris(reader: Reader, account_id: int, page: Page, *, followers: bool) -> list[tuple[int, str]]:
    """Return (follow id, actor id) of a page of followers or followed, newest first (COL-3)."""
    mine, theirs = (Follow.followee_id, Follow.follower_id) if followers else (Follow.follower_id, Follow.followee_id)
    member = aliased(Account)
    statement = (
        select(Follow.id, member.uri)
        .join(member, member.id == theirs)
        .where(mine == account_id, Follow.accepted_at.is_not(None), is_present(member))
    )
    rows: list[Any] = list(await reader.execute(page.apply(statement, Follow.id.expression)))
    return [(row[0], row[1]) for row in page.newest_first(rows)]
