"""Pages of strangers: what is cut of one that is nested too deeply (attack row 58)."""

import pytest

from federation.pages import MAX_OPEN, honest_length, parse_page


@pytest.mark.parametrize(
    "evil",
    ["<div>", "<b><i>", "<div></x>", "<div><table></div>", "<svg><g></svg>", "<DIV>", "<div\n"],
)
def test_row_58_a_page_is_read_as_deep_as_an_honest_one(evil: str) -> None:
    page = f"<title>T</title>{evil * 300_000}"
    assert honest_length(page) < 20 * MAX_OPEN + 100
    title = parse_page(page).css_first("title")
    assert title is not None
    assert title.text().startswith("T")


@pytest.mark.parametrize(
    "honest", ["<div><p>x</div>", "<li>x", "<br>", "<td>x</td>", "<a href=x>y</a><img src=z>", "<p>x"]
)
def test_an_honest_page_is_read_whole(honest: str) -> None:
    page = f"<body>{honest * 20_000}</body>"
    assert honest_length(page) == len(page)
