"""Text written by others, made safe to stand in our pages.

Everything that reaches a template from another server passes here, although it was cleaned when it arrived
too (attacks row 75: clean on ingest *and* on render). Three jobs: drop every tag and attribute that is not on
the short list, point mentions and hashtags at our own pages, and put custom emoji in as images. Called by the
filters in `rendering.py`; knows nothing of requests or of the database.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from html import unescape
from typing import Any
from urllib.parse import quote, urlsplit

import blurhash
import nh3
from markupsafe import Markup, escape

_TAGS = {
    "p", "br", "span", "a", "del", "s", "pre", "blockquote", "code", "b", "strong", "u", "i", "em",
    "ul", "ol", "li", "ruby", "rt", "rp",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"lang"},
    "a": {"href", "class", "translate"},
    "span": {"class", "translate"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "p": {"class"},
}
_SCHEMES = {"http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini"}
_CLASS = re.compile(r"(?:[hpu]-[a-z-]{1,24}|mention|hashtag|ellipsis|invisible|quote-inline)\Z")
_LINK = re.compile(r"<a ([^<>]*)>(.*?)</a>", re.S)
_HREF = re.compile(r'href="([^"]*)"')
_TAG = re.compile(r"(<[^<>]*>)")
_HIDING = re.compile(r'<span class="(?:invisible|ellipsis)">')
_SHORTCODE = re.compile(r":([A-Za-z0-9_+-]{1,100}):")

Pairs = tuple[tuple[str, str], ...]


@lru_cache(maxsize=4096)
def clean_html(content: str, destinations: Pairs = ()) -> str:
    """Return `content` with only harmless tags left; links named in `destinations` lead to our own pages.

    `destinations` pairs the address as the author wrote it with the path that shows the same thing here.
    """
    local = dict(destinations)

    def keep(tag: str, attribute: str, value: str) -> str | None:
        if attribute == "class":
            return " ".join(name for name in value.split() if _CLASS.match(name)) or None
        if attribute == "href":
            if value in local:
                return local[value]
            return value if urlsplit_scheme(value) in _SCHEMES else None
        return value

    cleaned = nh3.clean(
        content,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    return _LINK.sub(_unhide, cleaned)


def _unhide(link: re.Match[str]) -> str:
    """Show a link's hidden pieces unless its whole text is its address (CVE-2023-36462: a link that lies)."""
    attributes, inside = link.group(1), link.group(2)
    if "<span" not in inside:
        return link.group(0)
    href = _HREF.search(attributes)
    text = unescape(_TAG.sub("", inside)).strip()
    if href and text.rstrip("/") == unescape(href.group(1)).rstrip("/"):
        return link.group(0)
    return f"<a {attributes}>{_HIDING.sub('<span>', inside)}</a>"


def urlsplit_scheme(url: str) -> str:
    """Return the scheme of `url` in lower case, or an empty string when it has none or cannot be read."""
    try:
        return urlsplit(url.strip()).scheme.lower()
    except ValueError:
        return ""


def safe_url(url: object) -> str:
    """Return `url` when a browser may follow it, else `#`: no javascript: or data: (attacks row 77)."""
    if not isinstance(url, str):
        return "#"
    if url.startswith("/") and not url.startswith(("//", "/\\")):
        return url
    return url if urlsplit_scheme(url) in {"http", "https"} else "#"


def with_emoji(html: str, emojis: Iterable[Mapping[str, Any]]) -> Markup:
    """Put images where `html` (already safe) says `:shortcode:` outside of a tag."""
    known = {str(emoji["shortcode"]): emoji for emoji in emojis}
    if not known or ":" not in html:
        return Markup(html)  # noqa: S704 - the caller hands over cleaned or escaped HTML

    def image(found: re.Match[str]) -> str:
        emoji = known.get(found.group(1))
        if emoji is None:
            return found.group(0)
        source = escape(safe_url(emoji.get("static_url") or emoji.get("url")))
        name = escape(found.group(0))
        return f'<img class="emoji" src="{source}" alt="{name}" title="{name}" loading="lazy">'

    pieces = _TAG.split(html)
    pieces[::2] = [_SHORTCODE.sub(image, text) for text in pieces[::2]]
    return Markup("".join(pieces))  # noqa: S704 - only images built from escaped parts were added


def post_html(post: Mapping[str, Any]) -> Markup:
    """Return a post's text, safe, with mentions and hashtags leading to our pages and emoji drawn."""
    destinations: dict[str, str] = {}
    for mention in post.get("mentions") or ():
        destinations[str(mention.get("url") or "")] = f"/@{mention['acct']}"
    for tag in post.get("tags") or ():
        destinations[str(tag.get("url") or "")] = f"/tags/{quote(str(tag['name']))}"
    destinations.pop("", None)
    cleaned = clean_html(str(post.get("content") or ""), tuple(destinations.items()))
    return with_emoji(cleaned, post.get("emojis") or ())


def plain_text(html: object, limit: int = 200) -> str:
    """Return the words of `html` in one line of at most `limit` characters: for titles and link previews."""
    spaced = re.sub(r"<(?:br|/p|/li|/blockquote)[^<>]*>", " ", str(html or ""))
    words = " ".join(unescape(nh3.clean(spaced, tags=set())).split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def links_of(fields: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the profile fields that are an address and nothing else: what a page's rel="me" may name (ACT-8)."""
    words = (plain_text(field.get("value"), 2_048) for field in fields)
    return [text for text in words if " " not in text and urlsplit_scheme(text) in {"http", "https"}]


@lru_cache(maxsize=1024)
def blur_cells(value: str | None, columns: int = 4, rows: int = 3) -> tuple[tuple[int, int, str], ...]:
    """Return (x, y, colour) cells that sketch a blurhash, or nothing when it cannot be read.

    The page draws them as SVG rectangles behind the image: colour attributes are allowed under a policy that
    refuses inline styles, and no script has to run.
    """
    if not value:
        return ()
    try:
        pixels = blurhash.decode(value, columns, rows)
        return tuple(
            (x, y, "#" + "".join(f"{max(0, min(255, int(part))):02x}" for part in pixel))
            for y, line in enumerate(pixels)
            for x, pixel in enumerate(line)
        )
    except (ValueError, IndexError, KeyError, TypeError):
        return ()
