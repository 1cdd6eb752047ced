"""What other software sends, in one normal form (QRK-2, GEN-1): a fixture a document, written by hand after what was
observed of each, and beside them in `normal.json` what we have to make of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from federation.documents import ids_of, load_document, object_of, type_of
from federation.parsing import parse_activity, parse_actor, parse_post
from federation.reaction_parsing import parse_reaction
from federation.vocabulary import ACTIVITY_TYPES, ACTOR_TYPES, POST_TYPES

FIXTURES = Path(__file__).parents[2] / "fixtures" / "ap"
NORMAL = "normal.json"
DOCUMENTS = sorted(path for path in FIXTURES.rglob("*.json") if path.name != NORMAL)
AT_LEAST = 5
NAMES = {"actor", "post", "reply", "reaction", "delete"}
ROWS = {
    *(
        "mastodon",
        "glitch-soc",
        "gotosocial",
        "pleroma",
        "akkoma",
        "misskey",
        "sharkey",
        "iceshrimp",
        "lemmy",
        "piefed",
    ),
    *("mbin", "peertube", "takahe", "pixelfed", "wordpress", "bridgy-fed", "threads", "friendica", "snac"),
    *("writefreely", "mobilizon", "gancio", "nodebb", "discourse", "relay", "hubzilla"),
}
ONE_WAY = {"writefreely": {"reply", "reaction"}, "gancio": {"reply", "reaction"}, "relay": NAMES - {"actor"}}
"""What some software never sends: blogs and calendars that do not answer, and relays that write nothing themselves."""


def normal_form(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a document says, whoever wrote it; what says nothing is left out."""
    if type_of(document, ACTOR_TYPES):
        made = _actor(document)
    elif type_of(document, POST_TYPES):
        made = _post(document)
    else:
        made = _activity(document)
    return {key: value for key, value in made.items() if value not in (None, "", False, [], {})}


def _actor(document: dict[str, Any]) -> dict[str, Any]:
    actor = parse_actor(document)
    return {
        "actor": actor.id,
        "type": actor.type,
        "username": actor.preferred_username,
        "name": actor.name,
        "url": actor.url,
        "inbox": actor.delivery_inbox,
        "followers": actor.followers,
        "avatar": actor.icon_url,
        "bot": actor.is_bot,
        "locked": actor.locked,
        "discoverable": actor.discoverable,
        "fields": [list(field) for field in actor.fields],
        "emojis": [emoji.shortcode for emoji in actor.emojis],
        "keys": [key.id for key in actor.keys],
    }


def _post(document: dict[str, Any]) -> dict[str, Any]:
    author = str(document.get("attributedTo"))
    addressed = (*ids_of(document.get("to")), *ids_of(document.get("cc")))
    followers = next((uri for uri in addressed if "/followers" in uri), f"{author}/followers")
    post = parse_post(document, followers_url=followers)
    return {
        "post": post.id,
        "type": post.type,
        "author": post.attributed_to,
        "url": post.url,
        "title": post.title,
        "content": post.content_html,
        "markdown": post.content_is_markdown,
        "language": post.language,
        "warning": post.summary,
        "sensitive": post.sensitive,
        "visibility": post.visibility,
        "published": None if post.published is None else post.published.isoformat(),
        "reply_to": post.in_reply_to,
        "quote": post.quote_uri,
        "mentions": [mention.href for mention in post.mentions],
        "hashtags": list(post.hashtags),
        "emojis": [emoji.shortcode for emoji in post.emojis],
        "media": [[item.kind, item.media_type, item.url, item.description] for item in post.attachments],
        "preview": next((item.preview_url for item in post.attachments if item.preview_url), None),
        "poll": None if post.poll is None else [[option.name, option.votes] for option in post.poll.options],
        "event": None if post.event is None else [str(post.event.starts_at), str(post.event.ends_at), post.event.place],
    }


def _activity(document: dict[str, Any]) -> dict[str, Any]:
    activity = parse_activity(document)
    reaction = parse_reaction(document) if activity.type in {"Like", "EmojiReact"} else None
    inner = object_of(activity.object)
    return {
        "activity": activity.type,
        "actor": activity.actor,
        "object": activity.object_id,
        "target": activity.target,
        "reaction": None if reaction is None else reaction.name,
        "emoji": None if reaction is None or reaction.emoji is None else reaction.emoji.url,
        "inner": normal_form(inner) if inner is not None and _says_something(inner) else None,
    }


def _says_something(inner: dict[str, Any]) -> bool:
    """Tell an object from a mere reference to one, and from what nobody here reads."""
    known = ACTOR_TYPES | POST_TYPES | ACTIVITY_TYPES
    is_known = type_of(inner, known) is not None or {"actor", "object"} <= inner.keys()
    return is_known and bool(inner.keys() - {"id", "type", "@context"})


def expected() -> dict[str, Any]:
    return {
        f"{normal.parent.relative_to(FIXTURES)}/{name}": form
        for normal in FIXTURES.rglob(NORMAL)
        for name, form in json.loads(normal.read_text()).items()
    }


def name_of(path: Path) -> str:
    return str(path.relative_to(FIXTURES).with_suffix(""))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_qrk_2_normal_form(path: Path) -> None:
    """QRK-2: each document is read as what it says."""
    assert normal_form(load_document(path.read_bytes())) == expected()[name_of(path)]


def test_qrk_2_every_software_has_enough() -> None:
    """QRK-2: actor, post, reply, reaction and delete of each version, at least, and every row of the table."""
    assert {folder.parent.name for folder in {path.parent for path in DOCUMENTS}} >= ROWS
    for folder in {path.parent for path in DOCUMENTS}:
        names = {path.stem for path in folder.glob("*.json")} - {"normal"}
        assert NAMES - ONE_WAY.get(folder.parent.name, set()) <= names, folder
        assert len(names) >= AT_LEAST
    assert set(expected()) == {name_of(path) for path in DOCUMENTS}
