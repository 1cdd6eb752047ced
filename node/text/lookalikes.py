"""What a name shows, in place of what it is written with: characters nobody sees, letters that look like others. Pure,
and the only place that knows what to do about them (attack row 105).

Three strengths, for three uses:

* `shown` takes out what shows nothing (zero-width and direction signs, soft hyphens, variation selectors, fillers) and
  what only strikes letters through. Joiners stay where letters are joined or shaped by them (Arabic, Indic scripts).
* `in_one_script` writes a word that mixes scripts in one, where all its letters of the other only look like it:
  `p\u0430yp\u0430l` with Cyrillic letters is `paypal`. A word that is all of one script is left as it is, so honest
  Cyrillic, Greek, Armenian and everything else stays what it says. Both serve what is *matched*: hashtags, filters,
  words of a search.
* `skeleton` is what a word looks like, whatever it is written with: a whole Cyrillic word too. Two words with one
  skeleton are two words that nobody tells apart; for judging by appearance only (what moderators ruled out, which of
  two look-alikes trends), never for what something is.

Full-width, mathematical, superscript letters and the like are taken care of by NFKC, which comes first everywhere.
"""

import re
import unicodedata
from typing import Final

from federation.vocabulary import INVISIBLE

_OVERLAYS: Final = "\u0334-\u0338\u0488\u0489\u20d0-\u20f0"
_SHAPED: Final = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc"
_UNSEEN: Final = re.compile(f"(?<=[{_SHAPED}])[\u200c\u200d](?=[{_SHAPED}])|([{INVISIBLE}{_OVERLAYS}])")
_UNSEEN_IN_LINE: Final = re.compile("[\x00-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

_SMALL_CAPITALS: Final = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡ", "abcdefghijklmnoprstuvwyzag", strict=True))
_LATIN_OF: Final = {
    **dict(zip("аеорсухіјѕԛԝһԁӏүғАВЕКМНОРСТУХІЈЅԚԜҮӀЁёЇї", "aeopcyxijsqwhdlyfABEKMHOPCTYXIJSQWYIËëÏï", strict=True)),
    **dict(zip("ονρϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovpcjABEZHIKMNOPTYX", strict=True)),
    **dict(zip("օսզհոց", "ouqhng", strict=True)),
}  # fmt: skip
_CYRILLIC_OF: Final = dict(zip("aeopcyxijshABEKMHOPCTYXIJS", "аеорсухіјѕһАВЕКМНОРСТУХІЈЅ", strict=True))
_GREEK_OF: Final = dict(zip("ovpABEZHIKMNOPTYX", "ονρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", strict=True))
_TO_PLAIN: Final = str.maketrans(_SMALL_CAPITALS)
_TO_LATIN: Final = str.maketrans(_LATIN_OF)
_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_OTHER: Final = re.compile("[\u0370-\u052f\u0530-\u058f\u1f00-\u1fff]")
_CYRILLIC: Final = re.compile("[\u0400-\u052f]")
_GREEK: Final = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
_WORD: Final = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_PILED: Final = re.compile("([A-Za-z\u00c0-\u024f\u1e00-\u1eff\u0370-\u052f\u1f00-\u1fff])[\u0300-\u036f]+")


def shown(text: str) -> str:
    """Return a text without what shows nothing."""
    if text.isascii():
        return text
    return _UNSEEN.sub(lambda match: "" if match[1] else match[0], text)


def in_one_script(text: str) -> str:
    """Return a text whose words of mixed scripts, where that cannot be seen, are of one."""
    if text.isascii():
        return text
    plain = text.translate(_TO_PLAIN)
    if not (_LATIN.search(plain) and _OTHER.search(plain)):
        return plain
    return _WORD.sub(_unmixed_word, plain)


def without_piled_marks(text: str) -> str:
    """Return a composed text without marks on letters that no letter has: what is only there to break a word up."""
    return text if text.isascii() else _PILED.sub(r"\1", text)


def skeleton(folded: str) -> str:
    """Return what a folded name looks like."""
    if folded.isascii():
        return folded
    plain = without_piled_marks(unicodedata.normalize("NFC", folded.translate(_TO_LATIN)))
    return plain.replace("\u200c", "").replace("\u200d", "")


def plain_line(text: str) -> str:
    """Return a text as one line that shows all it says, in its order; emoji stay whole."""
    return unicodedata.normalize("NFC", _UNSEEN_IN_LINE.sub("", " ".join(text.split()))).strip()


def _unmixed_word(match: re.Match[str]) -> str:
    """Write a word in one script, or else each of the pieces that digits and underscores divide it into."""
    word = match[0]
    whole = _unmixed(word)
    return whole if whole != word else _LETTERS.sub(lambda piece: _unmixed(piece[0]), word)


def _unmixed(word: str) -> str:
    latin, other = _LATIN.findall(word), _OTHER.findall(word)
    if not latin or not other:
        return word
    if all(letter in _LATIN_OF for letter in other):
        return word.translate(_TO_LATIN)
    for script, likeness in ((_CYRILLIC, _CYRILLIC_OF), (_GREEK, _GREEK_OF)):
        if all(script.match(letter) for letter in other) and all(letter in likeness for letter in latin):
            return "".join(likeness.get(letter, letter) for letter in word)
    return word
