"""What somebody prefers: how their posts begin and how their pages look. Part of the service."""

from zoneinfo import available_timezones

from node.auth.models import User
from node.auth.queries import get_user
from node.auth.rules import is_language
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid


async def update_preferences(
    uow: UnitOfWork,
    account_id: int,
    *,
    default_visibility: str | None = None,
    default_sensitive: bool | None = None,
    default_language: str | None = None,
    default_quote_policy: str | None = None,
    locale: str | None = None,
    theme: str | None = None,
    time_zone: str | None = None,
) -> User:
    """Change preferences; None leaves one as it is, "" clears a language. Raises Invalid, NotFound."""
    user = await get_user(uow, account_id)
    problems: dict[str, list[str]] = {}
    if default_visibility is not None and default_visibility not in ("public", "unlisted", "followers", "direct"):
        problems["source[privacy]"] = ["is not a visibility"]
    if default_quote_policy is not None and default_quote_policy not in ("public", "followers", "nobody", "manual"):
        problems["source[quote_policy]"] = ["is not one of public, followers, nobody"]
    if theme is not None and theme not in ("auto", "light", "dark"):
        problems["theme"] = ["must be auto, light or dark"]
    if time_zone is not None and time_zone not in available_timezones():
        problems["time_zone"] = ["is not a time zone"]
    for name, code in (("source[language]", default_language), ("locale", locale)):
        if code and not is_language(code):
            problems[name] = ["is not a language code"]
    if problems:
        raise Invalid(fields=problems)
    if default_visibility is not None:
        user.default_visibility = default_visibility
    if default_sensitive is not None:
        user.default_sensitive = default_sensitive
    if default_language is not None:
        user.default_language = default_language or None
    if default_quote_policy is not None:
        user.default_quote_policy = default_quote_policy
    if locale is not None:
        user.locale = locale or "en"
    if theme is not None:
        user.theme = theme
    if time_zone is not None:
        user.time_zone = time_zone
    await uow.flush()
    return user
