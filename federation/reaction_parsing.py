"""Reactions with an emoji: what a Like or EmojiReact says beyond "I like this" (ACV-6, FEP-c0e0). Pure.

The emoji stands in `content` (Pleroma, Mitra) or `_misskey_reaction`: one emoji of Unicode, or `:shortcode:` with one
Emoji tag beside it. Anything else is no reaction, and its activity a plain like.
"""

import re
from dataclasses import dataclass

from federation.documents import Document, natural_text, text_of
from federation.tag_parsing import RemoteEmoji, parse_emojis

MAX_CODEPOINTS = 40

_PRESENTATION = "\ufe0f"
_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
)
_ELEMENT = f"{_BASE}[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
_GRAPHEME = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\u20e3|{_ELEMENT}(?:\u200d{_ELEMENT})*")
_SHORTCODE = re.compile(r":([A-Za-z0-9_+-]{1,100})(?:@[^:\s]{0,253})?:")


@dataclass(frozen=True, slots=True)
class RemoteReaction:
    """One emoji: of Unicode (`emoji` None) or a custom one, which may be of a third host."""

    name: str
    """The emoji itself, or the shortcode without colons."""
    emoji: RemoteEmoji | None = None


def parse_reaction(document: Document) -> RemoteReaction | None:
    """Return the reaction that a Like or EmojiReact carries, None for a plain like."""
    content = text_of(document.get("_misskey_reaction")) or natural_text(document, "content")[0]
    if content is None or len(content) > 400:
        return None
    unicode = read_unicode_emoji(content)
    if unicode is not None:
        return RemoteReaction(unicode)
    named = _SHORTCODE.fullmatch(content.strip())
    if named is None:
        return None
    tags = [emoji for emoji in parse_emojis(document.get("tag")) if emoji.shortcode == named[1]]
    return RemoteReaction(named[1], tags[0]) if len(tags) == 1 else None


def read_unicode_emoji(text: str) -> str | None:
    """Return the one emoji that a text is, always spelled the same way; None when it is anything else.

    The selector that asks for colours is left out where it says nothing and put in where it does, so that two
    spellings of one emoji are counted together.
    """
    bare = text.strip().replace(_PRESENTATION, "").replace("\ufe0e", "")
    if not 0 < len(bare) <= MAX_CODEPOINTS or not _GRAPHEME.fullmatch(bare):
        return None
    if len(bare) == 1 and ord(bare) < 0x10000:
        return bare + _PRESENTATION
    if len(bare) == 2 and bare[1] == "\u20e3":
        return f"{bare[0]}{_PRESENTATION}{bare[1]}"
    return bare
