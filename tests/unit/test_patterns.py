"""Regular expressions mean the same in every Python that we run on."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
POSSESSIVE_GROUP = re.compile(r"(?<![\\(])\)(?:[+*?]|\{[\d,]+\})\+|\(\?>")


@pytest.mark.parametrize("package", ["admin", "federation", "inbox", "node", "outbox"])
def test_no_group_is_repeated_possessively(package: str) -> None:
    """Before 3.11.5, and Debian 12 has 3.11.2, such a group keeps what its last, failed turn had read: `@bob.` would
    be read as a handle with its full stop. A possessive character or class, `[a-z]++`, is right everywhere."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if POSSESSIVE_GROUP.search(line)
    ]
    assert not found
