"""Compute the figures of a curation's entries: shares, expectation, curves by rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from metaclip.balance.draws import DrawnMatches
from metaclip.balance.expectation import SIZES, expect, group_by_entry
from metaclip.balance.probability import Floats
from metaclip.balance.thresholds import Counts

POINTS = 300
"""Points of a curve: more than a figure of 400 pixels shows."""


@dataclass(frozen=True)
class EntryFigures:
    """The numbers of all entries, indexed by entry id.

    Attributes:
        t: the threshold between tail and head entries.
        counts: pairs of the pool with the entry, from which its probability came.
        kept: pairs of the curation with the entry.
        expected, sd: mean and standard deviation of `kept` over all draws.
        recounted: `kept`, computed from the pool and its draws.
    """

    t: float
    counts: Counts
    kept: Counts
    expected: Floats
    sd: Floats
    recounted: Counts

    @property
    def head(self) -> NDArray[np.bool_]:
        """Entries whose count is at least t."""
        return self.counts >= self.t

    def tail_share(self, counts: Counts) -> float:
        """Return the part of `counts` that falls on tail entries."""
        total = int(counts.sum())
        return int(counts[~self.head].sum()) / total if total else 0.0

    @property
    def deviations(self) -> Floats:
        """(kept - expected) / sd of the entries that chance moves (sd > 0)."""
        moved = self.sd > 0
        difference: Floats = self.kept[moved] - self.expected[moved]
        return difference / self.sd[moved]

    def outside(self, deviations: float) -> int:
        """Return the number of entries further than so many sd from what was expected."""
        return int((np.abs(self.deviations) > deviations).sum())


def compute_entries(pool: DrawnMatches, counts: pa.Table, t: float) -> EntryFigures:
    """Return the figures of all entries from one pass over the pool.

    Args:
        pool: with entry_ids, draw and draw_rows.
        counts: the rows of `curation_counts` of the curation, sorted by entry id.
    """
    number, kept = (counts[name].to_numpy() for name in ("count", "kept"))
    sums = expect(pool, number, [t], group_by_entry(number), SIZES)[0][1:]
    expected = sums[:, SIZES.index("expected_size")]
    sd = np.sqrt(sums[:, SIZES.index("variance")])
    recounted = sums[:, SIZES.index("actual_size")].astype(np.int64)
    return EntryFigures(t, number, kept, expected, sd, recounted)


def rank_curve(counts: Counts) -> tuple[Floats, Floats]:
    """Return (rank, count) from the largest count down, at ranks even on a log axis."""
    ordered = np.sort(counts[counts > 0])[::-1]
    at = _spread(len(ordered))
    return (at + 1).astype(np.float64), ordered[at].astype(np.float64)


def cumulative_curve(order: NDArray[np.intp], counts: Counts) -> tuple[Floats, Floats]:
    """Return (entries, share of all matches) accumulated in `order`, from 0 to 1."""
    cumulative = np.concatenate([[0], np.cumsum(counts[order])])
    at = np.unique(np.linspace(0, len(order), POINTS).astype(np.int64))
    # The head is where the curve bends: the last entries are close together.
    at = np.union1d(at, len(order) - _spread(len(order)))
    return at.astype(np.float64), cumulative[at] / max(1, cumulative[-1])


def _spread(number: int) -> NDArray[np.int64]:
    """Return at most POINTS indices below `number`, dense at 0."""
    if not number:
        return np.zeros(0, dtype=np.int64)
    return np.unique(np.geomspace(1, number, POINTS).astype(np.int64)) - 1
