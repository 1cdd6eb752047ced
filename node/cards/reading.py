"""What a page says of itself: Open Graph, Twitter's cards, JSON-LD, its title. Pure; a hostile page costs little.

All of it is text: nothing of the page's HTML is ever shown (attack row 78). Addresses are absolute http(s) ones or
nothing (row 77). What is told several times counts where it is most exact.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from selectolax.lexbor import LexborHTMLParser

from federation.origins import same_origin
from federation.pages import parse_page
from node.cards.rules import absolute
from node.text.sanitising import clean_text

MAX_TITLE: Final = 500
MAX_DESCRIPTION: Final = 1_000
MAX_NAME: Final = 200
MAX_METAS: Final = 500
MAX_SCRIPTS: Final = 10
MAX_SCRIPT: Final = 200_000

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.I)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})", re.I)
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_ARTICLES: Final = ("Article", "Posting", "Report", "WebPage", "VideoObject")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What is to be known of a page. Texts are "" and the moment None where it does not say."""

    url: str
    """Its own address: where it was found, or another of the same server that it calls its own."""
    title: str = ""
    description: str = ""
    language: str = ""
    author_name: str = ""
    author_url: str = ""
    creator: str = ""
    """The handle that `fediverse:creator` names: a claim, not yet believed (attack row 46)."""
    provider_name: str = ""
    published_at: datetime | None = None
    image_url: str = ""
    image_description: str = ""
    oembed_url: str = ""


def read_page(body: bytes, content_type: str, page_url: str) -> PageFacts:
    """Return what an HTML page says of itself."""
    tree = parse_page(_decoded(body, content_type))
    metas = _metas(tree)
    story = _story(tree)
    title = tree.css_first("title")
    html = tree.css_first("html")
    author = _first_dict(story.get("author"))
    image = _first_of(metas, "og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
    return PageFacts(
        url=_canonical(tree, metas, page_url),
        title=_text(
            _first_of(metas, "og:title", "twitter:title")
            or _word(story.get("headline"))
            or (title.text(deep=True) if title else ""),
            MAX_TITLE,
        ),
        description=_text(_first_of(metas, "og:description", "twitter:description", "description"), MAX_DESCRIPTION),
        language=_language((html.attributes.get("lang") if html else "") or _first_of(metas, "og:locale")),
        author_name=_text(
            _word(author.get("name")) or _first_of(metas, "author", "article:author:name", "twitter:creator"), MAX_NAME
        ),
        author_url=absolute(page_url, _word(author.get("url")))
        if _word(author.get("url"))
        else _http_only(page_url, _first_of(metas, "article:author")),
        creator=_text(_first_of(metas, "fediverse:creator"), 320),
        provider_name=_text(
            _first_of(metas, "og:site_name") or _word(_first_dict(story.get("publisher")).get("name")), MAX_NAME
        ),
        published_at=_moment(_first_of(metas, "article:published_time") or _word(story.get("datePublished"))),
        image_url=absolute(page_url, image) if image else "",
        image_description=_text(_first_of(metas, "og:image:alt", "twitter:image:alt"), MAX_DESCRIPTION),
        oembed_url=_oembed(tree, page_url),
    )


def with_oembed(facts: PageFacts, body: bytes) -> PageFacts:
    """Return the facts with what an oEmbed answer adds to them: its texts, never its HTML (attack row 78)."""
    try:
        said = orjson.loads(body)
    except ValueError:
        return facts
    if not isinstance(said, dict):
        return facts
    return replace(
        facts,
        title=facts.title or _text(_word(said.get("title")), MAX_TITLE),
        author_name=facts.author_name or _text(_word(said.get("author_name")), MAX_NAME),
        author_url=facts.author_url or _http_only(facts.url, _word(said.get("author_url"))),
        provider_name=facts.provider_name or _text(_word(said.get("provider_name")), MAX_NAME),
        image_url=facts.image_url or _http_only(facts.url, _word(said.get("thumbnail_url"))),
    )


def _decoded(body: bytes, content_type: str) -> str:
    declared = _HEADER_CHARSET.search(content_type)
    found = declared[1] if declared else ""
    if not found:
        written = _CHARSET.search(body[:4096])
        found = written[1].decode("ascii") if written else "utf-8"
    try:
        name = codecs.lookup(found).name
        text = body.decode(name, "replace")
    except (LookupError, ValueError, UnicodeError):
        text = body.decode("utf-8", "replace")
    return text.replace("\x00", "")


def _metas(tree: LexborHTMLParser) -> dict[str, str]:
    """Return the first value of each named meta element that has one."""
    found: dict[str, str] = {}
    for meta in tree.css("meta[content]")[:MAX_METAS]:
        attributes = meta.attributes
        name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
        content = (attributes.get("content") or "").strip()
        if name and content:
            found.setdefault(name[:100], content[:10_000])
    return found


def _story(tree: LexborHTMLParser) -> dict[str, Any]:
    """Return the article that JSON-LD describes; nothing when it describes none."""
    for script in tree.css('script[type="application/ld+json"]')[:MAX_SCRIPTS]:
        text = script.text(deep=True)
        if not text or len(text) > MAX_SCRIPT:
            continue
        try:
            document = orjson.loads(text)
        except ValueError:
            continue
        for entry in _entries(document):
            kinds = entry.get("@type")
            names = kinds if isinstance(kinds, list) else [kinds]
            if any(isinstance(name, str) and name.endswith(_ARTICLES) for name in names):
                return entry
    return {}


def _entries(document: Any) -> Iterator[dict[str, Any]]:
    for entry in document[:50] if isinstance(document, list) else [document]:
        if isinstance(entry, dict):
            yield entry
            graph = entry.get("@graph")
            if isinstance(graph, list):
                yield from (inner for inner in graph[:50] if isinstance(inner, dict))


def _canonical(tree: LexborHTMLParser, metas: dict[str, str], page_url: str) -> str:
    link = tree.css_first('link[rel="canonical"][href]')
    named = (link.attributes.get("href") if link else "") or metas.get("og:url", "")
    found = absolute(page_url, named) if named else ""
    return found if found and same_origin(found, page_url) else page_url


def _oembed(tree: LexborHTMLParser, page_url: str) -> str:
    link = tree.css_first('link[type="application/json+oembed"][href]')
    return absolute(page_url, link.attributes.get("href") or "") if link else ""


def _first_of(metas: dict[str, str], *names: str) -> str:
    return next((metas[name] for name in names if metas.get(name)), "")


def _first_dict(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        value = next((entry for entry in value if isinstance(entry, dict | str)), None)
    if isinstance(value, str):
        return {"name": value}
    return value if isinstance(value, dict) else {}


def _word(value: Any) -> str:
    return value[:10_000] if isinstance(value, str) else ""


def _text(value: str, limit: int) -> str:
    """Return a text of a page as one clean line, cut to its limit."""
    line = " ".join(clean_text(value).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _language(value: str | None) -> str:
    found = _LANGUAGE.match((value or "").strip().lower().replace("_", "-").partition("-")[0])
    return found[0] if found else ""


def _http_only(page_url: str, value: str) -> str:
    """Return what is an address by itself: `article:author` is often a name."""
    return absolute(page_url, value) if value[:8].lower().startswith(("http://", "https://")) else ""


def _moment(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value.strip()[:40]) if value else None
        if moment is None:
            return None
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= 1900 else None
