"""The read path: ids in, Mastodon statuses out, invisible ones dropped. Behind every timeline and thread.

One query answers everything that depends on the viewer or changes by itself: may they see it (`visible_to`),
did they like, boost, bookmark it, and how often did others. The rest of a status does not depend on who looks
and is kept in this process under (post, time of its last edit, version of its author's profile): a key that
changes with what it stands for, so nothing needs invalidating and no process can show another's stale copy.
A page of twenty costs that one query when warm, and one more each if there are polls, reactions or own posts on it
or the viewer muted threads. The viewer's filters are compiled and kept in this process too, under the version that
comes with that one query.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, case, exists, func, literal, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.auth.models import User
from node.auth.queries import list_apps
from node.auth.views import post_app_view
from node.base.cache import LocalCache
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared
from node.base.db.sqlite import short_statements
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.runtime import Runtime
from node.cards.queries import list_cards
from node.cards.views import card_view
from node.filters.reading import ViewerFilters, viewer_filters
from node.media.models import Media
from node.media.views import media_view
from node.polls.queries import list_polls
from node.polls.views import poll_view
from node.posts.consent_queries import list_relations
from node.posts.consent_rules import Relation
from node.posts.featured_queries import list_pinned_among
from node.posts.models import Bookmark, Hashtag, Like, Mention, Post, PostHashtag, ThreadMute
from node.posts.queries import list_visible_ids
from node.posts.quote_rendering import (
    Quoting,
    approval_view,
    asks_relation,
    content_with_quote,
    denied_acts,
    quote_view,
    read_quoted,
)
from node.posts.rules import in_home_of, visible_to, welcome_to
from node.posts.thread_mute_queries import list_muted_among
from node.posts.views import VISIBILITY_FROM_WORD, mention_view, status_view, tag_view
from node.reactions.queries import list_tallies
from node.reactions.views import reaction_views
from node.text.sanitising import html_to_text

CACHED_POSTS = 4000
CARD_SECONDS = 60.0
"""How long a link preview is kept here: they hardly ever change."""
CACHED_SECONDS = 60
"""Bounds what no version covers: the counts on an author's card."""

BATCH = 80
NOBODY = Relation()


async def render_posts(
    runtime: Runtime, reader: Reader, ids: Sequence[int], *, viewer_id: int | None, home: bool = False
) -> list[dict[str, Any]]:
    """Return the statuses of `ids` that the viewer may see, in the order given.

    `home` drops what does not belong in the viewer's home timeline (any more) too.
    """
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(ids), BATCH):
        found |= await _render_batch(runtime, reader, ids[start : start + BATCH], viewer_id, home)
    return [found[id_] for id_ in ids if id_ in found]


async def render_post(runtime: Runtime, reader: Reader, post_id: int, *, viewer_id: int | None) -> dict[str, Any]:
    """Return one status. Raises NotFound when it is absent or not for this viewer: the same answer."""
    found = await render_posts(runtime, reader, [post_id], viewer_id=viewer_id)
    if not found:
        raise NotFound()
    return found[0]


async def _render_batch(
    runtime: Runtime, reader: Reader, ids: Sequence[int], viewer_id: int | None, home: bool, *, depth: int = 0
) -> dict[int, dict[str, Any]]:
    parameters: dict[str, Any] = {"ids": list(ids)}
    if viewer_id is not None:
        parameters["viewer"] = viewer_id
    if home:
        parameters["now"] = runtime.now()
    facts = await reader.rows(_facts_query(viewer_id is None, home), parameters)
    rendered = runtime.caches.get("rendered_posts", size=CACHED_POSTS, seconds=CACHED_SECONDS)
    missing = {
        key[0]: key
        for row in facts
        for key in (
            (row.id, row.edited_at, row.version, row.visibility),
            (row.original_id, row.original_edited_at, row.original_version, row.original_visibility),
        )
        if key[0] is not None and rendered.get(key) is None
    }
    fresh: dict[int, dict[str, Any]] = {}
    if missing:
        with short_statements():
            fresh = await _render_fresh(runtime, reader, list(missing))
    for id_, status in fresh.items():
        rendered.put(missing[id_], status)
    polls = await _polls(runtime, reader, facts, viewer_id)
    reactions = await _reactions(runtime, reader, facts, viewer_id)
    relations = await _relations(reader, facts, viewer_id)
    pinned = await _pinned(reader, facts, viewer_id)
    muted = await _muted(reader, facts, viewer_id)
    assembled = {
        row.id: view
        for row in facts
        if (view := _assembled(row, rendered, fresh, polls, reactions, pinned, muted, viewer_id, relations)) is not None
    }
    await _add_cards(runtime, reader, facts, assembled)
    version = facts[0].filters_version if facts else 0
    filters = await viewer_filters(runtime, reader, viewer_id, version) if viewer_id is not None else None
    if filters is not None:
        for status in assembled.values():
            _add_filtered(status, filters)
    await _add_quotes(runtime, reader, facts, assembled, viewer_id, depth)
    return assembled


def _add_filtered(status: dict[str, Any], filters: ViewerFilters) -> None:
    """Say which of the viewer's filters concern a post; for a boost, what is said inside is said outside (31)."""
    target = status["reblog"] or status
    card = target["card"]
    key = (target["id"], target["edited_at"], card["title"] if card else "", card["description"] if card else "")
    found = filters.results(key, [int(id_) for id_ in {status["id"], target["id"]}], lambda: _words_of(target))
    status["filtered"] = target["filtered"] = found


def _words_of(status: Mapping[str, Any]) -> Iterable[str]:
    """Return everything in a post that people may want not to read."""
    yield status["spoiler_text"]
    yield html_to_text(status["content"])
    for tag in status["tags"]:
        yield f"#{tag['name']}"
    for media in status["media_attachments"]:
        yield media["description"] or ""
    if status["poll"]:
        for option in status["poll"]["options"]:
            yield option["title"]
    if status["card"]:
        yield status["card"]["title"]
        yield status["card"]["description"]


async def _relations(reader: Reader, facts: Sequence[Any], viewer_id: int | None) -> dict[int, Relation]:
    """Return what the viewer is to the authors of posts that not everybody may quote, answer, like or boost alike."""
    ids = {row.original_id or row.id for row in facts if asks_relation(row.interaction_policy)}
    if not ids or viewer_id is None:
        return {}
    return await list_relations(reader, viewer_id, ids)


async def _add_quotes(
    runtime: Runtime,
    reader: Reader,
    facts: Sequence[Any],
    statuses: dict[int, dict[str, Any]],
    viewer_id: int | None,
    depth: int,
) -> None:
    """Put what is quoted into statuses that quote (OBJ-12): one level deep, below that by id."""
    quoting = {row.id: Quoting(row.quote_state, row.quoted_id) for row in facts if row.quote_state}
    if not quoting:
        return
    ids = list({entry.quoted_id for entry in quoting.values() if entry.quoted_id is not None})
    seen = {id_: {"id": str(id_)} for id_ in await list_visible_ids(reader, ids, viewer_id)} if depth else (
        await _render_batch(runtime, reader, ids, viewer_id, False, depth=depth + 1) if ids else {}
    )  # fmt: skip
    quoted = await read_quoted(reader, ids, seen, viewer_id=viewer_id, now=runtime.now())
    for row_id, entry in quoting.items():
        status = statuses.get(row_id)
        if status is None:
            continue
        target = status["reblog"] or status
        view = quote_view(entry, quoted, shallow=depth > 0)
        link = quoted.links.get(entry.quoted_id) if entry.quoted_id is not None else None
        content = content_with_quote(target["content"], view, link=link, is_local="@" not in target["account"]["acct"])
        target |= {"quote": view, "content": content}


async def _polls(
    runtime: Runtime, reader: Reader, facts: Sequence[Any], viewer_id: int | None
) -> dict[int, dict[str, Any]]:
    """Return the polls on a page, by post: they change with every vote, so they are never kept with their post."""
    ids = {row.original_id or row.id for row in facts if row.kind == "Question"}
    if not ids:
        return {}
    found, now = await list_polls(reader, ids, viewer_id), runtime.now()
    return {id_: poll_view(poll, viewer_id=viewer_id, now=now) for id_, poll in found.items()}


async def _pinned(reader: Reader, facts: Sequence[Any], viewer_id: int | None) -> set[int]:
    """Return which of the viewer's own posts on a page are pinned: nobody else is told."""
    if viewer_id is None:
        return set()
    own = {row.id for row in facts if row.original_id is None and row.account_id == viewer_id}
    own |= {row.original_id for row in facts if row.original_id is not None and row.original_account_id == viewer_id}
    return await list_pinned_among(reader, own) if own else set()


async def _muted(reader: Reader, facts: Sequence[Any], viewer_id: int | None) -> set[int]:
    """Return which posts of a page stand in threads the viewer muted: no query for who muted none."""
    if viewer_id is None or not any(row.mutes_threads for row in facts):
        return set()
    return await list_muted_among(reader, viewer_id, {row.original_id or row.id for row in facts})


def _assembled(
    row: Any,
    rendered: LocalCache,
    fresh: dict[int, dict[str, Any]],
    polls: dict[int, dict[str, Any]],
    reactions: Mapping[int, list[dict[str, Any]]],
    pinned: set[int],
    muted: set[int],
    viewer_id: int | None,
    relations: Mapping[int, Relation],
) -> dict[str, Any] | None:
    base = fresh.get(row.id) or rendered.get((row.id, row.edited_at, row.version, row.visibility))
    if base is None:  # deleted between the two queries
        return None
    changing: dict[str, Any] = {
        "replies_count": row.replies_count,
        "reblogs_count": row.boosts_count,
        "favourites_count": row.likes_count,
        "quotes_count": row.quotes_count,
    }
    given = reactions.get(row.original_id or row.id)
    if given:
        changing |= {"reactions": given, "pleroma": {"emoji_reactions": given}}
    if viewer_id is not None:
        changing |= {
            "favourited": bool(row.liked),
            "reblogged": bool(row.boosted),
            "bookmarked": bool(row.bookmarked),
            "muted": (row.original_id or row.id) in muted,
            "filtered": [],
        }
    if row.original_id is None:
        own = {"pinned": row.id in pinned} if row.account_id == viewer_id else _without_app(base)
        changing["quote_approval"] = _approval(row, base, viewer_id, relations)
        return base | changing | own | _limits(row, relations) | _poll_part(polls.get(row.id), base)
    original = fresh.get(row.original_id) or rendered.get(
        (row.original_id, row.original_edited_at, row.original_version, row.original_visibility)
    )
    if original is None:
        return None
    changing["quote_approval"] = _approval(row, original, viewer_id, relations)
    own = {"pinned": row.original_id in pinned} if row.original_account_id == viewer_id else _without_app(original)
    own |= _limits(row, relations)
    return base | changing | {"reblog": original | changing | own | _poll_part(polls.get(row.original_id), original)}


async def _add_cards(
    runtime: Runtime, reader: Reader, facts: Sequence[Any], statuses: Mapping[int, dict[str, Any]]
) -> None:
    """Put link previews into statuses that have one: no query where none has, or where all are known by now."""
    showing = {row.id: row.card_id for row in facts if row.card_id is not None}
    if not showing:
        return
    found = await card_views(runtime, reader, set(showing.values()))
    for row_id, card_id in showing.items():
        if row_id in statuses and card_id in found:
            status = statuses[row_id]
            (status["reblog"] or status)["card"] = found[card_id]


async def card_views(runtime: Runtime, reader: Reader, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return PreviewCards by id: no query where all are known by now."""
    cache = runtime.caches.get("cards", size=CACHED_POSTS, seconds=CARD_SECONDS)
    found: dict[int, dict[str, Any]] = {id_: view for id_ in ids if (view := cache.get(id_)) is not None}
    missing = set(ids) - found.keys()
    if missing:
        cards = await list_cards(reader, missing)
        writers = {card.author_id for card in cards.values() if card.author_id is not None}
        people = await list_accounts(reader, writers) if writers else {}
        for id_, card in cards.items():
            writer = people.get(card.author_id or 0)
            author = None if writer is None or writer.is_gone else account_view(writer, settings=runtime.settings)
            found[id_] = card_view(card, author, settings=runtime.settings)
            cache.put(id_, found[id_])
    return found


def _without_app(status: Mapping[str, Any]) -> dict[str, Any]:
    """Hide from others which app a post was written with, but for what everybody may read."""
    return {} if status["visibility"] in ("public", "unlisted") else {"application": None}


def _approval(
    row: Any, status: Mapping[str, Any], viewer_id: int | None, relations: Mapping[int, Relation]
) -> dict[str, Any]:
    """Return who may quote a post, and whether the viewer may."""
    author_id = row.original_account_id or row.account_id
    relation = relations.get(row.original_id or row.id, NOBODY) if viewer_id is not None else None
    return approval_view(
        row.interaction_policy,
        visibility=VISIBILITY_FROM_WORD[status["visibility"]],
        is_local="@" not in status["account"]["acct"],
        is_author=author_id == viewer_id,
        relation=relation,
    )


def _limits(row: Any, relations: Mapping[int, Relation]) -> dict[str, Any]:
    """Name what the viewer may not do by the author's wish; nothing for the posts that wish nothing."""
    policy = row.interaction_policy
    if not policy:
        return {}
    denied = denied_acts(policy, relations.get(row.original_id or row.id, NOBODY))
    return {"denied_interactions": denied} if denied else {}


def _poll_part(poll: dict[str, Any] | None, status: dict[str, Any]) -> dict[str, Any]:
    """Return a status's poll, whose options may use the custom emoji of its text."""
    return {} if poll is None else {"poll": poll | {"emojis": status["emojis"]}}


async def _reactions(
    runtime: Runtime, reader: Reader, facts: Sequence[Any], viewer_id: int | None
) -> dict[int, list[dict[str, Any]]]:
    """Return the reactions to those posts that have some: no query where none has."""
    ids = {row.original_id or row.id for row in facts if row.reactions_count}
    tallies = await list_tallies(reader, ids, viewer_id=viewer_id)
    return {
        post_id: reaction_views(found, settings=runtime.settings, anonymous=viewer_id is None)
        for post_id, found in tallies.items()
    }


@cache
def _facts_query(anonymous: bool, home: bool) -> Prepared:
    """Build the one query. For a boost, counts and flags are those of what it boosts."""
    viewer: Any = None if anonymous else bindparam("viewer")
    original, author, original_author = aliased(Post), aliased(Account), aliased(Account)
    target = func.coalesce(original.id, Post.id)
    own_boost = aliased(Post)
    # asked once a statement, whatever the number of posts
    version: Any = (
        literal(0) if anonymous else select(User.filters_version).where(User.account_id == viewer).scalar_subquery()
    )
    flags = (
        [literal(False).label(name) for name in ("liked", "boosted", "bookmarked", "mutes_threads")]
        if anonymous
        else [
            exists(select(Like.id).where(Like.account_id == viewer, Like.post_id == target)).label("liked"),
            exists(
                select(own_boost.id).where(
                    own_boost.account_id == viewer, own_boost.boost_of_id == target, own_boost.deleted_at.is_(None)
                )
            ).label("boosted"),
            exists(select(Bookmark.id).where(Bookmark.account_id == viewer, Bookmark.post_id == target)).label(
                "bookmarked"
            ),
            # the same for every row: asked once
            exists(select(ThreadMute.thread_id).where(ThreadMute.account_id == viewer)).label("mutes_threads"),
        ]
    )
    conditions = [Post.id.in_(bindparam("ids", expanding=True)), visible_to(viewer)]
    if home:
        now = bindparam("now", type_=UtcDateTime())
        conditions += [in_home_of(viewer), welcome_to(viewer, Post, now)]
    return Prepared(
        select(
            Post.id,
            Post.account_id,
            Post.edited_at,
            Post.visibility,
            author.version,
            original.id.label("original_id"),
            original.account_id.label("original_account_id"),
            original.edited_at.label("original_edited_at"),
            original.visibility.label("original_visibility"),
            original_author.version.label("original_version"),
            func.coalesce(original.kind, Post.kind).label("kind"),
            _count("replies_count", "reported_replies", original).label("replies_count"),
            _count("boosts_count", "reported_boosts", original).label("boosts_count"),
            _count("likes_count", "reported_likes", original).label("likes_count"),
            func.coalesce(original.quotes_count, Post.quotes_count).label("quotes_count"),
            func.coalesce(original.quote_state, Post.quote_state).label("quote_state"),
            func.coalesce(original.quoted_id, Post.quoted_id).label("quoted_id"),
            func.coalesce(original.interaction_policy, Post.interaction_policy).label("interaction_policy"),
            func.coalesce(original.reactions_count, Post.reactions_count).label("reactions_count"),
            version.label("filters_version"),
            func.coalesce(original.card_id, Post.card_id).label("card_id"),
            *flags,
        )
        .join(author, author.id == Post.account_id)
        .outerjoin(original, original.id == Post.boost_of_id)
        .outerjoin(original_author, original_author.id == original.account_id)
        .where(*conditions)
    )


def _count(known: str, reported: str, original: Any) -> ColumnElement[Any]:
    """Return SQL for a count: what is known here, or more if the post's own server reported more (COL-4)."""

    def larger(post: Any) -> ColumnElement[Any]:
        column = getattr(post, known)
        return case((getattr(post, reported) > column, getattr(post, reported)), else_=column)

    return case((original.id.is_(None), larger(Post)), else_=larger(original))


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_POSTS = select(Post).where(Post.id.in_(_IDS))
_MEDIA = select(Media).where(Media.post_id.in_(_IDS)).order_by(Media.position, Media.id)
_MENTIONS = (
    select(Mention.post_id, Account)
    .join(Account, Account.id == Mention.account_id)
    .where(Mention.post_id.in_(_IDS), Mention.silent.is_(False))
    .order_by(Account.id)
)
_TAGS = (
    select(PostHashtag.post_id, Hashtag)
    .join(Hashtag, Hashtag.id == PostHashtag.hashtag_id)
    .where(PostHashtag.post_id.in_(_IDS))
    .order_by(Hashtag.id)
)
_AUTHORS = select(Account).where(Account.id.in_(_IDS))


async def _render_fresh(runtime: Runtime, reader: Reader, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Render posts from their rows: at most six queries for any number of them, each built once."""
    settings = runtime.settings
    wanted = {"ids": list(ids)}
    posts = await reader.scalars(_POSTS, wanted)
    media: dict[int, list[dict[str, Any]]] = {}
    for item in await reader.scalars(_MEDIA, wanted):
        media.setdefault(item.post_id, []).append(media_view(item, settings=settings))
    mentions: dict[int, list[dict[str, Any]]] = {}
    tags: dict[int, list[dict[str, Any]]] = {}
    if any(_may_name_somebody(post) for post in posts):
        for post_id, account in await reader.execute(_MENTIONS, wanted):
            mentions.setdefault(post_id, []).append(mention_view(account))
        for post_id, tag in await reader.execute(_TAGS, wanted):
            tags.setdefault(post_id, []).append(tag_view(tag, public_url=settings.public_url))
    author_ids = list({post.account_id for post in posts})
    authors = {author.id: author for author in await reader.scalars(_AUTHORS, {"ids": author_ids})}
    shown = {id_: account_view(author, settings=settings) for id_, author in authors.items()}
    app_ids = {post.application_id for post in posts if post.application_id is not None}
    apps = await list_apps(reader, app_ids) if app_ids else {}
    return {
        post.id: status_view(
            post,
            settings=settings,
            account=shown[post.account_id],
            media=media.get(post.id, ()),
            mentions=mentions.get(post.id, ()),
            tags=tags.get(post.id, ()),
            application=post_app_view(apps[post.application_id]) if post.application_id in apps else None,
            covered=authors[post.account_id].sensitised_at is not None,
        )
        for post in posts
    }


def _may_name_somebody(post: Post) -> bool:
    """Whether a post may have mentions or hashtags. Our own HTML marks both with the class `mention`."""
    return not post.local or post.in_reply_to_id is not None or "mention" in post.content
