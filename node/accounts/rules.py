"""What a user name may be, and which domain in a handle means us. Pure.

Called by sign-up, the command line, WebFinger and everything that looks up a handle.
"""

import hashlib
import re
from functools import lru_cache

from federation.errors import MalformedDocument
from federation.origins import is_ip_literal, normalise_domain, split_port
from node.base.errors import Invalid
from node.base.settings import Settings

MAX_DISPLAY_NAME = 60
MAX_NOTE = 1_000
MAX_FIELDS = 6
MAX_PICTURE_DESCRIPTION = 1_500
MAX_ATTRIBUTION_DOMAINS = 10
MAX_FIELD_NAME = 100
MAX_FIELD_VALUE = 500
MAX_FOLDED = 512

_USERNAME = re.compile(r"[A-Za-z0-9_]{1,30}")

RESERVED_NAMES = frozenset(
    {
        "abuse", "about", "account", "accounts", "actor", "admin", "administrator", "all", "anonymous", "api",
        "auth", "bot", "channel", "contact", "everyone", "explore", "federation", "followers", "following",
        "help", "here", "home", "host", "hostmaster", "inbox", "info", "instance", "internal", "login", "mail",
        "mastodon", "me", "media", "mod", "moderation", "moderator", "mods", "nobody", "noreply",
        "notifications", "null", "official", "operator", "outbox", "owner", "postmaster", "privacy", "public",
        "relay", "root", "rookery", "search", "security", "service", "settings", "signin", "signup", "site",
        "staff", "static", "status", "statuses", "support", "sysadmin", "system", "tags", "team", "terms",
        "undefined", "user", "users", "webfinger", "webmaster", "www",
    }
)  # fmt: skip
"""Names a visitor would take for the people who run the node, or for one of its addresses (attack row 73)."""

_LOOKS_LIKE = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "i"), ("l", "i"), ("3", "e"), ("5", "s"), ("_", ""))


def _skeleton(name: str) -> str:
    folded = name.casefold()
    for written, seen in _LOOKS_LIKE:
        folded = folded.replace(written, seen)
    return folded


_RESERVED_SKELETONS = frozenset(_skeleton(name) for name in RESERVED_NAMES)


def fold_username(username: str) -> str:
    """Return the form a user name is looked up by: `Ann` and `ann` are one person.

    A remote name may be 2048 characters of any script, more than PostgreSQL lets into an index: the fold of a very
    long one ends in its digest. No name holds the `#` before it.
    """
    folded = username.casefold()
    written = folded.encode("utf-8", "surrogatepass")
    if len(written) <= MAX_FOLDED:
        return folded
    return f"{folded[:50]}#{hashlib.sha256(written).hexdigest()}"


def freed_name(username: str, account_id: int) -> str:
    """Return the name of an actor that lost its handle, or never had it: nobody takes it for the one who has it."""
    return f"{username[:2000]}.{account_id}"


def check_username(username: str, *, may_be_reserved: bool = False) -> None:
    """Raise Invalid unless the name may be taken here: 1-30 ASCII letters, digits, underscores (attack row 73).

    Reserved names, and names that look like one (`adm1n`), are for an operator only (`may_be_reserved`).
    """
    if not _USERNAME.fullmatch(username):
        raise Invalid(
            fields={"username": ["must be 1 to 30 characters: letters from a to z, digits and underscores only"]}
        )
    if not may_be_reserved and (_skeleton(username) in _RESERVED_SKELETONS or not username.strip("_")):
        raise Invalid(fields={"username": ["is reserved"]})


def local_or_domain(settings: Settings, domain: str | None) -> str:
    """Return the domain of a handle as it is stored: "" for one of ours or none, else normalised (row 23).

    What is no domain comes back in lower case and is found nowhere.
    """
    if not domain:
        return ""
    try:
        normal = normalise_domain(domain)
    except MalformedDocument:
        normal = domain.lower()
    return "" if normal in settings.local_domains else normal


@lru_cache(maxsize=10_000)
def domain_and_parents(host: str) -> tuple[str, ...]:
    """Return the domains whose policy reaches `host`, the closest first (MOD-2; rows 22, 23, 47).

    `a.b.test:8443` is reached by a policy for itself, for `a.b.test`, `b.test` and `test`. An address has no parents.
    """
    host = host.strip().lower().rstrip(".")
    name, port = split_port(host)
    name = name.rstrip(".")
    found = [f"{name}:{port}"] if port is not None else []
    if is_ip_literal(name):
        return (*found, name)
    labels = name.split(".")
    return (*found, *[".".join(labels[start:]) for start in range(len(labels))])
