"""Apps that register themselves, and how they prove who they are. Part of the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from urllib.parse import urlsplit

from node.auth.grant_rules import DEFAULT_SCOPES, MAX_ADDRESS, MAX_NAME, check_redirects
from node.auth.hashing import hash_secret, new_secret
from node.auth.models import OAuthApp
from node.auth.queries import find_app
from node.auth.rules import parse_scopes, write_scopes
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import GrantRefused, Invalid
from node.base.ids import new_id

UNKNOWN_CLIENT = "Client authentication failed: no app has this id and secret."
"""Elk registers anew when it reads these first three words (behaviour 15)."""


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app just registered, with the secret that is kept nowhere here."""

    app: OAuthApp
    secret: str


async def register_app(
    uow: UnitOfWork,
    *,
    name: str,
    website: str = "",
    redirect_uris: Sequence[str],
    scopes: str = "",
    now: datetime,
) -> NewApp:
    """Register an app. Raises Invalid with every field that is wrong."""
    name, website = _shown(name), website.strip()
    problems: dict[str, list[str]] = {}
    if not name:
        problems["name"] = ["Name can't be blank"]
    elif len(name) > MAX_NAME:
        problems["name"] = [f"Name is too long (at most {MAX_NAME} characters)"]
    if website and not _is_website(website):
        problems["website"] = ["Website must be a valid URL"]
    redirects: list[str] = []
    try:
        redirects = check_redirects(redirect_uris)
    except Invalid as problem:
        problems |= problem.fields
    granted: frozenset[str] = frozenset()
    try:
        granted = parse_scopes(scopes or DEFAULT_SCOPES)
    except Invalid as problem:
        problems["scopes"] = [problem.message]
    if problems:
        raise Invalid(fields=problems)
    secret = new_secret()
    app = OAuthApp(
        id=new_id(),
        name=name,
        website=website,
        client_id=new_secret(),
        client_secret_hash=hash_secret(secret),
        redirect_uris=redirects,
        scopes=write_scopes(granted),
        created_at=now,
    )
    uow.add(app)
    await uow.flush()
    return NewApp(app, secret)


async def authenticate_app(reader: Reader, client_id: str, secret: str | None) -> OAuthApp:
    """Return the app with this id and secret; without a secret whoever says the id, who then has to prove more.

    Raises GrantRefused.
    """
    app = await find_app(reader, client_id)
    if app is None or (secret is not None and not compare_digest(hash_secret(secret), app.client_secret_hash)):
        raise GrantRefused("invalid_client", UNKNOWN_CLIENT)
    return app


def _shown(name: str) -> str:
    """Return a name in one line, without what draws nothing or turns the writing round."""
    return "".join(letter for letter in " ".join(name.split()) if letter.isprintable())


def _is_website(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_plain = address.isprintable() and " " not in address and len(address) <= MAX_ADDRESS
    return is_plain and parts.scheme in ("http", "https") and bool(parts.hostname)
