"""The compiled engine gives exactly the ids of its slow twin, pyahocorasick."""

from __future__ import annotations

import pickle
import random
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from metaclip.config.settings import Spacing
from metaclip.errors import InputError
from metaclip.matching.compiled import layout
from metaclip.matching.compiled.engine import CompiledEngine
from metaclip.matching.compiled.sort_unique import RANKED
from metaclip.matching.pyahocorasick_engine import PyahocorasickEngine
from tests.helpers.matching_twins import (
    SPACINGS,
    naive_ids,
    real_captions,
    real_entries,
    real_pyahocorasick,
)
from tests.helpers.shared_data import SHARED, needs_shared
from tests.helpers.text_strategies import ALPHABET, Case, cases


@cache
def real_compiled(spacing: Spacing) -> CompiledEngine:
    """Return the compiled engine of all entries."""
    return CompiledEngine.build(real_entries(), spacing)


@given(cases())
def test_random_texts_match_as_a_naive_scan_does(case: Case) -> None:
    engine = CompiledEngine.build(case.entries, case.spacing)
    texts = [text for text in case.texts if text is not None]
    found = engine.match(pa.array(case.texts, pa.string()))
    assert found.type == pa.list_(pa.int32())
    assert found.is_null().to_pylist() == [text is None for text in case.texts]
    assert found.drop_null().to_pylist() == naive_ids(case.entries, case.spacing, texts)


@pytest.mark.parametrize(
    "spacing", ["reference", pytest.param("symmetric", marks=pytest.mark.long)]
)
def test_real_captions_match_as_the_slow_engine_does(spacing: Spacing) -> None:
    captions = real_captions()
    assert (
        real_compiled(spacing).match(captions).equals(real_pyahocorasick(spacing).match(captions))
    )


@pytest.mark.parametrize("size", [1_000, 10_000, 10_000_000])
def test_long_texts_match_as_the_slow_engine_does(size: int) -> None:
    words = " ".join(real_captions().to_pylist())
    texts = pa.array([words[start : start + size] for start in range(0, len(words), size)])
    found = real_compiled("reference").match(texts)
    assert found.equals(real_pyahocorasick("reference").match(texts))
    longest = max(map(len, found.to_pylist()))
    # Few ids are sorted by rank, many by a bitmap.
    assert longest < RANKED if size == 1_000 else longest > RANKED


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_every_layout_of_texts_gives_the_same_ids(kind: pa.DataType) -> None:
    texts = pa.array(["x", "a cat", None, "", "cat, a cat", None, "y"]).cast(kind)
    engine = CompiledEngine.build(["cat", "a cat", ""], "reference")
    expected = [[], [0, 1], None, [2], [0, 1, 2], None, []]
    for start in range(8):
        for stop in range(start, 8):
            found = engine.match(texts[start:stop])
            found.validate(full=True)
            assert found.to_pylist() == expected[start:stop]


def test_more_beginnings_than_edges_can_number_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MOST_CHILDREN", 2)
    entries = ["a b", "a b c", "a b d", "b c d", "b c d e"]
    with pytest.raises(InputError, match=r"at most 2 different beginnings .*, found 3"):
        CompiledEngine.build(entries, "reference")
    texts = pa.array(["a b c d e"])
    assert CompiledEngine.build(entries[:4], "reference").match(texts).to_pylist() == [[0, 1, 3]]


def test_a_pickled_engine_gives_the_same_ids() -> None:
    engine = CompiledEngine.build(real_entries()[:20000], "reference")
    captions = real_captions()[:500]
    assert pickle.loads(pickle.dumps(engine, 5)).match(captions).equals(engine.match(captions))


@pytest.mark.long
@needs_shared
@pytest.mark.parametrize("spacing", SPACINGS)
def test_all_shared_captions_match_as_the_slow_engine_does(spacing: Spacing) -> None:
    texts = pq.read_table(SHARED / "captions.parquet", columns=["text"])["text"]
    for chunk in texts.chunks:
        assert real_compiled(spacing).match(chunk).equals(real_pyahocorasick(spacing).match(chunk))


@pytest.mark.long
@pytest.mark.parametrize("spacing", SPACINGS)
def test_ten_million_random_texts_match_as_the_slow_engine_does(spacing: Spacing) -> None:
    chance = random.Random(20)
    for number in range(1, 1001):
        letters = chance.sample(ALPHABET, chance.randint(2, len(ALPHABET)))
        stream = "".join(chance.choices(letters, k=50_000))
        texts = [_part(stream, chance) for _ in range(10_000)]
        entries = [_part(text, chance) for text in texts[:300]]
        batch = pa.array(texts)
        expected = PyahocorasickEngine(entries, spacing).match(batch)
        assert CompiledEngine.build(entries, spacing).match(batch).equals(expected)
        if number % 100 == 0:
            print(f"{spacing}: {number * 10_000:,} texts", flush=True)


def _part(text: str, chance: random.Random) -> str:
    start = int(chance.random() * len(text))
    return text[start : start + int(chance.random() * 15)]
