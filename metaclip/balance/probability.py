"""Compute the keep probability of each pair, and the smallest t at which it is kept.

Rows are Arrow arrays; the loops are compiled. Source: Xu et al. 2023, section 3.3.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from metaclip.jit.compiler import compiled, inlined

Floats = NDArray[np.float64]
Offsets = NDArray[np.int32]
"""Offsets of the rows of a list array, one more than rows."""
Ids = NDArray[np.int32]
"""Entry ids of all rows, concatenated."""


@inlined
def drop_probability(ids: Ids, start: int, end: int, counts: Floats, t: float) -> float:
    """Return Π (1 - min(1, t / c)) in the order of the ids.

    It does not increase with t, rounding included.
    """
    product = 1.0
    for position in range(start, end):
        count = counts[ids[position]]
        product *= 1.0 - t / count if count > t else 0.0
    return product


@compiled
def _keep(offsets: Offsets, ids: Ids, counts: Floats, t: float) -> Floats:
    """Return the keep probability of each row."""
    rows = len(offsets) - 1
    result = np.empty(rows)
    for row in range(rows):
        result[row] = 1.0 - drop_probability(ids, offsets[row], offsets[row + 1], counts, t)
    return result


@compiled
def _enter(offsets: Offsets, ids: Ids, counts: Floats, draws: Floats) -> Floats:
    """Return the least t that keeps each row, by bisection."""
    rows = len(offsets) - 1
    result = np.empty(rows)
    double = np.empty(1)
    bits = double.view(np.int64)
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        least = counts[ids[start]]
        for position in range(start + 1, end):
            least = min(least, counts[ids[position]])
        double[0] = least
        low, high = np.int64(0), bits[0]  # kept at `high`, where the product is 0; dropped at 0
        while high - low > 1:
            middle = low + (high - low) // 2
            bits[0] = middle
            if draws[row] < 1.0 - drop_probability(ids, start, end, counts, double[0]):
                high = middle
            else:
                low = middle
        bits[0] = high
        result[row] = double[0]
    return result


def keep_probability(entry_ids: pa.Array, counts: Floats, t: float) -> pa.Array:
    """Return 1 - Π (1 - p_e) of each row of `entry_ids` (list<int32>, none empty).

    Args:
        counts: entry counts, indexed by entry id.
        t: above 0.
    """
    offsets, ids = flatten(entry_ids)
    return pa.array(_keep(offsets, ids, counts, t))


def enters_at(entry_ids: pa.Array, counts: Floats, draws: pa.Array) -> pa.Array:
    """Return the smallest double t at which each row is kept: draw < keep probability.

    The drop probability does not increase with t, and the bit patterns of positive doubles
    have the order of the doubles. So a bisection over the patterns ends at neighbours.
    """
    offsets, ids = flatten(entry_ids)
    return pa.array(_enter(offsets, ids, counts, draws.to_numpy(zero_copy_only=False)))


def flatten(entry_ids: pa.Array) -> tuple[Offsets, Ids]:
    """Return the offsets and values of a list array, or of a slice of one."""
    return entry_ids.offsets.to_numpy(), entry_ids.values.to_numpy()
