"""What a form sent, read by name; and refusals, said beside the field they are about.

A handler reads a `Form`, calls a service, and on `Invalid` draws the same page again with `errors` and `form`
(everything that was typed, so nothing is lost). What is allowed is decided by the services.
"""

from collections.abc import Mapping
from typing import Any

from quart import request
from quart.datastructures import FileStorage

from node.base.errors import Invalid
from node.base.ids import read_id

MAX_FIELD = 200_000

LABELS: Mapping[str, str] = {
    "username": "The user name",
    "email": "The e-mail address",
    "password": "The password",
    "current_password": "The password",
    "text": "The text",
    "spoiler_text": "The warning",
    "emoji": "The emoji",
    "display_name": "The name",
    "note": "The bio",
    "fields": "The fields",
    "avatar": "The picture",
    "header": "The header",
    "media": "The media",
    "visibility": "The visibility",
    "language": "The language",
    "reason": "The reason",
    "invite": "The invitation",
}

Errors = dict[str, str]


class Form:
    """The fields of one submitted form. Absent is ""."""

    def __init__(self, values: Mapping[str, list[str]], files: Mapping[str, FileStorage]) -> None:
        self._values = values
        self._files = files

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """Return what was typed, line ends as `\\n`, without NUL."""
        found = self._values.get(name) or [""]
        return found[0][:MAX_FIELD].replace("\r\n", "\n").replace("\x00", "")

    def line(self, name: str) -> str:
        """Return what was typed in one line, without blanks around it."""
        return " ".join(self.text(name).split())

    def all(self, name: str) -> list[str]:
        """Return every value of a repeated field."""
        return [value[:MAX_FIELD] for value in self._values.get(name, [])]

    def ids(self, name: str) -> list[int]:
        """Return every value of a repeated field that is an id, in order, once."""
        found = [read_id(value) for value in self.all(name)]
        return list(dict.fromkeys(number for number in found if number is not None))

    def is_set(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.text(name) not in ("", "0")

    def file(self, name: str) -> FileStorage | None:
        """Return an upload; None when its field was left empty."""
        found = self._files.get(name)
        return found if found is not None and found.filename else None

    def typed(self) -> dict[str, Any]:
        """Return what to show again: every field but passwords and tokens."""
        return {
            name: self.text(name)
            for name in self._values
            if "password" not in name and name not in ("csrf_token", "token")
        }


async def read_form() -> Form:
    """Return the form of this request."""
    fields = await request.form
    files = await request.files
    named = [name for name in fields if name is not None]  # a part without a name is nobody's value
    return Form({name: fields.getlist(name) for name in named}, dict(files.items()))


def errors_of(problem: Invalid, *, rename: Mapping[str, str] | None = None, default: str = "form") -> Errors:
    """Return a refusal as sentences by field; `rename` maps a service's field to the form's."""
    found: Errors = {}
    for name, messages in problem.fields.items():
        field = (rename or {}).get(name, name)
        found[field] = " ".join(_sentence(field, message) for message in messages)
    return found or {default: problem.message}


def _sentence(field: str, message: str) -> str:
    text = message.strip()
    if text and not text[0].isupper():
        text = f"{LABELS.get(field, field.replace('_', ' ').capitalize())} {text}"
    return text if text.endswith((".", "!", "?")) else text + "."
