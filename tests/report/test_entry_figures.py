"""Figures of entries: worked by hand, and curves against all points."""

from __future__ import annotations

import numpy as np
import pytest

from metaclip.report.chart_style import label, short
from metaclip.report.entry_figures import (
    POINTS,
    EntryFigures,
    cumulative_curve,
    rank_curve,
)

COUNTS = np.array([0, 3, 5, 12, 80, 900], dtype=np.int64)


def figures(kept: list[int], sd: list[float]) -> EntryFigures:
    expected = np.array([0.0, 3, 5, 12, 40, 50])
    numbers = np.array(kept, dtype=np.int64)
    return EntryFigures(20.0, COUNTS, numbers, expected, np.array(sd), numbers)


def test_shares_and_deviations_of_a_worked_example() -> None:
    entries = figures([0, 3, 5, 12, 46, 36], [0, 0, 0, 0, 2, 4])
    assert entries.head.tolist() == [False] * 4 + [True] * 2
    assert entries.tail_share(COUNTS) == pytest.approx(0.02)
    assert entries.tail_share(entries.kept) == pytest.approx(20 / 102)
    assert entries.deviations.tolist() == [3.0, -3.5]
    assert (entries.outside(2), entries.outside(3)) == (2, 1)
    assert entries.tail_share(np.zeros(6, dtype=np.int64)) == 0


def test_curves_pass_through_the_counts_of_every_shown_point() -> None:
    counts = np.random.default_rng(3).zipf(1.4, 20_000).clip(0, 10**6).astype(np.int64)
    counts[:500] = 0
    ranks, shown = rank_curve(counts)
    ordered = sorted(counts[counts > 0].tolist(), reverse=True)
    assert len(ranks) <= POINTS
    assert ranks[0] == 1
    assert ranks[-1] == len(ordered)
    assert shown.tolist() == [ordered[int(rank) - 1] for rank in ranks]
    order = np.argsort(counts, kind="stable")
    entries, shares = cumulative_curve(order, counts)
    total, rising = counts.sum(), np.sort(counts)
    assert shares.tolist() == pytest.approx([rising[: int(n)].sum() / total for n in entries])
    assert (shares[0], shares[-1], entries[-1]) == (0, 1, len(counts))


def test_curves_of_no_match_are_empty() -> None:
    nothing = np.zeros(4, dtype=np.int64)
    assert rank_curve(nothing)[0].tolist() == []
    assert cumulative_curve(np.argsort(nothing), nothing)[1].max() == 0


def test_labels_are_short_and_printable() -> None:
    assert [short(number) for number in (0, 950, 20_000, 1_500_000, 2e9)] == [
        "0",
        "950",
        "20k",
        "1.5M",
        "2B",
    ]
    assert label("a\u0000b\u202ec") == "a\ufffdb\ufffdc"
    assert len(label("x" * 100)) == 28
