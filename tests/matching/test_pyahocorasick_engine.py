"""The engine `pyahocorasick` gives the ids that the definition of a match gives."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest
from hypothesis import given

from metaclip.config.settings import Spacing
from metaclip.matching.engine import build_engine
from metaclip.matching.pyahocorasick_engine import PyahocorasickEngine
from tests.helpers.matching_twins import (
    SPACINGS,
    SpanTwin,
    naive_ids,
    real_captions,
    real_entries,
    real_pyahocorasick,
)
from tests.helpers.text_strategies import Case, cases


def test_an_entry_matches_between_two_spaces() -> None:
    engine = build_engine("pyahocorasick", ["cat", "a cat", "U.S.", "", " cat", "cat"], "reference")
    texts = pa.array(["a cat", "cats", "the U.S.", "cat.", None, "", "a, cat"])
    found = [[0, 1, 5], [], [3], [0, 3, 5], None, [3], [0, 3, 4, 5]]
    assert engine.match(texts).to_pylist() == found


def test_symmetric_spacing_finds_entries_with_punctuation() -> None:
    engine = build_engine("pyahocorasick", ["3.5", "U.S.", "x\ty", "x y"], "symmetric")
    texts = pa.array(["3.5 m", "U.S. Army", "U.S", "x y", "x\ny"])
    assert engine.match(texts).to_pylist() == [[0], [1], [], [2, 3], [2, 3]]


@given(cases())
def test_random_texts_match_as_a_naive_scan_does(case: Case) -> None:
    engine = PyahocorasickEngine(case.entries, case.spacing)
    texts = [text for text in case.texts if text is not None]
    found = engine.match(pa.array(case.texts, pa.string()))
    assert found.type == pa.list_(pa.int32())
    assert found.is_null().to_pylist() == [text is None for text in case.texts]
    assert found.drop_null().to_pylist() == naive_ids(case.entries, case.spacing, texts)


def test_real_captions_match_as_a_naive_scan_does() -> None:
    _check_naive_scan(200)


@pytest.mark.long
def test_2000_real_captions_match_as_a_naive_scan_does() -> None:
    _check_naive_scan(2000)


def _check_naive_scan(count: int) -> None:
    captions = real_captions()[:: len(real_captions()) // count]
    expected = naive_ids(real_entries(), "reference", captions.to_pylist())
    assert real_pyahocorasick("reference").match(captions).to_pylist() == expected
    assert sum(map(len, expected)) > 8 * count


@pytest.mark.long
@pytest.mark.parametrize("spacing", SPACINGS)
def test_20000_captions_match_as_a_lookup_of_every_span_does(spacing: Spacing) -> None:
    twin = SpanTwin(real_entries(), spacing)
    expected = [twin.ids(text) for text in real_captions().to_pylist()]
    assert real_pyahocorasick(spacing).match(real_captions()).to_pylist() == expected


def test_a_pickled_engine_gives_the_same_ids() -> None:
    engine = PyahocorasickEngine(real_entries()[:20000], "reference")
    captions = real_captions()[:500]
    assert pickle.loads(pickle.dumps(engine)).match(captions) == engine.match(captions)


def test_an_engine_without_entries_matches_nothing() -> None:
    assert PyahocorasickEngine([], "reference").match(pa.array(["a", None])).to_pylist() == [
        [],
        None,
    ]
