"""From rows to the facts that `federation.writing` writes documents from."""

import mimetypes
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from federation.writing import (
    ActorFacts,
    AttachmentFacts,
    EmojiFacts,
    HashtagFacts,
    InstanceActorFacts,
    MentionFacts,
    OptionFacts,
    PictureFacts,
    PollFacts,
    PostFacts,
    QuoteFacts,
)
from node.accounts.keys import PublishedKeys
from node.accounts.models import Account
from node.accounts.text import field_views, note_html
from node.base.settings import Settings
from node.emojis.models import Emoji
from node.media.models import Media
from node.polls.queries import PollState
from node.posts.consent_rules import policy_uris, quote_policy
from node.posts.rules import OPEN_VISIBILITIES
from node.uris import (
    actor_uri,
    authorization_uri,
    emoji_uri,
    featured_tags_uri,
    featured_uri,
    followers_uri,
    following_uri,
    inbox_uri,
    liked_uri,
    media_url,
    outbox_uri,
    profile_url,
    shared_inbox_uri,
    tag_url,
)
from outbox.queries import PostRows

SENT_MEDIA: Final = 4
"""Attachments in a document: Mastodon cuts what is more (OBJ-7)."""


def actor_facts(
    account: Account, *, settings: Settings, keys: PublishedKeys, emojis: Sequence[Emoji] = ()
) -> ActorFacts:
    """Return what a local account shows of itself; a suspended one shows nothing but that (MOD-1).

    `emojis` are those in its name, bio and fields.
    """
    id_ = account.id
    shown: dict[str, Any] = {"name": "", "summary_html": "", "suspended": True}
    if account.suspended_at is None:
        shown = {
            "name": account.display_name or account.username,
            "summary_html": note_html(account, settings=settings),
            "fields": tuple((view["name"], view["value"]) for view in field_views(account, settings=settings)),
            "icon": _picture(account.avatar_key, settings),
            "image": _picture(account.header_key, settings),
            "emojis": tuple(emoji_facts(emoji, settings=settings) for emoji in emojis),
            "discoverable": account.discoverable,
            "indexable": account.indexable,
            "memorial": account.memorial,
            "moved_to": account.moved_to_uri or None,
            "also_known_as": tuple(uri for uri in account.also_known_as if isinstance(uri, str)),
            "attribution_domains": tuple(name for name in account.attribution_domains if isinstance(name, str)),
        }
    return ActorFacts(
        id=actor_uri(settings, id_),
        type=account.actor_type,
        username=account.username,
        domain=settings.domain,
        url=profile_url(settings, account.username),
        inbox=inbox_uri(settings, id_),
        outbox=outbox_uri(settings, id_),
        followers=followers_uri(settings, id_),
        following=following_uri(settings, id_),
        shared_inbox=shared_inbox_uri(settings),
        liked=liked_uri(settings, id_),
        featured=featured_uri(settings, id_),
        featured_tags=featured_tags_uri(settings, id_),
        key_id=keys.key_id,
        public_key_pem=keys.public_pem,
        key_multibase=keys.multikey,
        published=account.created_at,
        locked=account.locked,
        **shown,
    )


def instance_actor_facts(account: Account, *, settings: Settings, keys: PublishedKeys) -> InstanceActorFacts:
    """Return the actor that stands for the node itself (DISC-8)."""
    return InstanceActorFacts(
        id=actor_uri(settings, account.id),
        host=account.username,
        domain=settings.domain,
        url=f"{settings.public_url}/about",
        inbox=inbox_uri(settings, account.id),
        outbox=outbox_uri(settings, account.id),
        shared_inbox=shared_inbox_uri(settings),
        followers=followers_uri(settings, account.id),
        following=following_uri(settings, account.id),
        key_id=keys.key_id,
        public_key_pem=keys.public_pem,
        key_multibase=keys.multikey,
    )


def post_facts(rows: PostRows, *, settings: Settings) -> PostFacts:
    """Return a local post as the wire sees it."""
    post = rows.post
    held_back = rows.reply is not None and rows.reply.state == "pending"
    visibility = rows.reply.wanted_visibility if rows.reply is not None and held_back else post.visibility
    policy = quote_policy(post.interaction_policy, visibility=visibility, is_local=True)
    groups = {
        "followers_url": followers_uri(settings, post.account_id),
        "following_url": following_uri(settings, post.account_id),
    }
    return PostFacts(
        id=post.uri,
        author_uri=actor_uri(settings, post.account_id),
        followers_uri=followers_uri(settings, post.account_id),
        url=post.url or post.uri,
        content_html=post.content,
        published=post.published_at,
        visibility=visibility,  # type: ignore[arg-type]
        updated=post.edited_at,
        in_reply_to=rows.parent_uri,
        summary=post.spoiler_text,
        sensitive=post.sensitive,
        language=post.language,
        source_text=post.text or None,
        context_uri=post.context_uri or None,
        audience_uri=_audience(rows),
        mentions=_mentions(rows, settings),
        hashtags=tuple(HashtagFacts(name=tag.display, url=tag_url(settings, tag.name)) for tag in rows.hashtags),
        emojis=tuple(emoji_facts(emoji, settings=settings) for emoji in rows.emojis),
        attachments=tuple(_attachment(media, settings) for media in rows.media[:SENT_MEDIA]),
        poll=None if rows.poll is None else _poll(rows.poll),
        likes_count=post.likes_count,
        shares_count=post.boosts_count,
        quote=_quote(rows, settings),
        may_quote=policy_uris(policy["automatic"], **groups),
        may_ask_to_quote=policy_uris(policy["manual"], **groups),
        reply_authorization=rows.reply.authorization_uri if rows.reply is not None and not held_back else "",
    )


def _quote(rows: PostRows, settings: Settings) -> QuoteFacts | None:
    quoted = rows.quoted
    if quoted is None:
        return None
    stamp = rows.stamp_uri
    if rows.own_stamp is not None:
        stamp = authorization_uri(settings, rows.own_stamp[0], "quote", rows.own_stamp[1])
    is_own = quoted.author_id == rows.post.account_id
    return QuoteFacts(
        uri=quoted.uri, url=quoted.url, author_uri="" if is_own else quoted.author_uri, authorization=stamp
    )


def _poll(poll: PollState) -> PollFacts:
    shows_counts = poll.closed_at is not None or not poll.hide_totals
    return PollFacts(
        options=tuple(OptionFacts(name=title, votes=votes if shows_counts else None) for title, votes in poll.options),
        multiple=poll.multiple,
        voters_count=poll.voters_count or 0,
        ends=poll.closes_at,
        closed=None if poll.closed_at is None else poll.closes_at or poll.closed_at,
    )


def emoji_facts(emoji: Emoji, *, settings: Settings) -> EmojiFacts:
    """Return a custom emoji as a tag shows it: ours, or another server's under its own id (OBJ-6)."""
    if emoji.is_local:
        return EmojiFacts(
            id=emoji_uri(settings, emoji.id),
            shortcode=emoji.shortcode,
            url=media_url(settings, emoji.storage_key),
            media_type=_type_of(emoji.storage_key),
            updated=emoji.updated_at,
        )
    return EmojiFacts(
        id=emoji.uri,
        shortcode=emoji.shortcode,
        url=emoji.image_url,
        media_type=_type_of(urlsplit(emoji.image_url).path),
        updated=emoji.updated_at,
    )


def _audience(rows: PostRows) -> str | None:
    """Return the community that an open post is sent to, the first of several."""
    if rows.post.visibility not in OPEN_VISIBILITIES:
        return None
    return next((account.uri for account in rows.mentioned if account.actor_type == "Group"), None)


def _mentions(rows: PostRows, settings: Settings) -> tuple[MentionFacts, ...]:
    """Return who is named; whom the post answers is among them, Mastodon tells its author by this alone (OBJ-4)."""
    return tuple(
        MentionFacts(uri=account.uri, acct=f"{account.username}@{account.domain or settings.domain}")
        for account in rows.mentioned
        if account.deleted_at is None
    )


def _attachment(media: Media, settings: Settings) -> AttachmentFacts:
    size = media.meta.get("original", media.meta) if isinstance(media.meta, dict) else {}
    focus = (media.focus_x, media.focus_y)
    moves = media.kind in {"video", "gifv", "audio"}
    seconds = size.get("duration") if moves else None
    return AttachmentFacts(
        url=media_url(settings, media.storage_key) if media.storage_key else media.remote_url,
        media_type=media.media_type,
        description=media.description,
        blurhash=media.blurhash or None,
        focus=focus if any(focus) else None,
        width=_whole(size.get("width")),
        height=_whole(size.get("height")),
        duration=float(seconds) if isinstance(seconds, int | float) else None,
        icon_url=media_url(settings, media.preview_key) if moves and media.preview_key else None,
        icon_type=_type_of(media.preview_key),
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _picture(storage_key: str, settings: Settings) -> PictureFacts | None:
    if not storage_key:
        return None
    return PictureFacts(url=media_url(settings, storage_key), media_type=_type_of(storage_key))


def _type_of(name: str) -> str:
    found = mimetypes.guess_type(name)[0] or ""
    return found if found.startswith("image/") else "image/png"
