"""Work in pieces."""

from types import SimpleNamespace

import pytest

from node.base.db import pieces
from node.base.db.pieces import briefly


def test_one_at_least_is_taken_and_as_many_as_there_is_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(pieces, "time", SimpleNamespace(monotonic=lambda: now))

    def taken(milliseconds: int) -> int:
        nonlocal now
        number = 0
        for _ in briefly(range(999)):
            now += milliseconds / 1000
            number += 1
        return number

    assert list(briefly([])) == []
    assert taken(3) == 4
    assert taken(60_000) == 1
    assert taken(0) == 999
