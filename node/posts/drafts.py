"""What a person hands in to be published, and the rules it has to keep. Pure; the lookups are in `service`.

`Draft` is what doors build from a request. `check_draft` cleans it and names every broken rule at once, field by
field, in the API's words for fields.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from node.base.errors import Invalid
from node.base.settings import Settings
from node.media.models import FAILED, READY, Media
from node.media.rules import MediaChange
from node.polls.rules import PollDraft, check_poll
from node.posts.consent_rules import QUOTE_POLICIES
from node.posts.rules import VISIBILITIES
from node.text.writing import clean_source, count_characters

MAX_MEDIA: Final = 4
MAX_TYPED: Final = 1_000_000
"""Characters that are looked at, whatever the limit of a post: links count 23, however long they are."""

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{2,8}){0,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A post as its author wants it. `visibility` None: that of the post replied to, else public."""

    text: str = ""
    visibility: str | None = None
    spoiler_text: str = ""
    sensitive: bool = False
    language: str | None = None
    in_reply_to_id: int | None = None
    media_ids: tuple[int, ...] = ()
    media_changes: tuple[MediaChange, ...] = ()
    """New descriptions and focal points of attached media; used by edits."""
    application_id: int | None = None
    local_only: bool = False
    """Only for people with an account here; answers to such a post and quotes of it are so whatever is asked."""
    poll: PollDraft | None = None
    """None for a post without, and in an edit for a poll that stays as it is."""
    quoted_id: int | None = None
    quote_policy: str = ""
    """One of `consent_rules.QUOTE_POLICIES`; "": anybody may quote what is open."""


def check_draft(draft: Draft, settings: Settings, *, editing: bool = False) -> Draft:
    """Return the draft cleaned. Raises Invalid with every broken rule."""
    problems: dict[str, list[str]] = {}
    typed = draft.text[: MAX_TYPED + 1]
    text, spoiler = clean_source(typed), clean_source(draft.spoiler_text[: MAX_TYPED + 1])
    spoiler = " ".join(spoiler.split("\n"))
    if not text and spoiler:
        text, spoiler = spoiler, ""  # a warning before nothing is the text itself
    media_ids = tuple(dict.fromkeys(draft.media_ids))
    if not text and not media_ids:
        problems["text"] = ["Text can't be blank"]
    limit = settings.max_post_length
    if len(typed) > MAX_TYPED or count_characters(text) + count_characters(spoiler) > limit:
        problems["text"] = [f"Text character limit of {limit} exceeded"]
    if draft.visibility is not None and draft.visibility not in VISIBILITIES:
        problems["visibility"] = ["Visibility is not one of public, unlisted, private, direct"]
    if len(media_ids) > MAX_MEDIA:
        problems["media_ids"] = [f"Cannot attach more than {MAX_MEDIA} files"]
    poll = draft.poll
    if poll is not None:
        poll, wrong = check_poll(poll, editing=editing)
        if wrong:
            problems["poll"] = wrong
    if draft.quote_policy and draft.quote_policy not in QUOTE_POLICIES:
        problems["quote_approval_policy"] = ["Quote approval policy is not one of public, followers, nobody"]
    language = _language(draft.language)
    if draft.language and language is None:
        problems["language"] = ["Language is not a language code such as en or pt-BR"]
    if problems:
        raise Invalid(fields=problems)
    return replace(
        draft, text=text, spoiler_text=spoiler, language=language, media_ids=media_ids,
        sensitive=draft.sensitive or bool(spoiler), poll=poll,
    )  # fmt: skip


def check_media_count(wanted: tuple[int, ...], found: Mapping[int, object]) -> None:
    """Raise Invalid unless every medium that was asked for is there and its author's own (attack row 87)."""
    if any(media_id not in found for media_id in wanted):
        raise Invalid(fields={"media_ids": ["Cannot attach files that are not yours, or attached already"]})


def check_media(wanted: tuple[int, ...], found: Mapping[int, Media]) -> None:
    """Raise Invalid unless these may go out together: the author's own, ready, and a film or sound alone."""
    check_media_count(wanted, found)
    media = [found[media_id] for media_id in wanted]
    problem = ""
    if any(item.state == FAILED for item in media):
        problem = "Cannot attach files that could not be processed"
    elif any(item.state != READY for item in media):
        problem = "Cannot attach files that have not finished processing. Try again in a moment!"
    elif len(media) > 1 and any(item.kind in {"video", "audio"} for item in media):
        problem = "Cannot attach a video or sound to a post that has other files"
    if problem:
        raise Invalid(problem, fields={"media_ids": [problem]})


def _language(code: str | None) -> str | None:
    match = _LANGUAGE.fullmatch(code.strip()) if code else None
    if match is None or len(match[0]) > 16:
        return None
    return match[1].lower() + match[2].replace("_", "-")


def stored_form(draft: Draft) -> dict[str, Any]:
    """Return a draft as JSON keeps it: what `from_stored` reads again. Ids are text, so that no parser rounds them."""
    poll = draft.poll
    return {
        "text": draft.text,
        "visibility": draft.visibility,
        "spoiler_text": draft.spoiler_text,
        "sensitive": draft.sensitive,
        "language": draft.language,
        "in_reply_to_id": _text_of(draft.in_reply_to_id),
        "media_ids": [str(id_) for id_ in draft.media_ids],
        "application_id": _text_of(draft.application_id),
        "local_only": draft.local_only,
        "quoted_id": _text_of(draft.quoted_id),
        "quote_policy": draft.quote_policy,
        "poll": None
        if poll is None
        else {
            "options": list(poll.options),
            "expires_in": poll.expires_in,
            "multiple": poll.multiple,
            "hide_totals": poll.hide_totals,
        },
    }


def from_stored(stored: Mapping[str, Any]) -> Draft:
    """Return the draft that `stored_form` kept; what an older version did not know has its default."""
    poll = stored.get("poll")
    return Draft(
        text=stored.get("text") or "",
        visibility=stored.get("visibility"),
        spoiler_text=stored.get("spoiler_text") or "",
        sensitive=bool(stored.get("sensitive")),
        language=stored.get("language"),
        in_reply_to_id=_id_of(stored.get("in_reply_to_id")),
        media_ids=tuple(int(id_) for id_ in stored.get("media_ids") or ()),
        application_id=_id_of(stored.get("application_id")),
        local_only=bool(stored.get("local_only")),
        quoted_id=_id_of(stored.get("quoted_id")),
        quote_policy=stored.get("quote_policy") or "",
        poll=None
        if not poll
        else PollDraft(
            options=tuple(poll.get("options") or ()),
            expires_in=poll.get("expires_in"),
            multiple=bool(poll.get("multiple")),
            hide_totals=bool(poll.get("hide_totals")),
        ),
    )


def _text_of(id_: int | None) -> str | None:
    return None if id_ is None else str(id_)


def _id_of(text: str | None) -> int | None:
    return None if text is None else int(text)
