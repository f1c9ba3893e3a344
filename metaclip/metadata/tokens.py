"""Split texts into the words that entries are made of, so that each entry can match.

A word is a maximal run without white space of the spaced text (see `metaclip.matching.spacing`),
without the brackets and quotation marks around it. It never has a mark inside that spacing sets
apart, so it can match under every spacing.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator

from metaclip.matching.spacing import space_text

TOKENIZER = "spaced-words-1"
"""Name of these rules in the record of a version; another rule needs another number."""
_WRAPPING = ("Ps", "Pe", "Pi", "Pf")
"""Unicode categories of brackets and quotation marks."""
_WRAPPERS = "\"'*" + "".join(
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in _WRAPPING
)
_HAS_WORD = re.compile(r"[^\W_]")
JOINED = (
    # Han, kana, Thai, Lao, Tibetan, Myanmar and Khmer.
    "[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U000323af\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff]"
)
"""Characters of scripts without spaces, as a regular expression; no space joins two of them."""


def split_segments(text: str) -> Iterator[list[str]]:
    """Yield the runs of words that follow each other with one space between.

    A run ends at a line's end, at a word without a letter or digit, and at a bracket or
    quotation mark: across these no text has the two words as an entry's bigram.
    """
    for line in text.splitlines():
        segment: list[str] = []
        for token in space_text(line).split():
            word = token.strip(_WRAPPERS)
            if segment and (not word or token[0] != word[0] or not _HAS_WORD.search(word)):
                yield segment
                segment = []
            if not word or not _HAS_WORD.search(word):
                continue
            segment.append(word)
            if token[-1] != word[-1]:
                yield segment
                segment = []
        if segment:
            yield segment
