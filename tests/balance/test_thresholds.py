"""t and the tail share are those of sorted, accumulated counts in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaclip.balance.thresholds import (
    Counts,
    default_thresholds,
    entry_probabilities,
    t_from_reference,
    t_from_tail_share,
    tail_share,
)

COUNTS = st.lists(st.integers(0, 50) | st.integers(0, 10**9), min_size=1, max_size=60)
T = st.floats(min_value=1e-6, max_value=1e10)
SHARE = st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True)


def as_counts(counts: Sequence[int]) -> Counts:
    return np.array(counts, dtype=np.int64)


def slow_tail_share(counts: Sequence[int], t: float) -> float:
    tail = total = 0
    for count in counts:
        total += count
        if count < t:
            tail += count
    return tail / total if total else 0.0


def slow_t_from_tail_share(counts: Sequence[int], share: float) -> float:
    total, running = sum(counts), 0
    best, nearest = 0, float("inf")
    for count in sorted(counts):
        running += count
        distance = abs(running / total - share)
        if distance < nearest:
            best, nearest = count, distance
    return float(max(1, best))


@given(COUNTS, T)
def test_tail_share_is_that_of_a_loop(counts: list[int], t: float) -> None:
    assert tail_share(as_counts(counts), t) == slow_tail_share(counts, t)


@given(COUNTS.filter(any), SHARE)
def test_t_from_tail_share_is_that_of_a_loop(counts: list[int], share: float) -> None:
    assert t_from_tail_share(as_counts(counts), share) == slow_t_from_tail_share(counts, share)


@given(COUNTS, T)
def test_a_count_equal_to_t_is_no_tail(counts: list[int], t: float) -> None:
    assert tail_share(as_counts(counts), float(min(counts)) or t) == (
        0.0 if min(counts) else slow_tail_share(counts, t)
    )


@pytest.mark.parametrize(
    ("counts", "share", "t"),
    [
        ([0, 0, 1, 2, 3, 4], 0.3, 2.0),  # cumulative 0 0 .1 .3 .6 1
        ([4, 3, 2, 1, 0, 0], 0.3, 2.0),
        ([0, 0, 0, 100], 0.01, 1.0),  # nearest at a zero: at least 1
        ([5, 5, 5, 5], 0.25, 5.0),
        ([1, 1, 2], 0.375, 1.0),  # as near to .25 as to .5: the first
        ([7], 0.5, 7.0),
    ],
)
def test_t_from_tail_share_is_the_one_computed_by_hand(
    counts: list[int], share: float, t: float
) -> None:
    assert t_from_tail_share(as_counts(counts), share) == t


def test_tail_share_is_0_without_a_match() -> None:
    assert tail_share(as_counts([0, 0]), 5.0) == 0.0


@given(COUNTS, T)
def test_entry_probabilities_are_t_through_count_at_most_1(counts: list[int], t: float) -> None:
    for count, probability in zip(counts, entry_probabilities(as_counts(counts), t), strict=True):
        assert 0 < probability <= 1
        exact = Fraction(t) / max(Fraction(t), Fraction(count))
        assert probability == float(exact)


@given(COUNTS.filter(any), st.integers(1, 50), st.integers(1, 10**6))
def test_t_from_a_reference_keeps_the_tail_share(counts: list[int], times: int, t: int) -> None:
    """Each count of the pool is `times` the reference's."""
    grown = as_counts([count * times for count in counts])
    scaled = t_from_reference(grown, sum(counts), t)
    assert scaled == t * times
    assert tail_share(grown, scaled) == tail_share(as_counts(counts), t)


@pytest.mark.parametrize(
    ("largest", "ts"),
    [(0, [1]), (1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (20, [1, 2, 5, 10, 20])],
)
def test_default_thresholds_end_at_the_largest_count(largest: int, ts: list[float]) -> None:
    assert default_thresholds(as_counts([0, largest])) == ts
