"""Text compared without case and accents, by either database: `plain_text(column)` in SQL, `as_plain` in Python."""

import re
import sqlite3
import unicodedata
from typing import Any, Final

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_WHOLE: Final = "ıłŁøØđĐħŧ"
_BARE: Final = "ilLoOdDht"
"""Letters that no accent can be taken from, though people leave it out."""
_LETTERS: Final = str.maketrans(_WHOLE, _BARE)


class plain_text(FunctionElement[str]):  # noqa: N801 - a function of SQL
    """SQL: a text in lower case, without accents."""

    type = String()
    inherit_cache = True


@compiles(plain_text, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"plain_text({compiler.process(element.clauses, **options)})"


@compiles(plain_text, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    # The accents go first: under the C locale `lower` knows none of the letters that have some.
    bare = f"regexp_replace(normalize({text}, NFKD), '[\u0300-\u036f]', '', 'g')"
    return f"lower(translate({bare}, '{_WHOLE}', '{_BARE}'))"


def as_plain(text: str) -> str:
    """Return a text in lower case, without accents."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.lower())).translate(_LETTERS)


def teach(connection: sqlite3.Connection) -> None:
    """Let a connection to SQLite call it."""
    connection.create_function("plain_text", 1, as_plain, deterministic=True)
