"""Which link of a post gets a preview, and how often its page is asked. Pure.

The first link that is the author's own choice: not a mention, a hashtag, what the post quotes or carries, nor a page of
this server. A page is asked once for the whole node, again after two weeks if it is posted anew, and after failures at
growing distances.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from federation.errors import MalformedDocument
from federation.origins import host_of, is_http_uri, without_fragment

FRESH: Final = timedelta(days=14)
"""How long a card stands before its page is looked at again, and then only if somebody posts it again."""
NOTHING_FOR: Final = timedelta(days=1)
"""How long a page that has nothing to show, or could not be had, is left alone."""
WAITS: Final = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
SPREAD: Final = timedelta(seconds=60)
"""A post that came from elsewhere came to thousands of servers: each waits a random part of this before it asks."""
PER_HOST_A_MINUTE: Final = 20
MAX_LINKS: Final = 50
MAX_URL: Final = 2_048

_NO_LINKS: Final = frozenset({"mention", "hashtag", "u-url"})


def first_link(html: str, *, but_not: Collection[str] = (), own_hosts: Collection[str] = ()) -> str | None:
    """Return the address of the first link that gets a preview, without its fragment; None when there is none."""
    if "<a " not in html:
        return None
    skipped = {_comparable(url) for url in but_not}
    for link in LexborHTMLParser(html).css("a[href]")[:MAX_LINKS]:
        url = (link.attributes.get("href") or "").strip()
        if len(url) > MAX_URL or not is_http_uri(url) or _is_marked(link):
            continue
        url = without_fragment(url)
        try:
            host = host_of(url)
        except MalformedDocument:
            continue
        if host not in own_hosts and _comparable(url) not in skipped:
            return url
    return None


def may_claim(page_url: str, domains: Collection[object]) -> bool:
    """Say whether somebody who lists these domains may be named as the author of a page (attack row 46).

    Texts only, and exactly the page's host: neither a part of it nor what it is a part of.
    """
    host = host_of(page_url)
    return any(isinstance(domain, str) and domain.strip().lower().rstrip(".") == host for domain in domains)


def secure(url: str) -> str:
    """Return an http address as https, which alone is asked."""
    return "https://" + url[7:] if url[:7].lower() == "http://" else url


def absolute(page_url: str, link: str) -> str:
    """Return where a link of a page leads; "" for what is no web address or too long."""
    try:
        found = urljoin(page_url, link.strip())
    except ValueError:
        return ""
    return found if is_http_uri(found) and len(found) <= MAX_URL else ""


def _is_marked(link: LexborNode) -> bool:
    """Whether a link is a mention, a hashtag, or the line that stands for a quote."""
    if _NO_LINKS & set((link.attributes.get("class") or "").split()):
        return True
    if "tag" in (link.attributes.get("rel") or "").lower().split():
        return True
    above = link.parent
    while above is not None:
        if "quote-inline" in (above.attributes.get("class") or "").split():
            return True
        above = above.parent
    return False


def _comparable(url: str) -> str:
    return without_fragment(url).rstrip("/")
