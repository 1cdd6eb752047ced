"""Apps and tokens in the shapes of Mastodon's API (client-api 24 and 25)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from node.auth.models import OAuthApp
from node.auth.rules import write_scopes


def app_view(app: OAuthApp, *, vapid_key: str) -> dict[str, Any]:
    """Return an Application as its own tokens see it: without its id and secret as a client."""
    return {
        "id": str(app.id),
        "name": app.name,
        "website": app.website or None,
        "scopes": app.scopes.split(),
        "redirect_uri": "\n".join(app.redirect_uris),
        "redirect_uris": list(app.redirect_uris),
        "vapid_key": vapid_key,
    }


def credential_app_view(app: OAuthApp, secret: str, *, vapid_key: str) -> dict[str, Any]:
    """Return an app as it is told once, when it registers. The secret never expires."""
    return app_view(app, vapid_key=vapid_key) | {
        "client_id": app.client_id,
        "client_secret": secret,
        "client_secret_expires_at": 0,
    }


def post_app_view(app: OAuthApp) -> dict[str, Any]:
    """Return an app as posts name it."""
    return {"name": app.name, "website": app.website or None}


def token_view(token: str, scopes: Iterable[str], now: datetime) -> dict[str, Any]:
    """Return a token that was just made. It does not expire."""
    return {
        "access_token": token,
        "token_type": "Bearer",
        "scope": write_scopes(scopes),
        "created_at": int(now.timestamp()),
    }
