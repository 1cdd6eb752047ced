"""Who acts, and what a token may do: the principal, the table of scopes, what an address or password may be. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from node.base.errors import Invalid

Role = Literal["user", "moderator", "admin"]
ROLES: tuple[Role, ...] = ("user", "moderator", "admin")

MIN_PASSWORD = 8
MAX_PASSWORD = 256
MAX_REASON = 1_000
MAX_EMAIL = 320

_READ = (
    "accounts", "blocks", "bookmarks", "collections", "favourites", "filters", "follows", "lists", "mutes",
    "notifications", "search", "statuses",
)  # fmt: skip
_WRITE = (
    "accounts", "blocks", "bookmarks", "collections", "conversations", "favourites", "filters", "follows", "lists",
    "media", "mutes", "notifications", "reports", "statuses",
)  # fmt: skip
_ADMIN = (
    "accounts", "reports", "domain_allows", "domain_blocks", "ip_blocks", "email_domain_blocks",
    "canonical_email_blocks",
)  # fmt: skip
_COARSE = frozenset({"read", "write", "follow", "push", "profile", "admin:read", "admin:write"})
_FOLLOW = frozenset({f"{verb}:{noun}" for verb in ("read", "write") for noun in ("blocks", "follows", "mutes")})

SCOPES = _COARSE | frozenset(
    [f"read:{noun}" for noun in _READ]
    + [f"write:{noun}" for noun in _WRITE]
    + [f"admin:{verb}:{noun}" for verb in ("read", "write") for noun in _ADMIN]
)
"""Every scope there is (client-api 26)."""

# No percent sign, quote, comma or control character: what a mail program could read as a second address (row 101).
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a bearer token speaks for. Without `account_id` it is an app alone."""

    token_id: int
    account_id: int | None
    scopes: frozenset[str]
    role: str = "user"
    is_confirmed: bool = True
    is_approved: bool = True
    is_disabled: bool = False
    app_id: int | None = None
    is_bot: bool = False
    joined_at: datetime | None = None
    last_active_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the address is confirmed, the account approved and not locked out; an app alone always is."""
        return self.is_confirmed and self.is_approved and not self.is_disabled

    def may(self, scope: str) -> bool:
        """Whether the token was granted `scope`."""
        return scope_allows(self.scopes, scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A browser that is signed in."""

    session_id: int
    account_id: int
    role: str
    csrf_token: str
    is_usable: bool
    expires_at: datetime
    last_seen_at: datetime
    last_active_at: datetime | None = None
    locale: str = "en"
    theme: str = "auto"

    @property
    def is_moderator(self) -> bool:
        """Whether the person may see the operator's pages."""
        return self.role in ("moderator", "admin")

    @property
    def is_admin(self) -> bool:
        """Whether the person runs the node."""
        return self.role == "admin"


def parse_scopes(text: str | Iterable[str]) -> frozenset[str]:
    """Return the scopes a string names, separated by spaces. Raises Invalid for an unknown one, or none at all."""
    words = text.replace("+", " ").split() if isinstance(text, str) else list(text)
    unknown = sorted(set(words) - SCOPES)
    if unknown:
        raise Invalid(f"The requested scope is invalid, unknown, or malformed: {', '.join(unknown)[:200]}")
    if not words:
        raise Invalid("At least one scope is needed")
    return frozenset(words)


def write_scopes(scopes: Iterable[str]) -> str:
    """Return scopes as one string, in a steady order."""
    return " ".join(sorted(scopes))


def scope_allows(granted: Iterable[str], needed: str) -> bool:
    """Whether `granted` contains `needed`: a coarse scope contains its fine ones, `follow` six of them."""
    held = granted if isinstance(granted, frozenset | set) else frozenset(granted)
    if needed in held:
        return True
    parts = needed.split(":")
    if any(":".join(parts[:length]) in held and ":".join(parts[:length]) in _COARSE for length in range(1, len(parts))):
        return True
    return "follow" in held and needed in _FOLLOW


def scopes_within(asked: Iterable[str], granted: Iterable[str]) -> bool:
    """Whether everything that is asked for was granted (attack row 93). `follow` is six fine scopes under one name."""
    held = frozenset(granted)
    return all(
        scope_allows(held, scope) or (scope == "follow" and all(scope_allows(held, fine) for fine in _FOLLOW))
        for scope in asked
    )


def fold_email(email: str) -> str:
    """Return the form an address is stored and compared in."""
    return email.strip().lower()


def login_key(login: str) -> str:
    """Return what tries to sign in are counted by: every spelling that leads to one person counts as one (row 99)."""
    return login.strip().removeprefix("@").casefold()


def canonical_email(email: str) -> tuple[str, str]:
    """Return (local part without `+tag`, domain): aliases of one mailbox count as one address (row 101)."""
    local, _, domain = fold_email(email).rpartition("@")
    return local.partition("+")[0], domain


def is_email(email: str) -> bool:
    """Whether this is an address as strict as can be: ASCII, no quotes or percent signs, not too long (row 101)."""
    local, _, domain = email.rpartition("@")
    return len(email) <= MAX_EMAIL and len(local) <= 64 and len(domain) <= 253 and bool(_EMAIL.fullmatch(email))


def nobodys_email(account_id: int) -> str:
    """Return the address of an account whose own is somebody else's: it is never written to and never confirmed."""
    return f"taken-{account_id}@nobody.invalid"


def is_language(code: str) -> bool:
    """Whether this is a language code, such as `en` or `pt-BR`."""
    return len(code) <= 16 and _LANGUAGE.fullmatch(code) is not None


def password_problems(password: str, *, username: str = "", email: str = "") -> list[str]:
    """Return what is wrong with a password, one phrase each."""
    found = []
    if len(password) < MIN_PASSWORD:
        found.append(f"is too short (at least {MIN_PASSWORD} characters)")
    if len(password) > MAX_PASSWORD:
        found.append(f"is too long (at most {MAX_PASSWORD} characters)")
    if password and password.casefold() in {username.casefold(), email.casefold()}:
        found.append("must not be your name or address")
    return found
