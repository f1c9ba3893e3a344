"""Compute keep probabilities the slow, obvious way."""

from __future__ import annotations

from collections.abc import Sequence


def slow_keep_probability(counts: Sequence[int], t: float) -> float:
    product = 1.0
    for count in counts:
        product *= 1.0 - min(1.0, t / count)
    return 1.0 - product
