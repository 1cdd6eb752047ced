"""Markdown of other servers (OBJ-2): rendered, then cleaned; attack rows 58 and 75."""

import pytest

from node.base.settings import Settings
from node.text.markdown import MAX_MARKDOWN, render_markdown

SETTINGS = Settings()


def test_obj_2_markdown_becomes_html() -> None:
    html = render_markdown(
        "# Head\n\nSome *words* and **more**\nnext https://a.example/b_c.\n\n* one\n* two", settings=SETTINGS
    )
    assert "<strong>Head</strong>" in html
    assert "<em>words</em>" in html
    assert 'href="https://a.example/b_c"' in html
    assert html.count("<li>") == 2


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,hi)",
        "![x](https://a.example/t.png)",
        '<img src=x onerror="alert(1)">',
        '<https://a.example/"onclick=alert(1)>',
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_row_75_markdown_brings_no_script_and_no_picture(text: str) -> None:
    html = render_markdown(text, settings=SETTINGS)
    for forbidden in ("<script", "<img", 'href="javascript', 'href="data', " onclick="):
        assert forbidden not in html


@pytest.mark.parametrize("piece", ["[", "*a", "![a](", "> ", "`", "*a_", "- ", "[a](", "<a ", "https://a."])
def test_row_58_nested_marks_are_bounded(piece: str) -> None:
    """What is longer than the limit is not parsed at all; the rest comes to an end."""
    assert "script" not in render_markdown(piece * (MAX_MARKDOWN // len(piece)), settings=SETTINGS)
    assert "<em>" not in render_markdown(f"*b* {piece * MAX_MARKDOWN}", settings=SETTINGS)
