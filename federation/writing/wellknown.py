"""WebFinger, host-meta and NodeInfo documents (DISC-1, DISC-5 to DISC-7)."""

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from federation.documents import Document
from federation.vocabulary import AP_TYPE

_SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFingerFacts:
    """One local actor as WebFinger shows it; `web_origin` is `https://social.example`."""

    username: str
    domain: str
    actor_uri: str
    profile_url: str
    web_origin: str
    avatar_url: str | None = None
    avatar_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfoFacts:
    """What the node says of itself; a count of None is hidden, never falsified (DISC-7)."""

    software_version: str
    repository: str
    open_registrations: bool
    node_name: str
    node_description: str
    users_total: int | None = None
    users_active_month: int | None = None
    users_active_halfyear: int | None = None
    local_posts: int | None = None
    staff_accounts: tuple[str, ...] = ()
    software_name: str = "rookery"


def webfinger_document(facts: WebFingerFacts) -> Document:
    """Write the JRD of an actor; the subject is the canonical handle whatever was asked (DISC-2)."""
    interact = f"{facts.web_origin}/authorize_interaction?uri="
    links = [
        {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": facts.profile_url},
        {"rel": "self", "type": AP_TYPE, "href": facts.actor_uri},
        {"rel": "http://ostatus.org/schema/1.0/subscribe", "template": f"{interact}{{uri}}"},
    ]
    if facts.avatar_url is not None and facts.avatar_type is not None:
        links.append({"rel": "http://webfinger.net/rel/avatar", "type": facts.avatar_type, "href": facts.avatar_url})
    links.append({"rel": "https://w3id.org/fep/3b86/Object", "template": f"{interact}{{object}}"})
    links.append({"rel": "https://w3id.org/fep/3b86/Create", "template": f"{facts.web_origin}/share?text={{content}}"})
    return {
        "subject": f"acct:{facts.username}@{facts.domain}",
        "aliases": list(dict.fromkeys([facts.profile_url, facts.actor_uri])),
        "links": links,
    }


def host_meta_xml(web_origin: str) -> str:
    """Write host-meta as XRD."""
    template = quoteattr(_template(web_origin))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" template={template}/>\n'
        "</XRD>\n"
    )


def host_meta_json(web_origin: str) -> Document:
    """Write host-meta as JSON."""
    return {"links": [{"rel": "lrdd", "template": _template(web_origin)}]}


def nodeinfo_links(web_origin: str) -> Document:
    """Write `/.well-known/nodeinfo`."""
    return {
        "links": [
            {"rel": f"{_SCHEMA}{version}", "href": f"{web_origin}/nodeinfo/{version}"} for version in ("2.1", "2.0")
        ]
    }


def nodeinfo_document(facts: NodeInfoFacts, *, version: str = "2.1") -> Document:
    """Write NodeInfo 2.1 or 2.0; the older has no `repository`."""
    software = {"name": facts.software_name, "version": facts.software_version}
    if version == "2.1":
        software["repository"] = facts.repository
    counts = {
        "total": facts.users_total,
        "activeMonth": facts.users_active_month,
        "activeHalfyear": facts.users_active_halfyear,
    }
    usage: Document = {"users": {key: value for key, value in counts.items() if value is not None}}
    if facts.local_posts is not None:
        usage["localPosts"] = facts.local_posts
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": facts.open_registrations,
        "usage": usage,
        "metadata": {
            "nodeName": facts.node_name,
            "nodeDescription": facts.node_description,
            "staffAccounts": list(facts.staff_accounts),
            "federation": {"enabled": True},
        },
    }


def _template(web_origin: str) -> str:
    return f"{web_origin}/.well-known/webfinger?resource={{uri}}"
