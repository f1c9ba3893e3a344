"""Sort the ids that were found in a text, and drop repeated ones.

Ids are plus 1 here, as they are in terminals. Indices are unsigned (see `kernel`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.jit.compiler import inlined, inlined_uncounted
from metaclip.jit.intrinsics import count_less, lowest_bit, pack

LANES = 16
"""Ids of a block. Input needs so many NO_ID after its end, output so much room."""
NO_ID = np.int32(2**31 - 1)
RANKED = 256
"""Up to so many ids are sorted by their ranks: each is compared with each, 16 at once.

More ids are sorted by a bitmap, whose cost is linear for every order of the ids.
"""

_1, _LANES, _RANKED = np.uint64(1), np.uint64(LANES), np.uint64(RANKED)
_IN_WORD, _LOW_6 = np.uint64(6), np.uint64(63)


@inlined
def make_room(out: Any, size: Any, more: Any) -> Any:
    """Return `out`, or a copy with room for `more` ids, and a block, after the first `size`."""
    used, needed = np.int64(size), np.int64(size + more) + LANES
    if needed <= out.shape[0]:
        return out
    grown = np.empty(2 * needed, np.int32)
    grown[:used] = out[:used]
    return grown


@inlined_uncounted
def sort_unique(
    ids: Any, begin: Any, end: Any, out: Any, size: Any,
    ranks: Any, ordered: Any, seen: Any, filled: Any,
) -> Any:  # fmt: skip
    """Append ids[begin:end], sorted and unique, to out[:size]; return the new size."""
    if end - begin > _RANKED:
        return sort_by_bitmap(ids, begin, end, out, size, seen, filled)
    return _sort_by_rank(ids, begin, end, out, size, ranks, ordered)


@inlined_uncounted
def _sort_by_rank(
    ids: Any, begin: Any, end: Any, out: Any, size: Any, ranks: Any, ordered: Any
) -> Any:
    """Store each id at its rank, the number of lesser ids: no branch, and equal ids coincide.

    All loops run over whole blocks: LLVM unrolls these, and the CPU predicts their number.
    """
    blocks = (end - begin + _LANES - _1) // _LANES
    values = ids.ctypes.data + 4 * np.int64(begin)
    for block in range(blocks):
        for lane in range(_LANES):
            ordered[_LANES * block + lane] = NO_ID
        skip = 4 * LANES * np.int64(block)
        count_less(values + skip, values, np.int64(blocks), ranks.ctypes.data + skip)
    for block in range(blocks):
        for lane in range(_LANES):
            ordered[ranks[_LANES * block + lane]] = ids[begin + _LANES * block + lane]
    for block in range(blocks):
        target = out.ctypes.data + 4 * np.int64(size)
        size += pack(ordered.ctypes.data + 4 * LANES * np.int64(block), LANES, NO_ID, target)
    return size


@inlined_uncounted
def sort_by_bitmap(
    ids: Any, begin: Any, end: Any, out: Any, size: Any, seen: Any, filled: Any
) -> Any:
    """Do the same by a bitmap; `out` may be `ids`.

    `seen` has a bit for each id, `filled` one for each word of `seen`; all are 0 before and after.
    """
    for i in range(begin, end):
        word = np.uint64(ids[i]) >> _IN_WORD
        seen[word] |= _1 << (np.uint64(ids[i]) & _LOW_6)
        filled[word >> _IN_WORD] |= _1 << (word & _LOW_6)
    for group in range(np.uint64(filled.shape[0])):
        words = filled[group]
        filled[group] = 0
        while words:
            word = (group << _IN_WORD) + np.uint64(lowest_bit(words))
            words &= words - _1
            rest = seen[word]
            seen[word] = 0
            while rest:
                out[size] = np.int32((word << _IN_WORD) + np.uint64(lowest_bit(rest)))
                size += _1
                rest &= rest - _1
    return size
