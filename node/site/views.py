"""The node in Mastodon's shapes: `/api/v1/instance` and `/api/v2/instance` (client-api behaviours 12 and 13)."""

from collections.abc import Collection, Sequence
from typing import Any

from node.accounts.rules import (
    MAX_DISPLAY_NAME,
    MAX_FIELD_NAME,
    MAX_FIELD_VALUE,
    MAX_FIELDS,
    MAX_NOTE,
    MAX_PICTURE_DESCRIPTION,
)
from node.base.runtime import VERSION
from node.base.settings import Settings
from node.media.films import ACCEPTED_AUDIO, ACCEPTED_VIDEO, VIDEO_MATRIX, VIDEO_RATE, has_engine
from node.media.images import ACCEPTED_TYPES, MAX_PIXELS
from node.media.rules import MAX_DESCRIPTION
from node.polls.rules import MAX_OPTION_LENGTH, MAX_OPTIONS, MAX_SECONDS, MIN_SECONDS
from node.posts.drafts import MAX_MEDIA
from node.posts.featured_tags import MAX_FEATURED_TAGS
from node.posts.pins import MAX_PINS
from node.posts.views import time_word
from node.site.models import SitePage, SiteRule
from node.site.service import SiteFacts, Week
from node.text.markdown import render_markdown
from node.text.writing import URL_LENGTH
from node.uris import static_url

FILM_TYPES = (*ACCEPTED_VIDEO, *ACCEPTED_AUDIO)
API_LEVEL = "4.5.0"
"""The Mastodon release whose API we speak. Three numeric parts at the start: apps parse exactly that."""
API_VERSION = 9
"""`api_versions.mastodon`, by which apps know what to call: grouped notifications (2), filters that blur (5), quotes
(7), the profile by itself (9). 10 would promise collections, which are not built."""


def version_word() -> str:
    """Return `4.5.0 (compatible; Rookery 0.1.0)`."""
    return f"{API_LEVEL} (compatible; Rookery {VERSION})"


def streaming_url(settings: Settings) -> str:
    """Return the WebSocket origin: always the API's own host (client-api behaviour 21)."""
    return settings.public_url.replace("http", "ws", 1)


def configuration_view(settings: Settings) -> dict[str, Any]:
    """Return the limits apps must keep to."""
    return {
        "accounts": {
            "max_featured_tags": MAX_FEATURED_TAGS,
            "max_pinned_statuses": MAX_PINS,
            "max_display_name_length": MAX_DISPLAY_NAME,
            "max_note_length": MAX_NOTE,
            "max_avatar_description_length": MAX_PICTURE_DESCRIPTION,
            "max_header_description_length": MAX_PICTURE_DESCRIPTION,
            "max_profile_fields": MAX_FIELDS,
            "profile_field_name_limit": MAX_FIELD_NAME,
            "profile_field_value_limit": MAX_FIELD_VALUE,
        },
        "statuses": {
            "max_characters": settings.max_post_length,
            "max_media_attachments": MAX_MEDIA,
            "characters_reserved_per_url": URL_LENGTH,
        },
        "media_attachments": {
            "description_limit": MAX_DESCRIPTION,
            "supported_mime_types": [*ACCEPTED_TYPES, *(FILM_TYPES if has_engine() else ())],
            "image_size_limit": settings.max_media_bytes,
            "image_matrix_limit": MAX_PIXELS,
            "video_size_limit": settings.max_video_bytes if has_engine() else 0,
            "video_frame_rate_limit": VIDEO_RATE if has_engine() else 0,
            "video_matrix_limit": VIDEO_MATRIX if has_engine() else 0,
        },
        "polls": {
            "max_options": MAX_OPTIONS,
            "max_characters_per_option": MAX_OPTION_LENGTH,
            "min_expiration": MIN_SECONDS,
            "max_expiration": MAX_SECONDS,
        },
    }


def rule_views(rules: Sequence[SiteRule]) -> list[dict[str, Any]]:
    """Return Rules."""
    return [{"id": str(rule.id), "text": rule.text, "hint": rule.hint, "translations": {}} for rule in rules]


def page_view(page: SitePage, *, settings: Settings) -> dict[str, Any]:
    """Return one of the longer texts, as ExtendedDescription and PrivacyPolicy are."""
    return {"updated_at": time_word(page.updated_at), "content": render_markdown(page.text, settings=settings)}


def terms_view(page: SitePage, *, settings: Settings) -> dict[str, Any]:
    """Return the TermsOfService that are in force."""
    return {
        "effective_date": f"{page.updated_at:%Y-%m-%d}",
        "effective": True,
        "content": render_markdown(page.text, settings=settings),
        "succeeded_by": None,
    }


def week_view(week: Week) -> dict[str, str]:
    """Return a week of the node's activity: numbers are text here."""
    return {
        "week": str(int(week.start.timestamp())),
        "statuses": str(week.posts),
        "logins": str(week.people),
        "registrations": str(week.sign_ups),
    }


def instance_v2_view(
    settings: Settings, facts: SiteFacts, *, rules: Sequence[SiteRule] = (), pages: Collection[str] = ()
) -> dict[str, Any]:
    """Return the Instance entity of version 2. `pages` are the longer texts that are written."""
    thumbnail = static_url(settings, "images/logo.png")
    return {
        "domain": settings.domain,
        "title": settings.site_name,
        "version": version_word(),
        "source_url": settings.public_url + "/about",
        "description": settings.site_description,
        "usage": {"users": {"active_month": facts.active_month}},
        "thumbnail": {"url": thumbnail, "blurhash": None, "description": "", "versions": {"@1x": thumbnail}},
        "icon": [{"src": thumbnail, "size": "192x192"}],
        "languages": ["en"],
        "configuration": {
            "urls": {
                "streaming": streaming_url(settings),
                "status": None,
                "about": settings.public_url + "/about",
                "privacy_policy": settings.public_url + "/privacy",
                "terms_of_service": settings.public_url + "/terms" if "terms" in pages else None,
            },
            "vapid": {"public_key": facts.push_key},
            **configuration_view(settings),
            "timelines_access": {
                "live_feeds": {"local": "public", "remote": "public"},
                "hashtag_feeds": {"local": "public", "remote": "public"},
                "trending_link_feeds": {"local": "disabled", "remote": "disabled"},
            },
            "translation": {"enabled": False},
            "limited_federation": settings.fetch_mode == "allowlist",
        },
        "registrations": {
            "enabled": settings.registrations in ("open", "approval"),
            "approval_required": settings.registrations == "approval",
            "reason_required": settings.registrations == "approval",
            "message": None,
            "min_age": None,
            "url": settings.public_url + "/auth/sign_up",
        },
        "api_versions": {"mastodon": API_VERSION},
        "contact": {"email": settings.contact_email or "", "account": facts.contact},
        "rules": rule_views(rules),
    }


def instance_v1_view(settings: Settings, facts: SiteFacts, *, rules: Sequence[SiteRule] = ()) -> dict[str, Any]:
    """Return the Instance entity of version 1."""
    return {
        "uri": settings.domain,
        "title": settings.site_name,
        "short_description": settings.site_description,
        "description": settings.site_description,
        "email": settings.contact_email or "",
        "version": version_word(),
        "urls": {"streaming_api": streaming_url(settings)},
        "stats": {"user_count": facts.people, "status_count": facts.posts, "domain_count": facts.peers},
        "thumbnail": static_url(settings, "images/logo.png"),
        "languages": ["en"],
        "registrations": settings.registrations in ("open", "approval"),
        "approval_required": settings.registrations == "approval",
        "invites_enabled": settings.registrations == "invite",
        "configuration": configuration_view(settings),
        "contact_account": facts.contact,
        "rules": rule_views(rules),
    }
