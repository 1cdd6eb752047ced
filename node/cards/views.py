"""Link previews in the shape of Mastodon's API. No I/O.

Everything came from a stranger's page, so it is made plain once more on the way out (attack rows 77 to 79).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from federation.origins import host_of, is_http_uri
from node.base.settings import Settings
from node.cards.models import LinkCard
from node.text.sanitising import clean_text
from node.uris import media_url


def card_view(card: LinkCard, author: Mapping[str, Any] | None, *, settings: Settings) -> dict[str, Any]:
    """Return a PreviewCard. `author` is the account that wrote it, where page and account name each other."""
    url = card.page_url if is_http_uri(card.page_url) else card.url
    name = clean_text(card.author_name)
    author_url = card.author_url if is_http_uri(card.author_url) else ""
    host = host_of(url)
    authors: list[dict[str, Any]] = [{"name": "", "url": "", "account": author}] if author is not None else []
    if not authors and (name or author_url):
        authors = [{"name": name, "url": author_url, "account": None}]
    return {
        "url": url,
        "title": clean_text(card.title),
        "description": clean_text(card.description),
        "language": card.language or None,
        "type": "link",
        "author_name": name,
        "author_url": author_url,
        "provider_name": clean_text(card.provider_name) or host,
        "provider_url": "",
        "html": "",
        "width": card.image_width,
        "height": card.image_height,
        "image": media_url(settings, card.image_key) if card.image_key else None,
        "image_description": clean_text(card.image_description),
        "embed_url": "",
        "blurhash": card.blurhash or None,
        "published_at": _time(card.published_at),
        "authors": authors,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
