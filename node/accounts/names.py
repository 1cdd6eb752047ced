"""Whom a search for people finds: by the beginnings of the words of their names, whatever their case and accents.

Each account has a row for each word of its username and its display name (`AccountWord`), kept by `note_names` where
either changes. Of what is written without spaces each place begins a word, so a name is found by any part of it.

A search ranks no more than some thousand accounts, however many there are whose names begin so: the first by name here
and elsewhere, and all of whom the viewer follows and who have many followers.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, literal_column, select, union_all
from sqlalchemy.orm import aliased

from node.accounts.models import Account, AccountWord
from node.accounts.relations import FOLLOWS
from node.base.db.inserts import insert_where_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.text.scripts import SPACELESS

MAX_WORDS: Final = 24
"""Words that one account is found by."""
MAX_WORD: Final = 32
MAX_SEARCH_WORDS: Final = 8
LOOKED_AT: Final = 1_000
"""Accounts of one kind that a search ranks."""
SIFTED: Final = 20_000
"""Names with the rarest of several words in which the others are looked for."""
WELL_KNOWN: Final = 2_000
"""Accounts with many followers that a search looks through."""

_BEYOND: Final = "\U0010ffff"
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_LETTERS: Final = str.maketrans("ıłŁøØđĐħŧ", "ilLoOdDht")
"""Letters that no accent can be taken from, though people leave it out."""
_INNER: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word begins inside of one: JohnSmith is found by Smith too."""
_PIECE: Final = re.compile(r"[^\W_]+|[\u2190-\u2bff\U0001f000-\U0001fbff]")


def words_of(text: str) -> list[str]:
    """Return the words of a name, or of what is looked for, each once and in order."""
    return list(dict.fromkeys(word[:MAX_WORD] for word in _words(text)))


def name_words(username: str, display_name: str) -> frozenset[str]:
    """Return the words that an account is found by."""
    found: dict[str, None] = {}
    names = f"{username} {display_name}"
    for word in words_of(f"{names} {_INNER.sub(' ', names)}"):
        for place in range(len(word) if SPACELESS.match(word) else 1):
            found[word[place:]] = None
    return frozenset(list(found)[:MAX_WORDS])


async def note_names(uow: UnitOfWork, account: Account) -> None:
    """Have an account found by the names it has now."""
    wanted = name_words(account.username, account.display_name)
    known = set(await uow.scalars(select(AccountWord.word).where(AccountWord.account_id == account.id)))
    if gone := known - wanted:
        await uow.write(delete(AccountWord).where(AccountWord.account_id == account.id, AccountWord.word.in_(gone)))
    rows = [{"here": account.is_local, "word": word, "account_id": account.id} for word in sorted(wanted - known)]
    if rows:
        await insert_where_absent(uow, AccountWord, rows)


async def forget_names(uow: UnitOfWork, account_id: int) -> None:
    """Have an account found by nothing."""
    await uow.write(delete(AccountWord).where(AccountWord.account_id == account_id))


async def rarest_first(reader: Reader, words: Sequence[str]) -> list[str]:
    """Return what is looked for with the word first that begins the fewest names."""
    words = words[:MAX_SEARCH_WORDS]
    if len(words) < 2:
        return list(words)
    found = (await reader.execute(select(*(_count(word, True) + _count(word, False) for word in words)))).one()
    return [word for _, word in sorted(zip(found, words, strict=True), key=lambda each: each[0])]


def _count(word: str, here: bool) -> ColumnElement[int]:
    """SQL: how many names here or elsewhere a word begins, as far as they are looked through."""
    one = aliased(AccountWord)
    some = select(one.account_id).where(one.here.is_(here), _begins(one, word)).limit(SIFTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def candidates(words: Sequence[str], username: str, viewer_id: int | None) -> Any:
    """SQL: ids of accounts whose names have all these words (rarest first), or that are called `username`; some of them
    several times."""
    named = select(Account.id).where(Account.username_folded == username).limit(LOOKED_AT).subquery()
    found = [select(named.c.id)]
    if words:
        for here in (True, False):
            one = aliased(AccountWord)
            begin = select(one.account_id).where(one.here.is_(here), _begins(one, words[0]))
            sifted = begin.order_by(one.word, one.account_id).limit(SIFTED).subquery()
            some = select(sifted.c.account_id).where(*_has(words[1:], sifted.c.account_id)).limit(LOOKED_AT).subquery()
            found.append(select(some.c.account_id))
        many = Account.followers_count >= literal_column("50")  # as its partial index spells it
        known = select(Account.id).where(many).order_by(Account.followers_count.desc()).limit(WELL_KNOWN).subquery()
        found.append(select(known.c.id).where(*_has(words, known.c.id)))
    if words and viewer_id is not None:
        follow = FOLLOWS.alias()
        followed = follow.c.follower_id == viewer_id, follow.c.accepted_at.is_not(None)
        found.append(select(follow.c.followee_id).where(*followed, *_has(words, follow.c.followee_id)))
    return union_all(*found)


def _has(words: Sequence[str], account_id: Any) -> list[ColumnElement[bool]]:
    one = aliased(AccountWord)
    return [
        select(one.account_id).where(one.account_id == account_id, _begins(one, word)).correlate_except(one).exists()
        for word in words
    ]


def _begins(one: Any, word: str) -> ColumnElement[bool]:
    """A range, which an index serves in either database; a LIKE might not."""
    return and_(one.word >= word, one.word < word + _BEYOND)


def _words(text: str) -> Iterator[str]:
    for piece in _PIECE.finditer(_plain(text)):
        position = 0
        for run in SPACELESS.finditer(piece[0]):
            if run.start() > position:
                yield piece[0][position : run.start()]
            yield run[0]
            position = run.end()
        if position < len(piece[0]):
            yield piece[0][position:]


def _plain(text: str) -> str:
    """Return a text in lower case, without accents."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.lower()))
    return unicodedata.normalize("NFC", bare.translate(_LETTERS))
