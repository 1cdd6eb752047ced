"""How paths are read: ids of digits only, and no redirect for a slash at the end (client-api behaviour 5).

Rules only read addresses; `node/uris` writes them. So no rule is given the code that would build one, which would take
most of the time that making an application takes: a fifth of a second for a few hundred routes.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from quart import Quart
from quart.routing import QuartRule
from werkzeug.routing import BaseConverter, ValidationError

from node.base.ids import MAX_ID


class IdConverter(BaseConverter):
    """`<id:post_id>`: 1 to 19 digits within 63 bits. Anything else is another path, so it answers 404."""

    regex = r"[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """Return the id."""
        number = int(value)
        if number > MAX_ID:
            raise ValidationError
        return number

    def to_url(self, value: object) -> str:
        """Return the digits."""
        return str(value)


class ReadingRule(QuartRule):
    """A rule by which no address is written."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Any]:
        return _nothing_is_built


def _nothing_is_built(rule: object, **values: object) -> NoReturn:
    raise NotImplementedError(f"Addresses are written by node.uris, not from {rule}")


def install(app: Quart) -> None:
    """Teach `app`'s map. Must run before any route is added."""
    app.url_rule_class = ReadingRule
    app.url_map.converters["id"] = IdConverter
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
