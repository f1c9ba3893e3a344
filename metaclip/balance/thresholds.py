"""Choose the threshold t between tail and head entries by the tail's share of matches.

Source: Xu et al. 2023, section 3.4: t is chosen so that the tail keeps a constant share
of all matches at every size of the pool.
"""

from __future__ import annotations

from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""Entry counts, indexed by entry id."""


def tail_share(counts: Counts, t: float) -> float:
    """Return p(t): the part of all matches whose entries have count < t."""
    total = int(counts.sum())
    return float(counts[counts < t].sum() / total) if total else 0.0


def t_from_tail_share(counts: Counts, share: float) -> float:
    """Return the t whose tail share is nearest to `share`, at least 1.

    The counts of all entries, zeros included, are sorted and accumulated; t is the count
    at the first position whose cumulative share is nearest. Not an exact inverse.
    """
    ordered = np.sort(counts)
    cumulative = np.cumsum(ordered) / ordered.sum()
    return float(max(1, ordered[np.argmin(np.abs(cumulative - share))]))


def t_from_reference(counts: Counts, reference_matches: int, reference_t: float) -> float:
    """Return the t of a reference pool times the ratio of this pool's matches to the reference's.

    If every count grows by that ratio, the tail share is the same.
    """
    return reference_t * (int(counts.sum()) / reference_matches)


def default_thresholds(counts: Counts) -> list[float]:
    """Return 1, 2, 5, 10, ... below the largest count, then that count, at which all pairs stay."""
    largest = float(max(1, counts.max()))
    steps = (digit * 10.0**power for power in range(20) for digit in (1, 2, 5))
    return [*takewhile(lambda t: t < largest, steps), largest]


def entry_probabilities(counts: Counts, t: float) -> NDArray[np.float64]:
    """Return p_e = t / max(t, c_e) of each entry (section 3.3)."""
    return t / np.maximum(t, counts.astype(np.float64))
