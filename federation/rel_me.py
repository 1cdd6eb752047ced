"""Pages that say whose they are: links of rel `me` in HTML (ACT-8). Pure; `node.remote.profile_links` fetches."""

from typing import Final
from urllib.parse import urljoin

from federation.origins import is_http_uri, without_fragment
from federation.pages import parse_page

MAX_PAGE: Final = 2 * 1024 * 1024
MAX_LINKS: Final = 2_000


def me_links(page: bytes, page_url: str) -> frozenset[str]:
    """Return where the links of rel `me` of a page lead, absolute and in the form `comparable` gives them.

    `a` and `link` elements count, in the page as it came: nothing of it is run.
    """
    tree = parse_page(page[:MAX_PAGE].decode("utf-8", "replace"))
    found = set()
    for node in tree.css("a[rel][href], link[rel][href]")[:MAX_LINKS]:
        if "me" in (node.attributes.get("rel") or "").lower().split():
            try:
                target = urljoin(page_url, (node.attributes.get("href") or "").strip())
            except ValueError:
                continue
            if is_http_uri(target):
                found.add(comparable(target))
    return frozenset(found)


def comparable(url: str) -> str:
    """Return a URL as it is compared here: without fragment and closing slash."""
    return without_fragment(url).rstrip("/")
