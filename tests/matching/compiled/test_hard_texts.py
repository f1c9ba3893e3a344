"""Huge texts, texts of one repeated unit, and more ids than a list array holds."""

from __future__ import annotations

import numpy as np
import psutil
import pyarrow as pa
import pytest

from metaclip.config.settings import Spacing
from metaclip.errors import MetaclipError
from metaclip.matching.compiled.engine import CompiledEngine, to_lists
from metaclip.matching.compiled.kernel import CHUNK
from metaclip.matching.pyahocorasick_engine import PyahocorasickEngine
from tests.helpers.matching_twins import SPACINGS

SHORT, HUGE = 200_000, 100_000_000
MOST_IDS = 2**31 - 1

UNITS = {
    "spaces": " ",
    "marks": ",",
    "mixed marks": ",.;",
    "one token": "a",
    "one token of two-byte letters": "é",
    "zeros": "\0",
    "zeros apart": "\0 ",
    "one entry again and again": "a ",
    "words": "".join(f"{number} " for number in range(10_000)),
}
"""Units that are repeated up to the size of a text."""


def _entries(size: int, depth: int) -> list[str]:
    """Return entries: some match each text, and two are as long as a text."""
    nested = ["a", "a a", "a a a", "a", "", " ", "  ", ",", ", ,", "\0", "\0 \0", "4 5 6", "é"]
    long = [" ".join(["a"] * depth), "a" * size, "a" * (size - 1), "\0" * size, ".,", "1 2", "1 2"]
    return [*map(str, range(5000)), *nested, *long]


def _check(unit: str, size: int, spacing: Spacing) -> None:
    # One entry has more tokens than a chunk. For an entry of 100 MB pyahocorasick would need a
    # node for each byte. Where an entry of many tokens begins at every token, the compiled
    # engine walks its whole length from each.
    entries = _entries(min(size, SHORT), depth=CHUNK + 99 if size == SHORT else 30)
    texts = pa.array(["a cat", unit * (size // len(unit.encode())), "a"])
    expected = PyahocorasickEngine(entries, spacing).match(texts)
    assert CompiledEngine.build(entries, spacing).match(texts).equals(expected)


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_texts_of_many_chunks_match_as_the_slow_engine_does(unit: str, spacing: Spacing) -> None:
    _check(unit, SHORT, spacing)


@pytest.mark.long
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_texts_of_100_mb_match_as_the_slow_engine_does(unit: str, spacing: Spacing) -> None:
    _check(unit, HUGE, spacing)


def test_more_ids_than_a_list_array_holds_are_refused() -> None:
    with pytest.raises(MetaclipError, match=f"{MOST_IDS + 1} ids in one batch of 2 texts"):
        to_lists(np.array([0, 5, MOST_IDS + 1]), np.empty(0, np.int32), None)


@pytest.mark.long
def test_a_batch_may_have_as_many_ids_as_a_list_array_holds() -> None:
    assert psutil.virtual_memory().available > 18e9, "the batch takes 16 GB of memory"
    engine = CompiledEngine.build(["a"] * 2**20, "reference")
    found = engine.match(pa.array(["a"] * 2047))
    assert len(found.values) == 2047 * 2**20
    assert found[2046].values.to_numpy().tolist() == list(range(2**20))
    del found
    with pytest.raises(MetaclipError, match=f"{2**31} ids in one batch of 2048 texts"):
        engine.match(pa.array(["a"] * 2048))
