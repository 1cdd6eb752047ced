"""Words that say little: beside others they need not stand in a post to be found, only rank it. Pure data.

A phrase keeps them, a query of nothing else looks for them, and so does whoever writes them in capitals (IT, WHO, US).
"""

from collections.abc import Collection
from typing import Final

_WORDS: Final = {
    "en": "a about am an and any are as at be been but by can could did do does for from get had has have how i"
    " if in into is it its my of on or our should so some that the their them then there these they this"
    " to was we were what when where which who why will with would you your",
    "de": "aber als am an auch auf aus bei das dass dem den der des die ein eine einem einen einer eines er es für"
    " hat ich ihr im in ist mit nach oder sich sie sind so und uns unser vom von war was wenn wer wie wir zu"
    " zum zur",
    "fr": "a à au aux avec c ce ces d dans de des du elle en est et il ils j je l la le les leur m mais n ne nous"
    " ou par pas pour qu que qui s sa se ses son sur t un une vous y",
    "es": "a al como con de del e el ella en es esta este fue ha la las le lo los mi no o para pero por que se si"
    " sin su sus un una y",
    "pt": "a ao aos as com como da das de do dos e em é foi na nas no nos o os ou para pelo pela por que se seu sua"
    " um uma",
    "it": "a al alla che c con d da dal dei del della di e è i il in l la le lo ma mi nel nella non o per si sono"
    " su un una",
    "nl": "aan als bij dat de die dit een en er het hij ik in is je met naar niet of om op te van voor was we zijn",
}
STOP_WORDS: Final = {language: frozenset(words.split()) for language, words in _WORDS.items()}


def says_little(word: str, languages: Collection[str]) -> bool:
    """Whether a word, as it was typed, says little in one of these languages."""
    if len(word) > 1 and word.isupper():
        return False
    lowered = word.lower()
    return any(lowered in STOP_WORDS[language] for language in languages if language in STOP_WORDS)
