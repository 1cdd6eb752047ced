"""From the parameters of POST and PUT statuses to a `Draft`. Called by `statuses` only."""

from node.auth.models import User
from node.base.db.unit_of_work import Reader
from node.base.errors import Invalid
from node.base.ids import read_id
from node.http.parameters import Parameters
from node.media.queries import list_media
from node.media.rules import MediaChange, parse_focus
from node.polls.queries import find_poll
from node.polls.rules import PollDraft
from node.posts.drafts import Draft
from node.posts.models import Post
from node.posts.views import VISIBILITY_FROM_WORD

NOT_YET = {
    "scheduled_at": "Scheduled posts are not available on this server yet",
}
"""What would change the meaning of the post if it were silently left out."""


def draft_from(sent: Parameters, user: User, *, app_id: int | None = None) -> Draft:
    """Return a new post as it was sent, its gaps filled from the person's defaults. Raises Invalid."""
    _refuse_unknown_kinds(sent)
    in_reply_to_id = sent.identifier("in_reply_to_id")
    visibility = _visibility(sent)
    if visibility is None and in_reply_to_id is None:
        visibility = user.default_visibility
    sensitive = sent.flag("sensitive")
    return Draft(
        text=sent.text("status") or "",
        visibility=visibility,
        spoiler_text=sent.text("spoiler_text") or "",
        sensitive=user.default_sensitive if sensitive is None else sensitive,
        language=sent.text("language") or user.default_language,
        in_reply_to_id=in_reply_to_id,
        media_ids=tuple(_media_ids(sent)),
        poll=_poll(sent),
        quoted_id=_quoted_id(sent),
        quote_policy=quote_policy_from(sent) or user.default_quote_policy,
        application_id=app_id,
    )


async def changed_draft(reader: Reader, post: Post, sent: Parameters) -> Draft:
    """Return `post` with what was sent put in its place. Raises Invalid."""
    _refuse_unknown_kinds(sent)
    text, spoiler_text = sent.text("status"), sent.text("spoiler_text")
    sensitive, language = sent.flag("sensitive"), sent.text("language")
    if "media_ids" in sent:
        media_ids = _media_ids(sent)
    else:
        media_ids = [media.id for media in await list_media(reader, post.id)]
    return Draft(
        text=post.text if text is None else text,
        visibility=post.visibility,
        spoiler_text=post.spoiler_text if spoiler_text is None else spoiler_text,
        sensitive=post.sensitive if sensitive is None else sensitive,
        language=post.language if language is None else language or None,
        in_reply_to_id=post.in_reply_to_id,
        media_ids=tuple(media_ids),
        media_changes=tuple(_media_changes(sent)),
        poll=await _changed_poll(reader, post, sent),
    )


def _refuse_unknown_kinds(sent: Parameters) -> None:
    for name, message in NOT_YET.items():
        if sent.is_given(name):
            raise Invalid(f"Validation failed: {message}")


def quote_policy_from(sent: Parameters) -> str:
    """Return who may quote the post as it was asked for, "" if it was not. Raises Invalid."""
    word = sent.text("quote_approval_policy") or ""
    if word and word not in ("public", "followers", "nobody"):
        raise Invalid("Validation failed: Quote approval policy is not one of public, followers, nobody")
    return word


def _quoted_id(sent: Parameters) -> int | None:
    """Return what is quoted; what is no id is kept as one that nobody has, so that it is refused."""
    word = sent.text("quoted_status_id") or sent.text("quote_id")
    return (read_id(word) or 0) if word else None


def _visibility(sent: Parameters) -> str | None:
    word = sent.text("visibility")
    if not word:
        return None
    if word not in VISIBILITY_FROM_WORD:
        raise Invalid("Validation failed: Visibility is not one of public, unlisted, private, direct")
    return VISIBILITY_FROM_WORD[word]


def _poll(sent: Parameters) -> PollDraft | None:
    if not sent.is_given("poll"):
        return None
    poll = sent.nested("poll")
    return PollDraft(
        options=tuple(poll.texts("options")),
        expires_in=poll.whole("expires_in"),
        multiple=poll.is_set("multiple"),
        hide_totals=poll.is_set("hide_totals"),
    )


async def _changed_poll(reader: Reader, post: Post, sent: Parameters) -> PollDraft | None:
    """Return the poll as it is to be; what is not sent of it stays as it is."""
    wanted = _poll(sent)
    stored = await find_poll(reader, post.id) if wanted is not None else None
    if wanted is None or stored is None:
        return wanted
    poll = sent.nested("poll")
    return PollDraft(
        options=wanted.options if "options" in poll else tuple(title for title, _ in stored.options),
        expires_in=wanted.expires_in,
        multiple=wanted.multiple if "multiple" in poll else stored.multiple,
        hide_totals=wanted.hide_totals if "hide_totals" in poll else stored.hide_totals,
    )


def _media_ids(sent: Parameters) -> list[int]:
    """Return the media asked for. What is no id is kept as one that nobody has, so that it is refused."""
    texts = [text for text in sent.texts("media_ids") if text]
    return [read_id(text) or 0 for text in texts]


def _media_changes(sent: Parameters) -> list[MediaChange]:
    changes = []
    for entry in sent.items("media_attributes") or []:
        media_id = entry.identifier("id")
        if media_id is not None:
            changes.append(MediaChange(media_id, entry.text("description"), parse_focus(entry.text("focus") or "")))
    return changes
