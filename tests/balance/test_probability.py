"""Keep probabilities and least t are those of exact fractions and of a plain loop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaclip.balance.probability import Floats, enters_at, keep_probability
from tests.helpers.balance_twins import slow_keep_probability

# The first call compiles.
SETTINGS = settings(max_examples=60)

Pair = tuple[list[int], float]
"""The counts of a pair's entries, and its draw."""

_COUNTS = st.lists(st.integers(1, 40) | st.integers(1, 10**9), min_size=1, max_size=12)
_DRAWS = st.integers(0, 2**53 - 1).map(lambda bits: bits * 2.0**-53)
PAIRS = st.lists(st.tuples(_COUNTS, _DRAWS), min_size=1, max_size=20)
T = st.floats(min_value=1e-12, max_value=2e9)


def as_arrays(pairs: Sequence[Pair]) -> tuple[pa.Array, Floats, pa.Array]:
    """Return the pairs as arrays; each entry of each pair has an id of its own."""
    counts = [float(count) for row, _ in pairs for count in row]
    ids = iter(range(len(counts)))
    rows = [[next(ids) for _ in row] for row, _ in pairs]
    draws = pa.array([draw for _, draw in pairs], pa.float64())
    return pa.array(rows, pa.list_(pa.int32())), np.array(counts), draws


def exact_keep_probability(counts: Sequence[int], t: float) -> Fraction:
    product = Fraction(1)
    for count in counts:
        product *= 1 - Fraction(t) / max(Fraction(t), Fraction(count))
    return 1 - product


@SETTINGS
@given(PAIRS, T)
def test_keep_probability_is_the_exact_one_to_rounding(pairs: list[Pair], t: float) -> None:
    ids, counts, _ = as_arrays(pairs)
    for (row, _), found in zip(pairs, keep_probability(ids, counts, t).to_pylist(), strict=True):
        assert found == slow_keep_probability(row, t)
        assert math.isclose(found, exact_keep_probability(row, t), rel_tol=1e-12, abs_tol=1e-15)


@SETTINGS
@given(PAIRS)
def test_enters_at_is_the_least_t(pairs: list[Pair]) -> None:
    ids, counts, draws = as_arrays(pairs)
    for (row, draw), t in zip(pairs, enters_at(ids, counts, draws).to_pylist(), strict=True):
        assert 0 < t <= min(row)
        assert draw < slow_keep_probability(row, t)
        assert not draw < slow_keep_probability(row, float(np.nextafter(t, 0.0)))


@SETTINGS
@given(PAIRS, T, st.integers(-2, 2))
def test_enters_at_is_the_predicate_of_the_draw(pairs: list[Pair], t: float, step: int) -> None:
    ids, counts, draws = as_arrays(pairs)
    entrances = enters_at(ids, counts, draws)
    # A random t, and one at or beside the entrance of each pair in turn.
    for candidate in [t, *(_move(entrance, step) for entrance in entrances.to_pylist())]:
        probabilities = keep_probability(ids, counts, candidate).to_pylist()
        for entrance, draw, keep in zip(
            entrances.to_pylist(), draws.to_pylist(), probabilities, strict=True
        ):
            assert (entrance <= candidate) == (draw < keep)


def _move(value: float, steps: int) -> float:
    for _ in range(abs(steps)):
        value = float(np.nextafter(value, math.copysign(math.inf, steps)))
    return value if value > 0 else 5e-324


@SETTINGS
@given(PAIRS, T, T)
def test_keep_probability_grows_with_t(pairs: list[Pair], one: float, other: float) -> None:
    ids, counts, _ = as_arrays(pairs)
    low = keep_probability(ids, counts, min(one, other)).to_pylist()
    high = keep_probability(ids, counts, max(one, other)).to_pylist()
    assert all(small <= large for small, large in zip(low, high, strict=True))


@SETTINGS
@given(_COUNTS, _DRAWS, _DRAWS)
def test_a_larger_draw_enters_later(counts: list[int], one: float, other: float) -> None:
    ids, flat, draws = as_arrays([(counts, min(one, other)), (counts, max(one, other))])
    first, second = enters_at(ids, flat, draws).to_pylist()
    assert first <= second


@pytest.mark.parametrize(
    ("counts", "t", "expected"),
    [
        ([4], 1.0, 0.25),
        ([4, 4], 2.0, 0.75),
        ([4, 1], 1.0, 1.0),
        ([3], 5.0, 1.0),
        ([2, 4], 1.0, 0.625),
    ],
)
def test_keep_probability_is_the_one_computed_by_hand(
    counts: list[int], t: float, expected: float
) -> None:
    ids, flat, _ = as_arrays([(counts, 0.0)])
    assert keep_probability(ids, flat, t).to_pylist() == [expected]


def test_slices_of_a_column_give_the_same_values() -> None:
    ids, counts, draws = as_arrays([([2], 0.5), ([3, 4], 0.25), ([5], 0.75), ([6, 7, 8], 0.1)])
    whole = keep_probability(ids, counts, 1.5).to_pylist()
    assert keep_probability(ids[1:3], counts, 1.5).to_pylist() == whole[1:3]
    entrances = enters_at(ids, counts, draws).to_pylist()
    assert enters_at(ids[1:3], counts, draws[1:3]).to_pylist() == entrances[1:3]


def test_no_rows_give_no_values() -> None:
    ids, counts = pa.array([], pa.list_(pa.int32())), np.array([1.0])
    assert len(keep_probability(ids, counts, 1.0)) == 0
    assert len(enters_at(ids, counts, pa.array([], pa.float64()))) == 0
