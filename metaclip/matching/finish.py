"""From the ids found in a text, in any order, to sorted and unique ones, in place.

While a text is under way, `out` also holds patterns that mean several entries: a negative
number, -1 - the place in `groups` where their count and ids stand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.jit import inlined, inlined_uncounted
from metaclip.matching.intrinsics import count_less, lowest_bit

# Up to here ids are sorted by comparing each with each (16 at once), then by a bitmap,
# which no order of the ids can make slower than linear.
RANKED = 256
# Ids are compared in blocks of so many; `out` has room for one block more.
LANES = 16

_NO_ID = np.int32(2**31 - 1)
_ONE = np.uint64(1)


@inlined
def make_room(out: Any, size: Any, more: Any) -> Any:
    """Return `out`, or a copy with room for `more` ids after the first `size`."""
    if size + more <= out.shape[0]:
        return out
    grown = np.empty(2 * (size + more), np.int32)
    grown[:size] = out[:size]
    return grown


@inlined_uncounted
def unite(out: Any, first: Any, size: Any, ranks: Any, ordered: Any, seen: Any, lowest: Any) -> Any:
    """Sort out[first:size] and drop repetitions; return the new size. -`lowest` is the least."""
    if size - first < 2:
        return size
    if size - first > RANKED:
        return _unite_by_bitmap(out, first, size, seen, lowest)
    return _unite_by_rank(out, first, size, ranks, ordered)


@inlined_uncounted
def _unite_by_rank(out: Any, first: Any, size: Any, ranks: Any, ordered: Any) -> Any:
    """An id's place is the number of lesser ones: no branch, and equal ones meet in one place.

    All loops run over whole blocks: these are unrolled, and their number can be predicted.
    """
    blocks = (size - first + LANES - 1) // LANES
    values = out.ctypes.data + 4 * first
    for lane in range(LANES):
        out[size + lane] = _NO_ID
    for block in range(blocks):
        for lane in range(LANES):
            ordered[LANES * block + lane] = _NO_ID
        skip = 4 * LANES * block
        count_less(values + skip, values, blocks, ranks.ctypes.data + skip)
    for block in range(blocks):
        for lane in range(LANES):
            ordered[ranks[LANES * block + lane]] = out[first + LANES * block + lane]
    for block in range(blocks):
        for lane in range(LANES):
            value = ordered[LANES * block + lane]
            out[first] = value
            first += np.int64(value != _NO_ID)
    return first


@inlined_uncounted
def _unite_by_bitmap(out: Any, first: Any, size: Any, seen: Any, lowest: Any) -> Any:
    for i in range(first, size):
        bit = np.int64(out[i]) + lowest
        seen[bit >> 6] |= _ONE << np.uint64(bit & 63)
    for word in range(seen.shape[0]):
        rest = seen[word]
        seen[word] = 0
        while rest:
            out[first] = np.int32(64 * word + lowest_bit(rest) - lowest)
            first += 1
            rest &= rest - _ONE
    return first


@inlined_uncounted
def count_members(out: Any, first: Any, size: Any, groups: Any) -> Any:
    """Return how many ids the groups among out[first:size] have; groups come first there."""
    members: Any = 0
    for i in range(first, size):
        if out[i] >= 0:
            break
        members += np.int64(groups[-1 - out[i]])
    return members


@inlined_uncounted
def expand(out: Any, first: Any, size: Any, groups: Any) -> Any:
    """Put the ids of the groups in their place (unsorted, room is there); return the size."""
    plain, end = first, size
    while plain < size and out[plain] < 0:
        place = -1 - np.int64(out[plain])
        for i in range(groups[place]):
            out[end + i] = groups[place + 1 + i]
        end += groups[place]
        plain += 1
    for i in range(plain, end):
        out[first + i - plain] = out[i]
    return first + end - plain
