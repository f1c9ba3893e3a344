"""Compute keep probabilities the slow, obvious way."""

from __future__ import annotations

from collections.abc import Sequence


def slow_keep_probability(counts: Sequence[int], t: float) -> float:
    """Return 1 - Π(1 - p_e) over the entry counts of a pair, with p_e = min(1, t / count)."""
    product = 1.0
    for count in counts:
        product *= 1.0 - min(1.0, t / count)
    return 1.0 - product
