"""Reading whom another server shows to strangers: its public `/api/v1/directory`, of people who asked for it. Pure.

A stranger's JSON and a hint: who is named counts for nothing before their own document was fetched and says so too.
"""

import json
from typing import Any, Final

from federation.errors import MalformedDocument
from federation.origins import is_http_uri, same_origin

MOST: Final = 40
MAX_URI: Final = 2_048


def parse_directory(body: bytes, *, base: str) -> list[str]:
    """Return the actor ids of people who live at `base` and want to be found. MalformedDocument for what is no list."""
    try:
        entries: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedDocument("not_json", "the directory of a server is JSON") from None
    if not isinstance(entries, list):
        raise MalformedDocument("not_a_list", "the directory of a server is a list")
    found: dict[str, None] = {}
    for entry in entries[:MOST]:
        if isinstance(entry, dict) and entry.get("discoverable") is True and entry.get("bot") is not True:
            uri = entry.get("uri")
            if isinstance(uri, str) and len(uri) <= MAX_URI and is_http_uri(uri) and same_origin(uri, base):
                found[uri] = None
    return list(found)
