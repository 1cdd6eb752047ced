"""Every requirement of the protocol is held by a test, and every row of the attack catalogue that concerns the wire."""

import re

import pytest

from tests.support.requirements import NOT_BUILT, PAGE, REQUIREMENTS, ROOT, ROWS, Held, collect

FOUND = collect()


@pytest.mark.parametrize("id_", [id_ for id_, (priority, _) in REQUIREMENTS.items() if priority != "P2"])
def test_a_requirement_is_held(id_: str) -> None:
    """By a test that names it, unless it is written down that it is not built."""
    assert bool(FOUND.get(id_)) != (id_ in NOT_BUILT), f"{id_}: {REQUIREMENTS[id_][1]}"


@pytest.mark.parametrize("row", [row for rows in ROWS.values() for row in rows])
def test_a_row_is_held(row: int) -> None:
    assert FOUND.get(f"row {row}"), f"row {row} of the attack catalogue is named by no test"


def test_the_page_names_what_there_is() -> None:
    """Mend with: make requirements."""
    page = PAGE.read_text(encoding="utf-8")
    for id_ in REQUIREMENTS:
        assert f"\n| {id_} |" in page
    for rows in ROWS.values():
        assert all(f"| {row} |" in page for row in rows)
    there = {(one.path, one.name) for held in FOUND.values() for one in held}
    for name, path in re.findall(r"\[(test_\w+)\]\(\.\./(tests/[^)]+)\)", page):
        assert (ROOT / path).is_file(), path
        assert (path, name) in there or name == path.rpartition("/")[2].removesuffix(".py"), f"{path}: {name}"


def test_how_tests_are_read() -> None:
    """Ids in names and docstrings, ranges of both kinds, and no FEP's number for a requirement."""
    from tests.support.requirements import _keys

    keys = set(_keys("test_sig_23_and_rows_21_and_26_x", "COL-4 to COL-6, FEP-8b32, rows 61 to 63 and 66."))
    assert keys == {"SIG-23", "COL-4", "COL-5", "COL-6", *(f"row {n}" for n in (21, 26, 61, 62, 63, 66))}
    assert Held("a", "b") != Held("a", "")
