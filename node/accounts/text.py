"""Bios and profile fields as HTML: the person's own text rendered, foreign HTML sanitised.

The one place where `accounts` meets the text machinery of `node/posts` (attack row 75: one sanitiser).
"""

from typing import Any

from node.accounts.models import Account
from node.base.settings import Settings
from node.text.sanitising import clean_html
from node.text.writing import render_text


def note_html(account: Account, *, settings: Settings) -> str:
    """Return the bio as safe HTML, "" when there is none."""
    return _local_html(account.note, settings) if account.is_local else clean_html(account.note)


def field_views(account: Account, *, settings: Settings) -> list[dict[str, Any]]:
    """Return the profile's fields in the API's shape; values are safe HTML, names plain text."""
    return [
        {
            "name": str(field.get("name", "")),
            "value": _value_html(str(field.get("value", "")), settings)
            if account.is_local
            else clean_html(str(field.get("value", ""))),
            "verified_at": field.get("verified_at"),
        }
        for field in account.fields
        if isinstance(field, dict)
    ]


def _local_html(text: str, settings: Settings) -> str:
    return render_text(text, mentions={}, settings=settings).html if text else ""


def _value_html(text: str, settings: Settings) -> str:
    """A field's value is one line: its paragraph tags go; its links say whose they are (ACT-8)."""
    html = _local_html(text, settings).replace(' rel="nofollow ', ' rel="me nofollow ')
    return html.removeprefix("<p>").removesuffix("</p>") if html.count("<p>") == 1 else html
