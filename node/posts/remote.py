"""Posts and boosts of other servers: from what `federation` parsed to rows, sanitised on the way in.

Called by the inbox and by fetching, after they have proven that the author said it. Everything here may be
called twice, in any order and at the same time: the post's id decides, a tombstone wins (attack row 115).
Deleting is `service.withdraw`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from sqlalchemy import update

from federation.origins import host_of, same_origin
from federation.parsing import RemotePost
from federation.post_parsing import RemoteEvent
from federation.vocabulary import MAX_NAME, MAX_WARNING, TITLED_TYPES
from node.accounts.models import Account
from node.accounts.queries import get_account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Unavailable
from node.base.ids import id_at, new_id
from node.base.settings import Settings
from node.emojis.service import learned_references
from node.events import PostEdited, PostPublished
from node.media.attaching import set_remote_media
from node.media.queries import list_media
from node.polls.remote import refresh_remote_poll, store_remote_poll
from node.posts.addressing import add_mentions, replace_mentions
from node.posts.boosts import narrower
from node.posts.consent_rules import policy_words
from node.posts.counters import count_author, count_on_post, count_reply
from node.posts.hashtags import set_hashtags
from node.posts.models import Post, PostEdit
from node.posts.queries import find_boost, find_post, find_post_by_uri
from node.posts.quotes import enter_remote_quote, first_quote_state, refresh_remote_quote
from node.posts.rules import OPEN_VISIBILITIES, may_boost
from node.posts.threads import adopt_orphans, place_under
from node.text.markdown import render_markdown
from node.text.sanitising import clean_html, clean_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ID_TAKEN = "Another post of the same moment drew this row's id. Please try again."


async def store_remote_post(
    uow: UnitOfWork,
    settings: Settings,
    author: Account,
    post: RemotePost,
    *,
    mentions: Mapping[str, Account],
    delivered_to: int | None = None,
    quiet: bool = False,
    sorted_at: datetime | None = None,
    now: datetime,
) -> Post | None:
    """Store a post once and return it; None when it was deleted before, is another's, or is a poll vote.

    `mentions` maps the URIs it names (tag hrefs and addressees) to accounts known here. `delivered_to` is the
    owner of the personal inbox it came to, who becomes a reader even if unnamed (AUD-3). `quiet`: old or fetched,
    so nobody is notified (INB-10). `sorted_at` says more exactly than `published` where it stands among others.
    """
    if post.is_vote:
        return None
    readers = _readers(author, post, mentions, delivered_to)
    moment = sorted_at or post.published
    parent = await _known_parent(uow, post)
    post_id = id_at(moment, after=parent.id if parent else 0) if moment else new_id()
    place = place_under(parent, post_id=post_id, parent_uri=_parent_uri(post))
    values: dict[str, Any] = {
        "id": post_id,
        "uri": post.id,
        "url": post.url,
        "account_id": author.id,
        "local": False,
        "kind": post.type,
        "visibility": post.visibility,
        "context_uri": post.context or (parent.context_uri if parent else ""),
        "in_reply_to_id": place.in_reply_to_id,
        "in_reply_to_account_id": place.in_reply_to_account_id,
        "in_reply_to_uri": place.in_reply_to_uri,
        "thread_id": place.thread_id,
        "quoted_uri": post.quote_uri,
        "quote_state": first_quote_state(post),
        "published_at": max(post.published or now, EPOCH),
        "created_at": now,
        "fetched": quiet,
        **_reported(post),
        **_wishes(author, post),
        **_words(post, settings),
        "emojis": await learned_references(uow, host_of(post.id), post.emojis, now=now),
    }
    stored = Post(**values)
    if not await uow.insert(stored, if_absent=True):
        return await _stored_before(uow, author, post, readers, quiet=quiet)
    if post.attachments:
        await set_remote_media(uow, author.id, stored.id, post.attachments, now=now)
    if post.poll is not None:
        await store_remote_poll(uow, stored.id, author.id, post.poll, now=now)
    await add_mentions(uow, stored.id, readers)
    if post.hashtags:
        await set_hashtags(uow, stored.id, post.hashtags, now=now)
    await count_reply(uow, stored.in_reply_to_id, visibility=stored.visibility, by=1)
    await count_author(uow, author, visibility=stored.visibility, published_at=min(stored.published_at, now))
    await adopt_orphans(uow, stored)
    await enter_remote_quote(uow, stored, post, now=now)
    await uow.record(PostPublished(stored.id, quiet=quiet))
    return stored


async def refresh_reported(uow: UnitOfWork, post_id: int, post: RemotePost) -> None:
    """Store how often its own server says a post was liked, boosted and answered, and where the answers are listed.

    `post` is the document as that server served or signed it: nobody else is asked for counts (COL-4, row 45).
    """
    await uow.write(
        update(Post)
        .where(Post.id == post_id, Post.uri == post.id, Post.local.is_(False), Post.deleted_at.is_(None))
        .values(**_reported(post))
        .execution_options(synchronize_session="fetch")
    )


async def edit_remote_post(
    uow: UnitOfWork,
    settings: Settings,
    stored: Post,
    post: RemotePost,
    *,
    mentions: Mapping[str, Account],
    now: datetime,
) -> bool:
    """Bring a stored post up to date (OBJ-11); return whether it reads differently now.

    Ignored: another post's document, a deleted post, an `updated` that is not newer than what is stored. Without
    `updated` only tags and custom emoji are refreshed, and its counts in any case.
    The visibility never changes (attack row 38).
    """
    current = await find_post(uow, stored.id)
    if current is None or current.deleted_at is not None or current.uri != post.id or current.boost_of_id:
        return False
    if current.local:
        return False
    await refresh_reported(uow, current.id, post)
    is_newer = post.updated is not None and post.updated > (current.edited_at or current.published_at)
    asks_anew = post.poll is not None and await refresh_remote_poll(
        uow, current.id, current.account_id, post.poll, is_newer=is_newer, now=now
    )
    author = await get_account(uow, current.account_id, include_gone=True)
    await refresh_remote_quote(uow, current, post, is_newer=is_newer, now=now)
    if post.updated is None or is_newer:
        current.interaction_policy = _wishes(author, post)["interaction_policy"]
    if post.updated is None:
        current.emojis = await learned_references(uow, host_of(post.id), post.emojis, now=now)
        await uow.flush()
        await set_hashtags(uow, current.id, post.hashtags, now=now)
        return False
    if not is_newer:
        return False
    words = _words(post, settings)
    words["emojis"] = await learned_references(uow, host_of(post.id), post.emojis, now=now)
    media = await list_media(uow, current.id)
    past = PostEdit(
        id=new_id(),
        post_id=current.id,
        content=current.content,
        spoiler_text=current.spoiler_text,
        sensitive=current.sensitive,
        emojis=list(current.emojis),
        media=[{"id": str(item.id), "description": item.description} for item in media],
        created_at=current.edited_at or current.published_at,
    )
    changed = any(getattr(current, name) != value for name, value in words.items())
    for name, value in words.items():
        setattr(current, name, value)
    media_changed = await set_remote_media(uow, current.account_id, current.id, post.attachments, now=now)
    await replace_mentions(uow, current.id, _readers(author, post, mentions, None))
    await set_hashtags(uow, current.id, post.hashtags, now=now)
    if changed or media_changed or asks_anew:
        # never in the future, or a wrong clock there would shut out every later edit
        current.edited_at = max(min(post.updated, now), current.edited_at or current.published_at)
        uow.add(past)
        await uow.flush()
        await uow.record(PostEdited(current.id))
    return changed or media_changed or asks_anew


async def store_remote_boost(
    uow: UnitOfWork,
    author: Account,
    boosted: Post,
    *,
    uri: str,
    published: datetime | None,
    now: datetime,
    visibility: str = "public",
    quiet: bool = False,
    sorted_at: datetime | None = None,
) -> Post | None:
    """Store a boost once and return it; None when it was undone before or nobody may boost that (AUD-4, row 53)."""
    if boosted.boost_of_id is not None or boosted.deleted_at is not None:
        return None
    if not may_boost(visibility=boosted.visibility, is_author=boosted.account_id == author.id):
        return None
    known = await find_post_by_uri(uow, uri)
    if known is not None:
        if known.deleted_at is not None or known.account_id != author.id:
            return None
        await _tell_after_all(uow, known, quiet=quiet)
        return known
    moment = sorted_at or published
    boost_id = id_at(moment, after=boosted.id) if moment else new_id()
    wanted = visibility if visibility in {"public", "unlisted", "followers"} else "followers"
    values = {
        "id": boost_id,
        "uri": uri,
        "account_id": author.id,
        "local": False,
        "visibility": narrower(wanted, boosted.visibility),
        "boost_of_id": boosted.id,
        "thread_id": boost_id,
        "published_at": max(published or now, EPOCH),
        "created_at": now,
        "fetched": quiet,
    }
    if await insert_if_absent(uow, Post, values):
        await count_on_post(uow, boosted.id, "boosts_count", 1)
        await count_author(uow, author, visibility=boosted.visibility, published_at=min(published or now, now))
        await uow.record(PostPublished(boost_id, quiet=quiet))
        return await find_boost(uow, author.id, boosted.id)
    earlier = await find_boost(uow, author.id, boosted.id)
    if earlier is None and await find_post_by_uri(uow, uri) is None:
        raise Unavailable(ID_TAKEN)
    return earlier


async def _stored_before(
    uow: UnitOfWork, author: Account, post: RemotePost, readers: Mapping[int, bool], *, quiet: bool
) -> Post | None:
    """Answer a repeated delivery: it may bring a further reader, and is news if we had only fetched the post."""
    known = await find_post_by_uri(uow, post.id)
    if known is None:
        raise Unavailable(ID_TAKEN)
    if known.deleted_at is not None or known.account_id != author.id:
        return None
    await add_mentions(uow, known.id, dict.fromkeys(readers, True))
    await _tell_after_all(uow, known, quiet=quiet)
    return known


async def _tell_after_all(uow: UnitOfWork, known: Post, *, quiet: bool) -> None:
    """Let what we had fetched be the news it is, now that it is delivered; once (INB-9, INB-10)."""
    if quiet or not known.fetched:
        return
    is_first = await uow.write(
        update(Post)
        .where(Post.id == known.id, Post.fetched.is_(True))
        .values(fetched=False)
        .execution_options(synchronize_session="fetch")
    )
    if is_first:
        await uow.record(PostPublished(known.id))


async def _known_parent(reader: Reader, post: RemotePost) -> Post | None:
    uri = _parent_uri(post)
    parent = await find_post_by_uri(reader, uri) if uri else None
    if parent is not None and parent.boost_of_id is not None:
        parent = await find_post(reader, parent.boost_of_id)
    return None if parent is None or parent.local_only else parent


def _parent_uri(post: RemotePost) -> str | None:
    return post.in_reply_to if post.in_reply_to != post.id else None


def _readers(
    author: Account, post: RemotePost, mentions: Mapping[str, Account], delivered_to: int | None
) -> dict[int, bool]:
    """Return who may read the post by name, and whether silently.

    Named and notified is whoever is tagged *and* addressed, or tagged and the owner of the inbox (OBJ-4). A
    direct post without any tag speaks to all its addressees (Lemmy's private messages). Being tagged without
    being addressed opens nothing.
    """
    tagged = {tag.href for tag in post.mentions if tag.href} | {tag.name for tag in post.mentions}
    addressed = {*post.to, *post.cc}
    untagged_direct = post.visibility == "direct" and not post.mentions
    readers: dict[int, bool] = {}
    for key, account in mentions.items():
        is_addressed = account.uri in addressed or account.id == delivered_to
        if account.id == author.id or not (is_addressed or post.visibility in OPEN_VISIBILITIES):
            continue
        silent = not (is_addressed and (key in tagged or account.uri in tagged or untagged_direct))
        readers[account.id] = readers.get(account.id, True) and silent
    if delivered_to is not None and delivered_to != author.id and post.visibility not in OPEN_VISIBILITIES:
        readers.setdefault(delivered_to, True)
    return readers


def _wishes(author: Account, post: RemotePost) -> dict[str, Any]:
    """Return who may do what with the post (OBJ-16)."""
    policy = policy_words(
        post.interaction_policy,
        author_uri=author.uri,
        followers_url=author.followers_url,
        following_url=author.following_url,
    )
    return {"interaction_policy": policy}


def _reported(post: RemotePost) -> dict[str, Any]:
    """Return the columns that only the post's own server can fill; what it does not say now, it may have before."""
    told = {
        "reported_replies": post.replies_count,
        "reported_boosts": post.shares_count,
        "reported_likes": post.likes_count,
    }
    values: dict[str, Any] = {name: count for name, count in told.items() if count is not None}
    listed_at_home = post.replies_uri is not None and same_origin(post.replies_uri, post.id)
    return values | {"replies_uri": post.replies_uri if listed_at_home else ""}


def _words(post: RemotePost, settings: Settings) -> dict[str, Any]:
    """Return the columns that an edit replaces, sanitised."""
    if post.content_is_markdown:
        content = render_markdown(post.content_html, settings=settings)
    else:
        content = clean_html(post.content_html)
    if post.event is not None:
        content = _event_line(post.event) + content
    if post.type in TITLED_TYPES:
        for link in dict.fromkeys(escape(url) for url in (post.link, post.url) if url):
            content += clean_html(f'<p><a href="{link}">{link}</a></p>')
    spoiler = clean_text(post.summary or "")[:MAX_WARNING]
    return {
        "content": content,
        "title": clean_text(post.title or "")[:MAX_NAME],
        "spoiler_text": " ".join(spoiler.split()),
        "sensitive": post.sensitive or bool(spoiler),
        "language": post.language if post.language and len(post.language) <= 16 else None,
    }


def _event_line(event: RemoteEvent) -> str:
    """Return when and where as the first line of an event's text (OBJ-8)."""
    when = [f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (event.starts_at, event.ends_at) if moment is not None]
    said = " · ".join(part for part in (" – ".join(when), event.place) if part)
    return clean_html(f"<p>{escape(said)}</p>") if said else ""
