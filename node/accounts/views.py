"""Accounts in the shapes of Mastodon's API: plain dicts, made from rows. Every key is always there (client-api 11).

Pictures are always ours: a remote actor's stand behind `/media/remote/...`, so that no page or app of ours makes
somebody's browser call a third party.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from node.accounts.models import Account
from node.accounts.text import field_views, note_html
from node.base.settings import Settings
from node.emojis.views import emoji_views
from node.uris import media_url, missing_picture_url, profile_url, remote_picture_url

_ROLES: dict[str, dict[str, Any]] = {
    "user": {"id": "-99", "name": "", "permissions": "65536", "color": "", "highlighted": False},
    "moderator": {"id": "1", "name": "Moderator", "permissions": "1308", "color": "", "highlighted": True},
    "admin": {"id": "3", "name": "Admin", "permissions": "1", "color": "", "highlighted": True},
}


class Person(Protocol):
    """What of a `node.auth` User the own profile shows."""

    @property
    def role(self) -> str: ...
    @property
    def default_visibility(self) -> str: ...
    @property
    def default_sensitive(self) -> bool: ...
    @property
    def default_language(self) -> str | None: ...
    @property
    def default_quote_policy(self) -> str: ...


def account_view(account: Account, *, settings: Settings, moved_to: Account | None = None) -> dict[str, Any]:
    """Return an Account. One that is gone keeps its handle and shows nothing else of the person (ACT-4).

    `moved_to` is where it has moved, for the answers that are about this one account (MOV-2).
    """
    gone = account.is_gone
    avatar = picture_url(account, "avatar", settings=settings)
    header = picture_url(account, "header", settings=settings)
    view: dict[str, Any] = {
        "id": str(account.id),
        "username": account.username,
        "acct": account.acct,
        "display_name": "" if gone else account.display_name,
        "locked": account.locked,
        "bot": account.bot,
        "discoverable": account.discoverable and not gone,
        "indexable": account.indexable and not gone,
        "noindex": gone or not account.indexable,
        "hide_collections": account.hide_collections,
        "group": account.actor_type == "Group",
        "created_at": f"{account.created_at.astimezone(UTC):%Y-%m-%d}T00:00:00.000Z",
        "note": "" if gone else note_html(account, settings=settings),
        "url": page_url(account, settings=settings),
        "uri": account.uri,
        "avatar": avatar,
        "avatar_static": avatar,
        "header": header,
        "header_static": header,
        "avatar_description": "" if gone else account.avatar_description,
        "header_description": "" if gone else account.header_description,
        "show_media": account.show_media,
        "show_media_replies": account.show_media_replies,
        "show_featured": account.show_featured,
        "followers_count": 0 if gone else account.followers_count,
        "following_count": 0 if gone else account.following_count,
        "statuses_count": 0 if gone else account.posts_count,
        "last_status_at": _day(None if gone else account.last_post_at),
        "emojis": [] if gone else emoji_views(account.emojis, settings=settings),
        "fields": [] if gone else field_views(account, settings=settings),
        "roles": [],
    }
    if account.memorial:
        view["memorial"] = True
    if gone:
        view["suspended"] = True
    if account.silenced_at is not None:
        view["limited"] = True
    if moved_to is not None and not gone:
        view["moved"] = account_view(moved_to, settings=settings)
    return view


def credential_account_view(
    account: Account,
    user: Person,
    *,
    settings: Settings,
    follow_requests_count: int = 0,
    moved_to: Account | None = None,
) -> dict[str, Any]:
    """Return a CredentialAccount: the account with what only its owner may know."""
    return account_view(account, settings=settings, moved_to=moved_to) | {
        "source": {
            "privacy": "private" if user.default_visibility == "followers" else user.default_visibility,
            "sensitive": user.default_sensitive,
            "language": user.default_language or "",
            "quote_policy": user.default_quote_policy,
            "note": account.note,
            "fields": [
                {
                    "name": field.get("name", ""),
                    "value": field.get("value", ""),
                    "verified_at": field.get("verified_at"),
                }
                for field in account.fields
            ],
            "follow_requests_count": follow_requests_count,
            "hide_collections": account.hide_collections,
            "discoverable": account.discoverable,
            "indexable": account.indexable,
            "attribution_domains": list(account.attribution_domains),
            "also_known_as": list(account.also_known_as),
        },
        "role": role_view(user.role),
    }


def role_view(role: str) -> dict[str, Any]:
    """Return a Role."""
    return dict(_ROLES.get(role, _ROLES["user"]))


def profile_view(
    account: Account, *, settings: Settings, featured_tags: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return a Profile: what its owner wrote, as they wrote it; a picture that is not set is null."""
    avatar = picture_url(account, "avatar", settings=settings) if account.avatar_key else None
    header = picture_url(account, "header", settings=settings) if account.header_key else None
    return {
        "id": str(account.id),
        "display_name": account.display_name,
        "note": account.note,
        "fields": [
            {"name": field.get("name", ""), "value": field.get("value", ""), "verified_at": field.get("verified_at")}
            for field in account.fields
        ],
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": account.avatar_description,
        "header": header,
        "header_static": header,
        "header_description": account.header_description,
        "locked": account.locked,
        "bot": account.bot,
        "hide_collections": account.hide_collections,
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "show_media": account.show_media,
        "show_media_replies": account.show_media_replies,
        "show_featured": account.show_featured,
        "attribution_domains": list(account.attribution_domains),
        "featured_tags": list(featured_tags),
    }


def page_url(account: Account, *, settings: Settings) -> str:
    """Return the account's page for browsers: ours by name, a remote one as its server says."""
    return profile_url(settings, account.username) if account.is_local else account.url or account.uri


def picture_url(account: Account, which: str, *, settings: Settings) -> str:
    """Return where the avatar or header is shown from. Without one: a default whose name ends in `missing.png`."""
    key = account.avatar_key if which == "avatar" else account.header_key
    remote = account.avatar_url if which == "avatar" else account.header_url
    if not account.is_gone:
        if key:
            return media_url(settings, key)
        if remote and not account.is_local:
            # the version makes a new address of a new picture, so caches may keep the old one
            return f"{remote_picture_url(settings, account.id, which)}?v={account.version}"
    return missing_picture_url(settings, which)


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d}"
