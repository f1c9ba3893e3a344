"""Words of texts: each can match, and so can each bigram."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaclip.matching.spacing import entry_pattern, space_text
from metaclip.metadata.lint import SPACINGS, can_match
from metaclip.metadata.tokens import split_segments

TEXTS = st.text(alphabet="ab9ä北京 .,;:?!`\"'()[]-_\t\n\r\u00a0\u3000“”«»+", max_size=40)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("A big cat", [["A", "big", "cat"]]),
        ("one, two", [["one"], ["two"]]),
        ("U.S. C++ it's rock'n'roll", [["U"], ["S"], ["C++", "it's", "rock'n'roll"]]),
        ('say "big cat" now', [["say"], ["big", "cat"], ["now"]]),
        ("John (born 1950) is", [["John"], ["born", "1950"], ["is"]]),
        ("a - b", [["a"], ["b"]]),
        ("a_b __ c", [["a_b"], ["c"]]),
        ("line one\nline two", [["line", "one"], ["line", "two"]]),
        ("北京 大学 。", [["北京", "大学"]]),
        ("a  b\u00a0c", [["a", "b", "c"]]),
        ('... !! "" ()', []),
        ("", []),
    ],
)
def test_segments_by_hand(text: str, segments: list[list[str]]) -> None:
    assert list(split_segments(text)) == segments


@given(TEXTS)
def test_every_word_can_match_under_every_spacing(text: str) -> None:
    words = {word for segment in split_segments(text) for word in segment}
    assert all(can_match(word, spacing) for word in words for spacing in SPACINGS)


@given(TEXTS)
def test_every_bigram_matches_its_own_text(text: str) -> None:
    for segment in split_segments(text):
        assert segment
        for bigram in map(" ".join, pairwise(segment)):
            assert entry_pattern(bigram, "reference") in space_text(bigram)


@given(TEXTS)
def test_words_are_in_the_text_in_their_order(text: str) -> None:
    position = 0
    for segment in split_segments(text):
        for word in segment:
            position = text.index(word, position) + len(word)
