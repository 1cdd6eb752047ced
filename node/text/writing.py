"""From what a person typed to safe HTML: mentions, hashtags, links, paragraphs (client-api behaviour 19).

`render_text` serves posts and local bios; `find_handles` tells a door whom to look up before it calls
`publish`; `count_characters` is the length people see in the composer. All three read the text through one
tokeniser, so they never disagree on what is a mention or a link.

The tokeniser looks at each candidate (`@`, `#`, `http://`) once; its patterns are possessive and never tried
twice over the same characters, so its time is linear whatever is typed (attack row 58). Everything that is not
recognised is escaped text. Sanitising of remote HTML is `text/sanitising`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from federation.errors import MalformedDocument
from federation.origins import normalise_domain, split_uri
from federation.vocabulary import MAX_HASHTAG, MAX_URI
from node.base.settings import Settings
from node.text.lookalikes import in_one_script, shown
from node.uris import tag_url

URL_LENGTH: Final = 23
"""Characters a link counts for, however long it is."""
SHOWN_OF_URL: Final = 30
MAX_MENTIONS: Final = 50
"""Handles that are looked up for one text (row 54); further ones stay plain text."""
MAX_HASHTAGS: Final = 64
MAX_MARKS: Final = 8
"""Combining characters that come free with a letter; more of them count (row 29)."""

_CANDIDATE = re.compile(r"https?://|(?<![\w/@=])@(?=[A-Za-z0-9_])|(?<![\w/&=)#＃])[#＃](?=[^\s#＃])", re.IGNORECASE)
_URL = re.compile(r"[^\s<>\"\u200b\u3000-\u3002\u300a-\u3011\uff01\uff08\uff09\uff0c\uff1b\uff1f]++")
_USERNAME = re.compile(r"[A-Za-z0-9_]++(?:[.-]++[A-Za-z0-9_]++)*")
_DOMAIN = re.compile(r"@((?:\[[0-9A-Fa-f:.]{2,45}+\]|[^\W_]++(?:[.-]++[^\W_]++)*)(?::[0-9]{1,5}+(?![\w]))?)")
_URL_TAIL = ".,;:!?'\"*_~…’”»"
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_PREFIX = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
_HASHTAG_EXTRA = frozenset("_\u00b7\u30fb\u200c")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_NEW_LINES = re.compile(r"\r\n?|\u2028|\u2029|\x85")
_GAP = re.compile(r"\n(?:[ \t]*+\n)+")


@dataclass(frozen=True, slots=True)
class MentionTarget:
    """Whom a handle in a text means: the page to link to and the name shown after the `@`."""

    url: str
    username: str


@dataclass(frozen=True, slots=True)
class FoundHandle:
    """A handle as it stands in a text. `domain` is "" for `@name`, else normalised."""

    username: str
    domain: str

    @property
    def key(self) -> str:
        """What mappings of mentions are keyed by: `name` or `name@domain`, lower case."""
        return f"{self.username}@{self.domain}".lower() if self.domain else self.username.lower()


@dataclass(frozen=True, slots=True)
class RenderedText:
    """Safe HTML, hashtags as written (each once by `fold_hashtag`), and the keys of mentions that were linked."""

    html: str
    hashtags: tuple[str, ...]
    handles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["url", "mention", "hashtag"]
    start: int
    end: int
    value: str
    handle: FoundHandle | None = None


def clean_source(text: str) -> str:
    """Return typed text as it is stored: NFC, `\\n` line ends, no control characters, trimmed."""
    text = _CONTROLS.sub("", _NEW_LINES.sub("\n", text))
    return unicodedata.normalize("NFC", text).strip()


def render_text(text: str, *, mentions: Mapping[str, MentionTarget], settings: Settings) -> RenderedText:
    """Return a text as safe HTML. `mentions` is keyed by `FoundHandle.key`; handles not in it stay text."""
    text = clean_source(text)
    out: list[str] = []
    hashtags: dict[str, str] = {}
    linked: dict[str, None] = {}
    position = 0
    for token in _tokens(text):
        made: str | None = None
        if token.kind == "url":
            made = _link(token.value)
        elif token.kind == "hashtag":
            folded = fold_hashtag(token.value)
            if folded in hashtags or len(hashtags) < MAX_HASHTAGS:
                hashtags.setdefault(folded, token.value)
                made = _hashtag(token.value, settings)
        elif token.handle is not None:
            target = _target(token.handle, mentions, settings)
            if target is not None:
                linked[token.handle.key] = None
                made = _mention(target)
        if made is not None:
            out.append(escape(text[position : token.start], quote=False))
            out.append(made)
            position = token.end
    out.append(escape(text[position:], quote=False))
    return RenderedText(_paragraphs("".join(out)), tuple(hashtags.values()), tuple(linked))


def find_handles(text: str) -> list[FoundHandle]:
    """Return the handles in a text, each once, in order, at most `MAX_MENTIONS`."""
    found: dict[str, FoundHandle] = {}
    for token in _tokens(clean_source(text)):
        if token.handle is not None:
            found.setdefault(token.handle.key, token.handle)
            if len(found) == MAX_MENTIONS:
                break
    return list(found.values())


def find_links(text: str) -> list[str]:
    """Return the addresses in a text, each once, in order, at most `MAX_MENTIONS`."""
    found = (token.value for token in _tokens(clean_source(text)) if token.kind == "url")
    return list(dict.fromkeys(found))[:MAX_MENTIONS]


def with_marks_set_apart(
    text: str, *, mentions: Mapping[str, MentionTarget], settings: Settings
) -> tuple[str, dict[str, str], RenderedText]:
    """Return a text with a sign in place of each mention and hashtag, the HTML for each sign, and what was found.

    For text that something else renders (Markdown), which would not know them. The signs are of the private use
    area, of which nothing else is left in the text.
    """
    text = _PRIVATE.sub("", clean_source(text))
    out: list[str] = []
    signs: dict[str, str] = {}
    hashtags: dict[str, str] = {}
    linked: dict[str, None] = {}
    position = 0
    for token in _tokens(text):
        made: str | None = None
        if token.kind == "hashtag":
            folded = fold_hashtag(token.value)
            if folded in hashtags or len(hashtags) < MAX_HASHTAGS:
                hashtags.setdefault(folded, token.value)
                made = _hashtag(token.value, settings)
        elif token.handle is not None and (target := _target(token.handle, mentions, settings)) is not None:
            linked[token.handle.key] = None
            made = _mention(target)
        if made is not None:
            sign = f"\ue000{len(signs)}\ue001"
            signs[sign] = made
            out += (text[position : token.start], sign)
            position = token.end
    out.append(text[position:])
    return "".join(out), signs, RenderedText("", tuple(hashtags.values()), tuple(linked))


def count_characters(text: str) -> int:
    """Return a text's length as people count it: a link is 23, a handle its part before the domain.

    A letter with its combining marks, an emoji sequence and a flag count as one; of marks, `MAX_MARKS` are
    free for each letter.
    """
    text = clean_source(text)
    total, position = 0, 0
    for token in _tokens(text):
        if token.kind == "hashtag":
            continue
        total += _graphemes(text[position : token.start])
        total += URL_LENGTH if token.kind == "url" else len(token.value) + 1
        position = token.end
    return total + _graphemes(text[position:])


def fold_hashtag(name: str) -> str:
    """Return the form in which hashtags are matched: NFKC and casefolded, without `#` (OBJ-5), without what nobody
    sees and what mixes scripts unseen (`lookalikes`; row 105). "" for what shows nothing."""
    bare = name.lstrip("#＃")
    if bare.isascii():
        return bare.casefold()
    plain = in_one_script(shown(unicodedata.normalize("NFKC", bare)))
    return in_one_script(unicodedata.normalize("NFKC", plain.casefold()))


def shown_hashtag(name: str) -> str:
    """Return a hashtag as it is shown for all who use it: as it was written, but for what pretends."""
    return in_one_script(shown(name.lstrip("#＃")))


def is_hashtag(name: str) -> bool:
    """Whether a name, given without `#`, is all of one hashtag."""
    token = _hashtag_at(f"#{name}", 0)
    return token is not None and token.end == len(name) + 1


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while match := _CANDIDATE.search(text, position):
        start = match.start()
        if match[0] == "@":
            token = _mention_at(text, start)
        elif match[0] in {"#", "＃"}:
            token = _hashtag_at(text, start)
        else:
            run = _URL.match(text, start)
            assert run is not None
            token = _url_at(text, start, run.end())
            if token is None:  # nothing inside a run that only looks like a link is looked at again
                position = run.end()
                continue
        if token is not None:
            yield token
            position = token.end
        else:
            position = match.end()


def _mention_at(text: str, start: int) -> _Token | None:
    name = _USERNAME.match(text, start + 1)
    if name is None or len(name[0]) > 64:
        return None
    domain = _DOMAIN.match(text, name.end())
    if domain is not None and len(domain[1]) <= 260:
        try:
            handle = FoundHandle(name[0], normalise_domain(domain[1]))
            return _Token("mention", start, domain.end(), name[0], handle)
        except MalformedDocument:
            return None
    after = text[name.end() : name.end() + 1]
    if after == "@" or (after.isalnum() and not after.isascii()):
        return None  # @name@ and @naïve are no handles
    return _Token("mention", start, name.end(), name[0], FoundHandle(name[0], ""))


def _hashtag_at(text: str, start: int) -> _Token | None:
    end, has_letter = start + 1, False
    limit = min(len(text), start + MAX_HASHTAG + 2)
    while end < limit:
        character = text[end]
        if character in _HASHTAG_EXTRA:
            pass
        else:
            category = unicodedata.category(character)
            if category[0] not in "LNM":
                break
            has_letter = has_letter or category[0] == "L"
        end += 1
    name = text[start + 1 : end].rstrip("\u00b7\u30fb\u200c")
    if not has_letter or len(name) > MAX_HASHTAG or not 0 < len(fold_hashtag(name)) <= MAX_HASHTAG:
        return None
    return _Token("hashtag", start, start + 1 + len(name), name)


def _url_at(text: str, start: int, end: int) -> _Token | None:
    if end - start > MAX_URI * 2:
        return None
    opened = {closing: text.count(opening, start, end) for closing, opening in _BRACKETS.items()}
    closed = {closing: text.count(closing, start, end) for closing in _BRACKETS}
    while end > start:
        last = text[end - 1]
        if last in _BRACKETS and closed[last] > opened[last]:
            closed[last] -= 1
        elif last not in _URL_TAIL:
            break
        end -= 1
    url = text[start:end]
    try:
        split_uri(url)
    except MalformedDocument:
        return None
    return _Token("url", start, end, url)


def _target(handle: FoundHandle, mentions: Mapping[str, MentionTarget], settings: Settings) -> MentionTarget | None:
    if handle.key in mentions:
        return mentions[handle.key]
    if handle.domain in settings.local_domains:
        return mentions.get(handle.username.lower())
    return None


def _mention(target: MentionTarget) -> str:
    return (
        f'<span class="h-card" translate="no"><a href="{escape(target.url)}" class="u-url mention">'
        f"@<span>{escape(target.username)}</span></a></span>"
    )


def _hashtag(name: str, settings: Settings) -> str:
    url = escape(tag_url(settings, fold_hashtag(name)))
    return f'<a href="{url}" class="mention hashtag" rel="tag">#<span>{escape(name)}</span></a>'


def _link(url: str) -> str:
    prefix = _PREFIX.match(url)
    hidden = prefix.end() if prefix else 0
    host_end = next((i for i in range(hidden, len(url)) if url[i] in "/?#"), len(url))
    shown_end = max(hidden + SHOWN_OF_URL, host_end)  # the true host is always whole (attack row 79)
    shown, rest = url[hidden:shown_end], url[shown_end:]
    css = ' class="ellipsis"' if rest else ""
    return (
        f'<a href="{escape(url)}" rel="nofollow noopener" translate="no" target="_blank">'
        f'<span class="invisible">{escape(url[:hidden])}</span><span{css}>{escape(shown)}</span>'
        f'<span class="invisible">{escape(rest)}</span></a>'
    )


def _paragraphs(html: str) -> str:
    if not html:
        return ""
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in _GAP.split(html))


def _graphemes(text: str) -> int:
    if text.isascii():
        return len(text)
    total, marks, joined, half_flag = 0, 0, False, False
    for character in text:
        code = ord(character)
        is_flag = 0x1F1E6 <= code <= 0x1F1FF
        extends = (
            unicodedata.category(character) in {"Mn", "Mc", "Me"}
            or code in {0x200C, 0x200D}
            or 0x1F3FB <= code <= 0x1F3FF
            or 0xE0020 <= code <= 0xE007F
        )
        if total and marks < MAX_MARKS and (extends or (joined and code > 0x2000) or (is_flag and half_flag)):
            marks += 1
        else:
            total, marks = total + 1, 0
        half_flag = is_flag and not half_flag
        joined = code == 0x200D
    return total
