"""What may be wrong with a sign-up, in words for people and, where an app asks, in the codes apps know. Pure."""

from collections.abc import Mapping, Sequence

from node.accounts.rules import check_username
from node.auth.rules import MAX_REASON, is_email, is_language, password_problems
from node.base.errors import Invalid

Fields = dict[str, list[str]]

_CODES = (
    ("can't be blank", "ERR_BLANK"),
    ("must be accepted", "ERR_ACCEPTED"),
    ("has already been taken", "ERR_TAKEN"),
    ("is reserved", "ERR_RESERVED"),
    ("is too short", "ERR_TOO_SHORT"),
    ("is too long", "ERR_TOO_LONG"),
    ("is not included in the list", "ERR_INCLUSION"),
)
"""How what is wrong begins, and its code; all else is ERR_INVALID."""


def sign_up_problems(
    *, username: str, email: str, password: str, reason: str = "", may_be_reserved: bool = False
) -> Fields:
    """Return all that is wrong, by field.

    An address that cannot be one is worded as one that is taken: who has an address here is not told (row 99).
    """
    problems: Fields = {}
    try:
        check_username(username, may_be_reserved=may_be_reserved)
    except Invalid as error:
        problems |= error.fields
    if not is_email(email.strip()):
        problems["email"] = ["cannot be used here"]
    weak = password_problems(password, username=username, email=email.strip())
    if weak:
        problems["password"] = weak
    if len(reason) > MAX_REASON:
        problems["reason"] = [f"is too long (at most {MAX_REASON} characters)"]
    return problems


def app_sign_up_problems(
    *, username: str, email: str, password: str, reason: str, agreement: bool, locale: str
) -> Fields:
    """Return all that is wrong with what an app sent; what is blank is said to be, and the rules must be agreed to."""
    problems = sign_up_problems(username=username, email=email, password=password, reason=reason)
    for field, value in (("username", username), ("email", email), ("password", password)):
        if not value.strip():
            problems[field] = ["can't be blank"]
    if not agreement:
        problems["agreement"] = ["must be accepted"]
    if locale and not is_language(locale):
        problems["locale"] = ["is not included in the list"]
    return problems


def refusal(fields: Mapping[str, Sequence[str]]) -> Invalid:
    """Return what an app is told: each field's words with their code, and all of them in one sentence."""
    details = {
        field: [{"error": _code(message), "description": message} for message in messages]
        for field, messages in fields.items()
    }
    words = ", ".join(f"{field.capitalize()} {text}" for field, messages in fields.items() for text in messages)
    return Invalid(f"Validation failed: {words}", fields=fields, details=details)


def _code(message: str) -> str:
    return next((code for beginning, code in _CODES if message.startswith(beginning)), "ERR_INVALID")
