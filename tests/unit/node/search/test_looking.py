"""Looking at rows: bounded in time, and in a thread where there is much to look at (attack row 105)."""

import threading

from node.search.looking import ALWAYS, LITTLE, aside, matching
from node.search.matching import Row
from node.search.steps import Sequence, Token

WORDS = "|a| " * 2_000
ROWS = [Row(post_id=id_, words=f"{WORDS}|b|") for id_ in range(3, 0, -1)]


async def test_row_105_much_text_is_looked_at_beside_the_others() -> None:
    """Row 105: two thousand times the same word, and a phrase that almost stands there."""
    here = threading.get_ident()
    assert await aside(LITTLE, threading.get_ident) == here
    assert await aside(LITTLE + 1, threading.get_ident) != here
    nearly = Sequence((("a",),) * 50 + (("c",),))
    assert await matching(nearly, ROWS, stop_at=float("inf")) == ([], True)
    assert await matching(Token("b"), ROWS, stop_at=float("inf")) == ([3, 2, 1], True)
    many = [ROWS[0]] * (ALWAYS + 1)
    assert await matching(Token("b"), many, stop_at=0.0) == ([3] * ALWAYS, False)
