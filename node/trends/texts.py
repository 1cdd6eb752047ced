"""Telling texts that say the same: what bots write differs in a name, a number or a link. Pure.

A fingerprint is 64 bits of which near texts share most (a simhash over pairs of words). Names, links, hashtags, digits
and marks are taken out first; of what is too short to say anything there is none, so that a hundred pictures of cats
under one hashtag are no copies.
"""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b
from itertools import pairwise
from typing import Final

BITS: Final = 64
NEAR: Final = 12
"""Fingerprints that differ in no more bits than this stand for one text."""
SHORTEST: Final = 12
"""Letters below which a text has no fingerprint."""
MOST: Final = 4_000
"""Characters that are looked at."""
MOST_KINDS: Final = 100
"""Different texts of one hashtag that are told apart; the rest count as their own."""

_LANES: Final = tuple(sum((byte >> place & 1) << 16 * place for place in range(8)) for byte in range(256))
"""A byte with its bits 16 apart: a sum of these counts each bit by itself."""
_TAG: Final = re.compile(r"<[^>]*>")
_NOISE: Final = re.compile(r"https?://\S+|[#@]\S+")
_WORD: Final = re.compile(r"[^\W\d_]+")


def fingerprint(content: str) -> int:
    """Return the fingerprint of a post's HTML, 0 for none."""
    plain = _NOISE.sub(" ", _TAG.sub(" ", content[:MOST].replace("<span", " <span").replace("</span><span", "")))
    words = _WORD.findall(unicodedata.normalize("NFKC", plain).casefold())
    if sum(map(len, words)) < SHORTEST:
        return 0
    features = {*map(" ".join, pairwise(words)), *words}
    counts = [0] * (BITS // 8)
    for feature in features:
        for place, byte in enumerate(blake2b(feature.encode(), digest_size=BITS // 8).digest()):
            counts[place] += _LANES[byte]
    half = len(features) / 2
    bits = (count >> 16 * place & 0xFFFF for count in counts for place in range(8))
    return sum(1 << place for place, count in enumerate(bits) if count > half) or 1


def group_near(fingerprints: Iterable[int]) -> list[int]:
    """Return for each fingerprint the number of its group: near ones share one, each 0 has its own."""
    kinds: list[tuple[int, int]] = []
    found: list[int] = []
    groups = 0
    known: dict[int, int] = {}
    for one in fingerprints:
        group = known.get(one)
        if group is None and one:
            group = next((number for other, number in kinds if (one ^ other).bit_count() <= NEAR), None)
        if group is None:
            group, groups = groups, groups + 1
            if one and len(kinds) < MOST_KINDS:
                kinds.append((one, group))
        if one:
            known[one] = group
        found.append(group)
    return found
