"""Required fields of entities, as strict apps decode them (client-api behaviours 9 to 12)."""

import re
from typing import Any

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ID = re.compile(r"[0-9]+")

ACCOUNT = {
    **dict.fromkeys(("id", "username", "acct", "display_name", "note", "url", "uri", "created_at"), str),
    **dict.fromkeys(("avatar", "avatar_static", "header", "header_static"), str),
    **dict.fromkeys(("locked", "bot", "group", "discoverable", "indexable"), bool),
    **dict.fromkeys(("followers_count", "following_count", "statuses_count"), int),
    **dict.fromkeys(("fields", "emojis"), list),
}
STATUS = {
    **dict.fromkeys(("id", "uri", "created_at", "content", "visibility", "spoiler_text"), str),
    **dict.fromkeys(("replies_count", "reblogs_count", "favourites_count"), int),
    **dict.fromkeys(("media_attachments", "mentions", "tags", "emojis"), list),
    "sensitive": bool,
    "account": dict,
}
STATUS_NULLABLE = (
    *("in_reply_to_id", "in_reply_to_account_id", "reblog", "poll", "card", "language", "url"),
    *("edited_at", "application", "quote"),
)
STATUS_FLAGS = ("favourited", "reblogged", "muted", "bookmarked")
RELATIONSHIP_FLAGS = (
    *("following", "showing_reblogs", "notifying", "followed_by", "blocking", "blocked_by", "muting"),
    *("muting_notifications", "requested", "requested_by", "domain_blocking", "endorsed"),
)


def check_account(account: dict[str, Any]) -> None:
    """Fail unless this is an Account that strict decoders take."""
    for name, type_ in ACCOUNT.items():
        assert isinstance(account[name], type_), name
    assert ID.fullmatch(account["id"])
    assert account["created_at"].endswith("T00:00:00.000Z")
    assert account["last_status_at"] is None or re.fullmatch(r"\d{4}-\d\d-\d\d", account["last_status_at"])
    for name in ("avatar", "avatar_static", "header", "header_static", "url"):
        assert account[name].startswith("http"), name


def check_status(status: dict[str, Any], *, signed_in: bool) -> None:
    """Fail unless this is a Status that strict decoders take."""
    for name, type_ in STATUS.items():
        assert isinstance(status[name], type_), name
    for name in STATUS_NULLABLE:
        assert name in status, name
    assert ID.fullmatch(status["id"])
    assert TIME.fullmatch(status["created_at"])
    check_account(status["account"])
    if signed_in:
        assert all(isinstance(status[name], bool) for name in STATUS_FLAGS)
        assert status["filtered"] == []
    else:
        assert not any(name in status for name in (*STATUS_FLAGS, "filtered", "pinned"))
    if status["reblog"] is not None:
        check_status(status["reblog"], signed_in=signed_in)


def check_relationship(relationship: dict[str, Any]) -> None:
    """Fail unless this is a Relationship that strict decoders take."""
    assert ID.fullmatch(relationship["id"])
    assert all(isinstance(relationship[name], bool) for name in RELATIONSHIP_FLAGS)
    assert relationship["note"] == ""
    assert relationship["languages"] is None


def links(header: str) -> dict[str, str]:
    """Return the URLs of a Link header by relation."""
    return {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', header)}
