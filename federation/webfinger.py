"""WebFinger from the asking side: one look-up, with host-meta as its fallback (DISC-3). For `discovery`.

Answers are read strictly (row 71): a subject that is a handle with a domain, and the first `self` link of an
ActivityPub type. XRD is read without a document type, so there are no entities to expand.
"""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree

from federation.answers import FetchedBytes
from federation.client import FederationClient
from federation.documents import load_document, objects_of, text_of
from federation.errors import DiscoveryFailed, FetchGone, MalformedDocument
from federation.origins import Handle, is_http_uri, parse_handle
from federation.vocabulary import AP_TYPE, JRD_TYPE, LD_TYPE, XRD_TYPE

_LIMIT: Final = 64 * 1024
_JRD_ACCEPT: Final = f"{JRD_TYPE}, application/json"
_XRD_ACCEPT: Final = f"{XRD_TYPE}, application/json"
_MARKUP_DECLARATION = re.compile(r"<!(?!--)")


@dataclass(frozen=True, slots=True)
class WebFingerAnswer:
    """Who a host says a handle is: the subject it uses for it, and the actor's id."""

    subject: Handle
    self_uri: str

    def is_for(self, username: str, domain: str) -> bool:
        """Say whether the subject is this handle, case aside."""
        return (self.subject.username.lower(), self.subject.domain) == (username.lower(), domain)


async def look_up(client: FederationClient, username: str, domain: str) -> WebFingerAnswer:
    """Ask a domain about one of its handles; never signed.

    DiscoveryFailed (`not_found`, `bad_subject`, `no_self_link`, `bad_webfinger`); FetchGone for 410; the
    client's other errors as they come.
    """
    base = await client.base_url_for(domain)
    resource = f"acct:{quote(username, safe='')}@{domain}"
    try:
        fetched = await client.fetch_bytes(
            f"{base}/.well-known/webfinger?resource={resource}", accept=_JRD_ACCEPT, limit=_LIMIT
        )
    except FetchGone as error:
        if error.status == 410:
            raise
        fetched = await _look_up_by_host_meta(client, base, resource)
    return _read_answer(fetched)


async def _look_up_by_host_meta(client: FederationClient, base: str, resource: str) -> FetchedBytes:
    try:
        meta = await client.fetch_bytes(f"{base}/.well-known/host-meta", accept=_XRD_ACCEPT, limit=_LIMIT)
        url = lrdd_template(meta).replace("{uri}", quote(resource, safe=""))
        return await client.fetch_bytes(url, accept=_JRD_ACCEPT, limit=_LIMIT)
    except FetchGone as error:
        raise DiscoveryFailed("not_found", f"{base} knows no {resource[:200]}") from error


def lrdd_template(meta: FetchedBytes) -> str:
    """Return the WebFinger template of a host-meta document, XML or JSON; DiscoveryFailed (`bad_host_meta`)."""
    links: list[dict[str, Any]]
    if "json" in meta.content_type.lower():
        try:
            links = objects_of(load_document(meta.body, limit=_LIMIT).get("links"))
        except MalformedDocument as error:
            raise DiscoveryFailed("bad_host_meta", error.detail) from error
    else:
        links = _xrd_links(meta.body)
    for link in links:
        template = text_of(link.get("template"))
        if link.get("rel") == "lrdd" and template and "{uri}" in template:
            return template
    raise DiscoveryFailed("bad_host_meta", "host-meta without an lrdd template")


def _xrd_links(body: bytes) -> list[dict[str, Any]]:
    try:
        # Decoded here, so that no other encoding can hide a document type from the next line.
        text = body.decode("utf-8-sig")
        if "\x00" in text or _MARKUP_DECLARATION.search(text):
            raise DiscoveryFailed("bad_host_meta", "host-meta with a document type; entities are not read")
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))  # noqa: S314  # no DTD gets here
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError) as error:
        raise DiscoveryFailed("bad_host_meta", f"host-meta cannot be read: {error}") from error
    return [dict(element.attrib) for element in root if element.tag.rpartition("}")[2] == "Link"]


def _read_answer(fetched: FetchedBytes) -> WebFingerAnswer:
    try:
        document = load_document(fetched.body, limit=_LIMIT)
    except MalformedDocument as error:
        raise DiscoveryFailed("bad_webfinger", error.detail) from error
    try:
        subject = parse_handle(text_of(document.get("subject")) or "")
    except MalformedDocument as error:
        raise DiscoveryFailed("bad_subject", error.detail) from error
    if subject.domain is None:
        raise DiscoveryFailed("bad_subject", "a subject without a domain")
    for link in objects_of(document.get("links")):
        href = text_of(link.get("href"))
        if link.get("rel") == "self" and _is_activity_type(text_of(link.get("type"))):
            if href is None or not is_http_uri(href):
                break
            return WebFingerAnswer(subject, href)
    raise DiscoveryFailed("no_self_link", f"{subject} has no ActivityPub actor")


def _is_activity_type(value: str | None) -> bool:
    """Compare without regard to white space and the style of quotes."""
    plain = re.sub(r"\s+", "", (value or "").replace("'", '"')).lower()
    return plain in {AP_TYPE, LD_TYPE.replace(" ", ""), LD_TYPE.replace(" ", "").replace('"', "")}
