"""Publishing, editing and withdrawing posts of our own people, and withdrawing anybody's.

Called by the doors (API, pages) and, for `withdraw`, by the inbox and by the deletion of accounts. Posts of
other servers come in through `posts/remote`; boosts and likes have their own modules. Every function works in
the caller's transaction and records the event that the outbox acts on.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select, update

from node.accounts.models import Account
from node.accounts.queries import get_account
from node.base.db.pieces import PIECE
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Invalid, NotFound
from node.base.ids import new_id
from node.base.settings import Settings
from node.emojis.service import local_references
from node.events import PostDeleted, PostEdited, PostPublished
from node.media.attaching import attach_media, change_media, detach_media, discard_post_media
from node.media.models import Media
from node.media.queries import list_attachable, list_media
from node.polls.queries import find_poll_version, list_titles
from node.polls.rules import PollDraft
from node.polls.service import change_poll, create_poll
from node.posts.addressing import add_mentions, replace_mentions
from node.posts.consent import ask, need_for
from node.posts.consent_rules import QUOTE_POLICIES
from node.posts.counters import count_author, count_on_post, count_reply, uncount_authors
from node.posts.drafts import Draft, check_draft, check_media
from node.posts.hashtags import add_hashtags, set_hashtags
from node.posts.idempotency import KeyUsed, claim_key
from node.posts.models import Pin, Post, PostEdit, PostHashtag
from node.posts.queries import (
    find_post,
    get_visible_post,
    list_addressed_groups,
)
from node.posts.quotes import QuotePlan, enter_quote, plan_quote, uncount_quote, visibility_with_quote
from node.posts.rules import OPEN_VISIBILITIES
from node.posts.threads import place_under
from node.text.writing import MentionTarget, RenderedText, render_text
from node.uris import context_uri, post_uri, post_url

__all__ = ["Draft", "edit", "publish", "withdraw"]

ASKING: Final = "Local only is not possible here: an author on another server has to be asked first"


async def publish(
    uow: UnitOfWork,
    settings: Settings,
    author: Account,
    draft: Draft,
    *,
    mentions: Mapping[str, Account],
    now: datetime,
    idempotency_key: str | None = None,
    scheduled_id: int | None = None,
) -> Post:
    """Publish a post. `mentions` maps handles of the text (`FoundHandle.key`) to accounts.

    The same key of the same author within an hour returns the first post, also when both come at once
    (client-api 8); KeyUsed when the key made something else. `scheduled_id`: the scheduled post whose media these
    are. Raises Invalid with fields; NotFound when the post replied to is not for this author.
    """
    post_id = new_id()
    if idempotency_key:
        earlier_id = await claim_key(uow, author.id, idempotency_key, post_id, now)
        if earlier_id is not None:
            earlier = await find_post(uow, earlier_id)
            if earlier is None:
                raise KeyUsed(earlier_id)
            return earlier
    draft = check_draft(draft, settings)
    parent = await _parent_of(uow, draft, author)
    media = await list_attachable(uow, author.id, draft.media_ids, scheduled_id=scheduled_id)
    check_media(draft.media_ids, media)
    rendered = _rendered(draft.text, mentions, settings)
    addressed = _addressed(author, rendered, mentions, parent, await _groups_of(uow, parent))
    visibility = draft.visibility or (parent.visibility if parent else "public")
    quote = await _quote_of(uow, author, draft, visibility, addressed)
    if quote is not None:
        visibility = visibility_with_quote(visibility, quote.quoted)
    must_ask = parent is not None and await need_for(uow, "reply", author, parent)
    local_only = draft.local_only or _stays_here(parent) or (quote is not None and quote.quoted.local_only)
    if local_only and (must_ask or (quote is not None and quote.state == "pending" and not quote.author.is_local)):
        raise Invalid(fields={"local_only": [ASKING]})
    place = place_under(parent, post_id=post_id)
    post = Post(
        id=post_id,
        uri=post_uri(settings, author.id, post_id),
        url=post_url(settings, author.username, post_id),
        account_id=author.id,
        local=True,
        kind="Question" if draft.poll else "Note",
        visibility="direct" if must_ask else visibility,
        text=draft.text,
        content=rendered.html,
        spoiler_text=draft.spoiler_text,
        local_only=local_only,
        sensitive=draft.sensitive or (author.sensitised_at is not None and bool(media)),
        language=draft.language,
        emojis=await local_references(
            uow, (draft.text, draft.spoiler_text, *(draft.poll.options if draft.poll else ()))
        ),
        in_reply_to_id=place.in_reply_to_id,
        in_reply_to_account_id=place.in_reply_to_account_id,
        thread_id=place.thread_id,
        # OBJ-17: our own collection where we own the root, else what the root's server calls it
        context_uri=parent.context_uri if parent else context_uri(settings, post_id),
        application_id=draft.application_id,
        quoted_id=quote.quoted.id if quote else None,
        quoted_uri=quote.quoted.uri if quote else None,
        quote_state=quote.state if quote else "",
        interaction_policy=QUOTE_POLICIES[draft.quote_policy] if draft.quote_policy else {},
        published_at=now,
        created_at=now,
    )
    await uow.insert(post)
    if draft.poll is not None:
        await create_poll(uow, post.id, author.id, draft.poll, now=now)
    await attach_media(uow, post.id, draft.media_ids)
    await change_media(uow, author.id, draft.media_changes)
    await add_mentions(uow, post.id, addressed)
    await add_hashtags(uow, post.id, rendered.hashtags, now=now)
    await count_reply(uow, post.in_reply_to_id, visibility=post.visibility, by=1, ours=True, local_only=local_only)
    await count_author(uow, author, visibility=post.visibility, published_at=now)
    if quote is not None:
        await enter_quote(uow, settings, post, quote, now=now)
    if must_ask and parent is not None:
        await ask(
            uow, "reply", author, parent,
            subject_id=post.id, subject_uri=post.uri, wanted_visibility=visibility, now=now,
        )  # fmt: skip
    else:
        await uow.record(PostPublished(post.id))
    return post


async def _quote_of(
    reader: Reader, author: Account, draft: Draft, visibility: str, addressed: Mapping[int, bool]
) -> QuotePlan | None:
    if draft.quoted_id is None:
        return None
    return await plan_quote(reader, author, draft.quoted_id, visibility=visibility, mentioned_ids=addressed)


async def edit(
    uow: UnitOfWork,
    settings: Settings,
    post: Post,
    draft: Draft,
    *,
    mentions: Mapping[str, Account],
    now: datetime,
) -> Post:
    """Change a post's text, warning, language and media; visibility and place in the thread stay.

    What it said before goes into its history. Nothing changed: nothing happens. The door has made sure that it is
    the author who asks (`queries.get_own_post`). Raises NotFound unless it is ours and stands, Invalid with fields.
    """
    stored = await find_post(uow, post.id)
    if stored is None or not stored.local or stored.deleted_at is not None or stored.boost_of_id is not None:
        raise NotFound()
    author = await get_account(uow, stored.account_id)
    has_poll = await find_poll_version(uow, stored.id) is not None
    draft = check_draft(draft, settings, editing=has_poll)
    before = await list_media(uow, stored.id)
    attached = {item.id: item for item in before}
    media = attached | await list_attachable(uow, author.id, draft.media_ids)
    check_media(draft.media_ids, media)
    rendered = _rendered(draft.text, mentions, settings)
    past = _version_of(stored, before)
    poll_changed = draft.poll is not None and await _put_poll(uow, stored, draft.poll, has_poll=has_poll, now=now)
    if not poll_changed and not _differs(stored, before, draft, rendered.html):
        return stored
    uow.add(past)
    stored.text, stored.content = draft.text, rendered.html
    stored.spoiler_text, stored.sensitive = draft.spoiler_text, draft.sensitive
    stored.language = draft.language or stored.language
    options = await list_titles(uow, stored.id) if stored.kind == "Question" else ()
    stored.emojis = await local_references(uow, (draft.text, draft.spoiler_text, *options))
    stored.edited_at = max(now, (stored.edited_at or stored.published_at) + timedelta(seconds=1))
    await uow.flush()
    await detach_media(uow, [item.id for item in before if item.id not in draft.media_ids])
    await attach_media(uow, stored.id, draft.media_ids)
    await change_media(uow, author.id, [change for change in draft.media_changes if change.media_id in draft.media_ids])
    parent = await find_post(uow, stored.in_reply_to_id) if stored.in_reply_to_id else None
    await replace_mentions(
        uow, stored.id, _addressed(author, rendered, mentions, parent, await _groups_of(uow, parent))
    )
    await set_hashtags(uow, stored.id, rendered.hashtags, now=now)
    await uow.record(PostEdited(stored.id))
    return stored


async def _put_poll(uow: UnitOfWork, post: Post, poll: PollDraft, *, has_poll: bool, now: datetime) -> bool:
    if has_poll:
        return await change_poll(uow, post.id, poll, now=now)
    post.kind = "Question"
    await create_poll(uow, post.id, post.account_id, poll, now=now)
    return True


async def withdraw(uow: UnitOfWork, post: Post, *, now: datetime, keep_media: bool = False) -> bool:
    """Take back a post or boost, ours or remote; return whether it still stood.

    The row stays as a tombstone, and so do its mentions. Its words, history, media, hashtags and pin go now; its likes
    stay until the effects of PostDeleted have read them (who once had it must hear of its end), which then take them
    away piece by piece, and its boosts and bookmarks with them. `keep_media` gives the pictures of a local post back
    to their owner's uploads, for delete-and-redraft.
    """
    words: dict[str, Any] = {"text": "", "content": "", "title": "", "spoiler_text": "", "emojis": []}
    counts = {"likes_count": 0, "boosts_count": 0, "quotes_count": 0, "reactions_count": 0}
    gone = await uow.write(
        update(Post)
        .where(Post.id == post.id, Post.deleted_at.is_(None))
        .values(deleted_at=now, **words, **counts)
        .execution_options(synchronize_session="fetch")
    )
    if not gone:
        return False
    if post.boost_of_id is not None:
        if post.visibility != "direct":  # one that waited for its author's leave was never counted
            await count_on_post(uow, post.boost_of_id, "boosts_count", -1, ours=post.local)
    else:
        await uncount_quote(uow, post)
        await count_reply(
            uow, post.in_reply_to_id,
            visibility=post.visibility, by=-1, ours=post.local, local_only=post.local_only,
        )  # fmt: skip
        for table in (Pin, PostHashtag, PostEdit):
            await uow.write(delete(table).where(table.post_id == post.id).execution_options(synchronize_session=False))
        await discard_post_media(uow, post.id, keep=keep_media and post.local, now=now)
    if post.visibility != "direct":
        await uncount_authors(uow, [post.account_id])
    await uow.record(PostDeleted(post.id))
    return True


async def withdraw_boosts(uow: UnitOfWork, post_id: int, *, after_id: int = 0, now: datetime) -> list[int]:
    """Take back some of the boosts of a deleted post, those after `after_id`, and return them: `PIECE` where there may
    be more.

    No event for each: the boosters' servers hear of the post's own end, and a boost of nothing is not shown.
    """
    standing = select(Post.id).where(Post.boost_of_id == post_id, Post.id > after_id, Post.deleted_at.is_(None))
    result = await uow.execute(
        update(Post)
        .where(Post.id.in_(standing.order_by(Post.id).limit(PIECE)))
        .values(deleted_at=now)
        .returning(Post.id, Post.account_id)
        .execution_options(synchronize_session=False)
    )
    boosts = [tuple(row) for row in result]
    await uncount_authors(uow, [author_id for _, author_id in boosts])
    return [id_ for id_, _ in boosts]


def _stays_here(post: Post | None) -> bool:
    """Whether what answers a post may not leave this server (row 107)."""
    return post is not None and post.local_only


async def _parent_of(reader: Reader, draft: Draft, author: Account) -> Post | None:
    if draft.in_reply_to_id is None:
        return None
    parent = await get_visible_post(reader, draft.in_reply_to_id, author.id)
    if parent.boost_of_id is not None:  # a reply to a boost is a reply to what was boosted
        parent = await get_visible_post(reader, parent.boost_of_id, author.id)
    return parent


def _rendered(text: str, mentions: Mapping[str, Account], settings: Settings) -> RenderedText:
    targets = {
        key: MentionTarget(account.url or account.uri, account.username)
        for key, account in mentions.items()
        if not account.is_gone
    }
    return render_text(text, mentions=targets, settings=settings)


async def _groups_of(reader: Reader, parent: Post | None) -> list[int]:
    """Return the communities that an open post was sent to."""
    if parent is None or parent.visibility not in OPEN_VISIBILITIES:
        return []
    return await list_addressed_groups(reader, parent.id)


def _addressed(
    author: Account,
    rendered: RenderedText,
    mentions: Mapping[str, Account],
    parent: Post | None,
    groups: Collection[int],
) -> dict[int, bool]:
    """Return who is mentioned: those named in the text, the author who is answered (OBJ-4), and the communities that
    what is answered was sent to (QRK, Lemmy)."""
    by_key = {key: account.id for key, account in mentions.items()}
    bare = {key.partition("@")[0]: account.id for key, account in mentions.items() if account.is_local}
    found = [by_key.get(key, bare.get(key.partition("@")[0], 0)) for key in rendered.handles]
    if parent is not None:
        found += [parent.account_id, *groups]
    return {account_id: False for account_id in found if account_id not in (0, author.id)}


def _version_of(post: Post, media: Sequence[Media]) -> PostEdit:
    return PostEdit(
        id=new_id(),
        post_id=post.id,
        content=post.content,
        text=post.text,
        spoiler_text=post.spoiler_text,
        sensitive=post.sensitive,
        emojis=list(post.emojis),
        media=[{"id": str(item.id), "description": item.description} for item in media],
        created_at=post.edited_at or post.published_at,
    )


def _differs(post: Post, media: Sequence[Media], draft: Draft, html: str) -> bool:
    described = {item.id: item for item in media}
    return (
        (post.text, post.content, post.spoiler_text, post.sensitive)
        != (draft.text, html, draft.spoiler_text, draft.sensitive)
        or (draft.language is not None and draft.language != post.language)
        or [item.id for item in media] != list(draft.media_ids)
        or any(
            change.thumbnail is not None
            or (change.description is not None and change.description != described[change.media_id].description)
            or (
                change.focus is not None
                and change.focus != (described[change.media_id].focus_x, described[change.media_id].focus_y)
            )
            for change in draft.media_changes
            if change.media_id in described
        )
    )
