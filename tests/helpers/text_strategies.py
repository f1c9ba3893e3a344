"""Texts and entries over an alphabet so small that entries nest, overlap and repeat."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from metaclip.config.settings import Spacing

# Two letters, one of two bytes, one of four, a NUL, and what spacing treats apart.
ALPHABET = "ab éb😀\0 . , !`\t\n "
# Longer than the 8 and 16 bytes that a compiled engine may treat apart.
LONG_TOKENS = ["a" * 7, "a" * 8, "a" * 15, "a" * 16, "a" * 17, "a" * 15 + "b", "a" * 16 + "b"]


class Case(NamedTuple):
    """Entries and the texts to match them against."""

    entries: list[str]
    texts: list[str | None]
    spacing: Spacing


_words = st.text(ALPHABET, max_size=4) | st.sampled_from(LONG_TOKENS)
_strings = st.lists(_words, max_size=5).map(" ".join) | st.text(ALPHABET, max_size=12)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw entries, with parts of some texts among them so that much does match."""
    texts = draw(st.lists(_strings, max_size=6))
    entries = draw(st.lists(_strings, max_size=8))
    for text in texts:
        start, end = draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))
        entries.append(text[start:end])
    spacing: Spacing = draw(st.sampled_from(("reference", "symmetric")))
    nulls = draw(st.lists(st.none(), max_size=2))
    return Case(entries, draw(st.permutations([*texts, *nulls])), spacing)
