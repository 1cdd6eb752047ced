"""RSS: posts for feed readers. Every word goes through the XML writer, and what XML cannot carry is left out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from quart import Response

from node.web.markup import plain_text
from node.web.words import shown_name

ATOM: Final = "http://www.w3.org/2005/Atom"
DC: Final = "http://purl.org/dc/elements/1.1/"
TITLE_LENGTH: Final = 100
SECONDS: Final = 300
"""How long a feed may be kept."""
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

register_namespace("atom", ATOM)
register_namespace("dc", DC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a feed says of itself, and its posts in the shape of the API."""

    title: str
    url: str
    feed_url: str
    description: str
    updated_at: datetime
    posts: Sequence[Mapping[str, Any]]


def feed_response(feed: Feed) -> Response:
    """Return a feed as an answer that may be kept for a few minutes."""
    response = Response(render_feed(feed), content_type="application/rss+xml; charset=utf-8")
    response.headers["X-Robots-Tag"] = "noindex"  # its authors have said nothing of search engines
    response.headers["Cache-Control"] = f"public, max-age={SECONDS}"
    return response


def render_feed(feed: Feed) -> bytes:
    """Return RSS 2.0."""
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    _say(channel, "title", feed.title)
    _say(channel, "link", feed.url)
    _say(channel, "description", feed.description)
    _say(channel, "lastBuildDate", format_datetime(feed.updated_at))
    SubElement(channel, f"{{{ATOM}}}link", href=feed.feed_url, rel="self", type="application/rss+xml")
    for post in feed.posts:
        item = SubElement(channel, "item")
        warned = post["spoiler_text"]
        words = plain_text(post["content"], TITLE_LENGTH)
        _say(item, "title", warned or words or f"A post by {shown_name(post['account'])}")
        _say(item, "link", post["url"] or post["uri"])
        _say(item, "guid", post["uri"]).set("isPermaLink", "false")
        _say(item, "pubDate", format_datetime(datetime.fromisoformat(post["created_at"])))
        _say(item, f"{{{DC}}}creator", f"{shown_name(post['account'])} (@{post['account']['acct']})")
        _say(item, "description", warned or post["content"])
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}'.encode()


def _say(parent: Element, name: str, text: str) -> Element:
    child = SubElement(parent, name)
    child.text = _ILLEGAL.sub("", text)
    return child
