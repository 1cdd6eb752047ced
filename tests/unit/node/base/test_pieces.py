"""Work in pieces."""

import time

import pytest

from node.base.db import pieces
from node.base.db.pieces import briefly


def test_one_at_least_is_taken_and_as_many_as_there_is_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(seconds: float) -> int:
        number = 0
        for _ in briefly(range(999)):
            time.sleep(seconds)
            number += 1
        return number

    assert list(briefly([])) == []
    assert 1 <= taken(0.002) < 10
    monkeypatch.setattr(pieces, "BRIEF_SECONDS", 0)
    assert taken(0.001) == 1
    monkeypatch.setattr(pieces, "BRIEF_SECONDS", 60)
    assert taken(0) == 999
