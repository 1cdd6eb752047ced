"""What a person may change of their profile, and its limits (attack row 59). Pure; used by `service.update_profile`."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from federation.errors import MalformedDocument
from federation.origins import normalise_domain
from node.accounts.rules import (
    MAX_ATTRIBUTION_DOMAINS,
    MAX_DISPLAY_NAME,
    MAX_FIELD_NAME,
    MAX_FIELD_VALUE,
    MAX_FIELDS,
    MAX_NOTE,
    MAX_PICTURE_DESCRIPTION,
)
from node.base.errors import Invalid
from node.text.lookalikes import plain_line

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """New values by name; None leaves a thing as it is. Keys of pictures come from `node.media`, "" removes one."""

    display_name: str | None = None
    note: str | None = None
    fields: Sequence[tuple[str, str]] | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    hide_collections: bool | None = None
    avatar_key: str | None = None
    header_key: str | None = None
    avatar_description: str | None = None
    header_description: str | None = None
    attribution_domains: Sequence[str] | None = None
    show_media: bool | None = None
    show_media_replies: bool | None = None
    show_featured: bool | None = None


def checked_change(change: ProfileChange) -> dict[str, Any]:
    """Return the columns to set. Raises Invalid with every limit that is broken."""
    problems: dict[str, list[str]] = {}
    values: dict[str, Any] = {
        name: value
        for name in (
            "locked",
            "discoverable",
            "indexable",
            "hide_collections",
            "avatar_key",
            "header_key",
            "show_media",
            "show_media_replies",
            "show_featured",
        )
        if (value := getattr(change, name)) is not None
    }
    if change.bot is not None:
        values |= {"bot": change.bot, "actor_type": "Service" if change.bot else "Person"}
    if change.display_name is not None:
        values["display_name"] = plain_line(change.display_name)
        if len(values["display_name"]) > MAX_DISPLAY_NAME:
            problems["display_name"] = [f"is too long (at most {MAX_DISPLAY_NAME} characters)"]
    if change.note is not None:
        text = _CONTROLS.sub("", change.note.replace("\r\n", "\n").replace("\r", "\n"))
        values["note"] = unicodedata.normalize("NFC", text).strip()
        if len(values["note"]) > MAX_NOTE:
            problems["note"] = [f"is too long (at most {MAX_NOTE} characters)"]
    for name in ("avatar_description", "header_description"):
        words: str | None = getattr(change, name)
        if words is not None:
            values[name] = unicodedata.normalize("NFC", _CONTROLS.sub("", words)).strip()
            if len(values[name]) > MAX_PICTURE_DESCRIPTION:
                problems[name] = [f"is too long (at most {MAX_PICTURE_DESCRIPTION} characters)"]
    if change.attribution_domains is not None:
        values["attribution_domains"], broken = _domains(change.attribution_domains)
        if broken:
            problems["attribution_domains"] = broken
    if change.fields is not None:
        pairs = [(plain_line(name), plain_line(value)) for name, value in change.fields]
        pairs = [pair for pair in pairs if any(pair)]
        values["fields"] = [{"name": name, "value": value, "verified_at": None} for name, value in pairs]
        broken = _field_problems(pairs)
        if broken:
            problems["fields"] = broken
    if problems:
        raise Invalid(fields=problems)
    return values


def with_marks(fields: list[dict[str, Any]], before: list[Any]) -> list[dict[str, Any]]:
    """Return new fields with the marks that the same content had; each is looked at anew (ACT-8)."""
    marks = {field.get("value"): field.get("verified_at") for field in before if isinstance(field, dict)}
    return [{**field, "verified_at": marks.get(field["value"])} for field in fields]


def _domains(typed: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return domains as they are kept, and what is wrong with them. An address or `*.` stands for its domain."""
    kept: dict[str, None] = {}
    broken = []
    for entry in typed:
        host = plain_line(entry).lower().removeprefix("https://").removeprefix("http://")
        text = host.removeprefix("*.").partition("/")[0]
        if not text:
            continue
        try:
            kept[normalise_domain(text[:300])] = None
        except MalformedDocument:
            broken = ["are not all domains"]
    if len(kept) > MAX_ATTRIBUTION_DOMAINS:
        broken.append(f"are too many (at most {MAX_ATTRIBUTION_DOMAINS})")
    return list(kept), broken


def _field_problems(pairs: list[tuple[str, str]]) -> list[str]:
    found = []
    if len(pairs) > MAX_FIELDS:
        found.append(f"are too many (at most {MAX_FIELDS})")
    if any(not name or not value for name, value in pairs):
        found.append("need a label and a content each")
    if any(len(name) > MAX_FIELD_NAME or len(value) > MAX_FIELD_VALUE for name, value in pairs):
        found.append(f"are too long (label {MAX_FIELD_NAME}, content {MAX_FIELD_VALUE} characters)")
    return found
