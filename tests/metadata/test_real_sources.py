"""The whole of WordNet and of other wordnets: the figures that the paper and their files have."""

from __future__ import annotations

import gzip

import pytest

from metaclip.metadata.wordnet import lemma_words, numbers, read_omw, read_wordnet
from tests.helpers.shared_data import SHARED, needs_shared

WORDNET = SHARED / "wordnet"
OMW = SHARED / "worldwide" / "omw"


@needs_shared
def test_wordnet_has_the_papers_number_of_names() -> None:
    lines = [
        line
        for file in WORDNET.glob("data.*.gz")
        for line in gzip.decompress(file.read_bytes()).decode("latin-1").splitlines()
    ]
    synsets = [line for line in lines if not line.startswith("  ")]
    names = read_wordnet(str(WORDNET))
    assert (len(synsets), len(names)) == (117_659, 86_554)
    assert len({*numbers(100), *names}) == 86_654


@needs_shared
@pytest.mark.parametrize(
    ("language", "written", "cleaned"),
    [
        ("als", 5_988, 5_988),
        ("arb", 17_785, 17_782),
        ("bul", 6_720, 6_720),
        ("cmn", 61_525, 61_100),
        ("fra", 55_347, 55_347),
        ("ita", 41_855, 41_855),
    ],
)
def test_wordnets_have_their_numbers_of_words(language: str, written: int, cleaned: int) -> None:
    """Cleaned: an underscore is a space, spaces are single, and `+` is gone from Chinese words."""
    file = OMW / f"wn-data-{language}.tab.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        words = {word for found, word in lemma_words(lines) if found == language}
    assert (len(words), len(read_omw(str(file)))) == (written, cleaned)
