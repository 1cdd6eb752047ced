"""Markdown of other servers (PeerTube's descriptions) as safe HTML (OBJ-2). Called when a remote post is stored.

What our operators write for everybody is Markdown too (`render_rich`); our own people's text is none, that is
`writing`. What comes out has passed the one sanitiser.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from markdown_it import MarkdownIt

from node.base.settings import Settings
from node.text.sanitising import clean_html
from node.text.writing import MentionTarget, RenderedText, render_text, with_marks_set_apart

MAX_MARKDOWN: Final = 10_000
"""Longer texts are shown as they were typed: nested brackets cost more than their length (row 58)."""

_BARE_LINK = re.compile(r"(?<![\w(<\[\"'=/`])https?://[^\s<>()\[\]`]+[^\s<>()\[\]`.,;:!?*_'\"]")


def render_markdown(text: str, *, settings: Settings) -> str:
    """Return safe HTML; raw HTML inside the Markdown stays text."""
    if len(text) > MAX_MARKDOWN:
        return render_text(text, mentions={}, settings=settings).html
    html = str(_parser().render(_BARE_LINK.sub(lambda found: f"<{found[0]}>", text)))
    return clean_html(html.replace("\n<", "<").strip())


def render_rich(text: str, *, mentions: Mapping[str, MentionTarget], settings: Settings) -> RenderedText:
    """Return Markdown as safe HTML in which mentions and hashtags are links as in posts: what operators write."""
    apart, signs, found = with_marks_set_apart(text, mentions=mentions, settings=settings)
    html = render_markdown(apart, settings=settings)
    for sign, made in signs.items():
        html = html.replace(sign, made)
    return replace(found, html=html)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "breaks": True})
