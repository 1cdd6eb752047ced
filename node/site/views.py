"""The node in Mastodon's shapes: `/api/v1/instance` and `/api/v2/instance` (client-api behaviours 12 and 13)."""

from typing import Any

from node.base.runtime import VERSION
from node.base.settings import Settings
from node.media.images import ACCEPTED_TYPES, MAX_PIXELS
from node.media.rules import MAX_DESCRIPTION
from node.polls.rules import MAX_OPTION_LENGTH, MAX_OPTIONS, MAX_SECONDS, MIN_SECONDS
from node.posts.drafts import MAX_MEDIA
from node.posts.featured_tags import MAX_FEATURED_TAGS
from node.posts.pins import MAX_PINS
from node.site.service import SiteFacts
from node.text.writing import URL_LENGTH
from node.uris import static_url

API_LEVEL = "4.5.0"
"""The Mastodon release whose API we speak. Three numeric parts at the start: apps parse exactly that."""
API_VERSION = 1
"""`api_versions.mastodon`. 2 would promise grouped notifications, which are not built: apps would call them."""


def version_word() -> str:
    """Return `4.5.0 (compatible; Rookery 0.1.0)`."""
    return f"{API_LEVEL} (compatible; Rookery {VERSION})"


def streaming_url(settings: Settings) -> str:
    """Return the WebSocket origin: always the API's own host (client-api behaviour 21)."""
    return settings.public_url.replace("http", "ws", 1)


def configuration_view(settings: Settings) -> dict[str, Any]:
    """Return the limits apps must keep to."""
    return {
        "accounts": {"max_featured_tags": MAX_FEATURED_TAGS, "max_pinned_statuses": MAX_PINS},
        "statuses": {
            "max_characters": settings.max_post_length,
            "max_media_attachments": MAX_MEDIA,
            "characters_reserved_per_url": URL_LENGTH,
        },
        "media_attachments": {
            "description_limit": MAX_DESCRIPTION,
            "supported_mime_types": list(ACCEPTED_TYPES),
            "image_size_limit": settings.max_media_bytes,
            "image_matrix_limit": MAX_PIXELS,
            "video_size_limit": 0,
            "video_frame_rate_limit": 0,
            "video_matrix_limit": 0,
        },
        "polls": {
            "max_options": MAX_OPTIONS,
            "max_characters_per_option": MAX_OPTION_LENGTH,
            "min_expiration": MIN_SECONDS,
            "max_expiration": MAX_SECONDS,
        },
    }


def instance_v2_view(settings: Settings, facts: SiteFacts) -> dict[str, Any]:
    """Return the Instance entity of version 2."""
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
                "privacy_policy": None,
                "terms_of_service": None,
            },
            "vapid": {"public_key": ""},
            **configuration_view(settings),
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
        "rules": [],
    }


def instance_v1_view(settings: Settings, facts: SiteFacts) -> dict[str, Any]:
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
        "rules": [],
    }
