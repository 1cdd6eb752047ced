"""Scripts that are written without spaces, or with fewer than words: a part of a run is looked for as a word is."""

import re
from typing import Final

SPACELESS: Final = re.compile(
    "[\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f]+"
)
"""A run of Thai, Lao, Burmese, Khmer, Chinese, Japanese or Korean."""
