"""A post as the engines know it: one line of tokens. Pure; what it is made from comes from `queries`.

`words` is the document: its marks, then its spots in order, each as `|token|token|` between spaces. Whether a document
holds a token, a beginning or a phrase is thus a search for a piece of text, the same in Python, SQLite and PostgreSQL.
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from node.search.analysis import MAX_SPOTS, Spot, mark, spots, tag_token
from node.search.stems import base_language, languages_of

MAX_NAMED: Final = 64
MAX_LOOKED_AT: Final = 2_000
"""Characters that are looked at for the language of a post."""
MAX_CARD: Final = 500
"""Characters of a page's title or description that are searched."""
MAX_WORDS: Final = 40_000
"""Characters of a document: a search holds hundreds of them in memory (attack row 105)."""
_TAG: Final = re.compile(r"<(/?)([a-zA-Z0-9]+)([^>]*)>")
_HREF: Final = re.compile(r'<a\b[^>]*?\bhref="(https?://[^"]++)"[^>]*+>')
_BLOCKS: Final = frozenset({"p", "br", "li", "ul", "ol", "blockquote", "pre", "div", "h1", "h2", "h3", "h4"})
_MAX_LINKS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Somebody a post names."""

    account_id: int
    username: str
    domain: str
    """The domain in the handle, that of our own people too."""
    is_local: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a document is made from."""

    post_id: int
    author_id: int
    content: str
    title: str = ""
    spoiler_text: str = ""
    language: str | None = None
    is_local: bool = False
    is_reply: bool = False
    is_sensitive: bool = False
    is_quote: bool = False
    named: Sequence[Named] = ()
    hashtags: Sequence[str] = ()
    media: Sequence[tuple[str, str]] = ()
    """(kind, description)."""
    poll_options: Sequence[str] = ()
    card: tuple[str, str] = ("", "")
    """The title and the description of the page it links to, as they are shown with it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A post as an engine takes it."""

    post_id: int
    author_id: int
    words: str

    @property
    def tokens(self) -> frozenset[str]:
        """Every token, marks too."""
        return tokens_of(self.words)


def tokens_of(words: str) -> frozenset[str]:
    """Return the tokens of a document."""
    return frozenset(words.replace(" ", "").split("|")) - {""}


def document_of(source: Source) -> Document:
    """Return the document of a post."""
    marks = tuple(dict.fromkeys(_marks(source, base_language(source.language))))
    body: list[Spot] = []
    texts = [text for text in _texts(source) if text]
    languages = languages_of(source.language, " ".join(texts)[:MAX_LOOKED_AT])
    left = MAX_WORDS
    for text in texts:
        found = 0
        for spot in spots(text, languages):
            left -= sum(len(token) + 1 for token in spot)
            if len(body) >= MAX_SPOTS or left < 0:
                break
            body.append(spot)
            found += 1
        if found:
            body.append(())  # no phrase reaches from one text into the next
    return Document(source.post_id, source.author_id, " ".join(f"|{'|'.join(spot)}|" for spot in (marks, *body)))


def _texts(source: Source) -> Iterator[str]:
    yield source.spoiler_text
    yield source.title
    plain = text_of(source.content)
    yield plain
    links = [html.unescape(url) for url in _HREF.findall(source.content)[:_MAX_LINKS]]
    tail = [url for url in links if url not in plain and f"@{url.rpartition('/@')[2]}" not in plain]
    yield " ".join(url for url in dict.fromkeys(tail) if not _is_of_hashtag(url, source.hashtags))
    for _, description in source.media:
        yield description
    yield from source.poll_options
    for words in source.card:
        yield words[:MAX_CARD]


def _is_of_hashtag(url: str, hashtags: Iterable[str]) -> bool:
    last = unquote(url.rstrip("/").rpartition("/")[2]).casefold()
    return any(last == name.casefold() for name in hashtags)


def _marks(source: Source, language: str) -> Iterator[str]:
    yield mark("from", source.author_id)
    for named in source.named[:MAX_NAMED]:
        yield mark("to", named.account_id)
        name = f"@{named.username.lower()}"
        yield f"{name}@{named.domain.lower().replace(':', '.')}"
        if named.is_local:
            yield name
    for hashtag in source.hashtags[:MAX_NAMED]:
        yield tag_token(hashtag)
    if language:
        yield mark("lang", language)
    for flag, holds in (
        (mark("is", "local"), source.is_local),
        (mark("is", "reply"), source.is_reply),
        (mark("is", "sensitive"), source.is_sensitive),
        (mark("is", "quote"), source.is_quote),
        (mark("has", "poll"), bool(source.poll_options)),
        (mark("has", "link"), has_link(source.content)),
        (mark("has", "media"), bool(source.media)),
    ):
        if holds:
            yield flag
    for kind, _ in source.media:
        yield mark("has", "video" if kind == "gifv" else kind)


def has_link(content: str) -> bool:
    """Whether a post links to something that is neither a person nor a hashtag."""
    return any(
        'href="http' in tag and not re.search(r'class="[^"]*\b(?:mention|hashtag)\b', tag)
        for tag in re.findall(r"<a\b[^>]*+>", content)
    )


def text_of(content: str) -> str:
    """Return the words of HTML that was sanitised when it was stored."""

    def gap(match: re.Match[str]) -> str:
        return "\n" if match[2].lower() in _BLOCKS else ""

    return html.unescape(_TAG.sub(gap, content))
