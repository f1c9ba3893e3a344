"""From the entries of a pair to its keep probability and the t at which it enters.

Rows go in and out as Arrow arrays; the loops are compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from metaclip.jit.compiler import compiled, inlined

Floats = NDArray[np.float64]


@inlined
def drop_probability(ids: Any, start: int, end: int, counts: Any, t: float) -> float:
    """Π (1 - min(1, t / c)) in the order of the ids: never grows with t, rounding included."""
    product = 1.0
    for position in range(start, end):
        count = counts[ids[position]]
        product *= 1.0 - t / count if count > t else 0.0
    return product


@compiled
def _keep(offsets: Any, ids: Any, counts: Any, t: float) -> Any:
    rows = len(offsets) - 1
    result = np.empty(rows)
    for row in range(rows):
        result[row] = 1.0 - drop_probability(ids, offsets[row], offsets[row + 1], counts, t)
    return result


@compiled
def _enter(offsets: Any, ids: Any, counts: Any, draws: Any) -> Any:
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
        low, high = np.int64(0), bits[0]  # kept at `high`, where the product is 0; not at 0
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

    The drop probability never grows with t, so a bisection over the bit patterns of
    positive doubles, which are ordered as the doubles are, ends at neighbours.
    """
    offsets, ids = flatten(entry_ids)
    return pa.array(_enter(offsets, ids, counts, draws.to_numpy(zero_copy_only=False)))


def flatten(entry_ids: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the offsets and values of a list array, or of a slice of one."""
    return entry_ids.offsets.to_numpy(), entry_ids.values.to_numpy()
