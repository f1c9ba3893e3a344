"""Perfect hashing: each key of a table has a slot of its own, so a lookup reads one slot.

Hash and displace (Belazzougui, Botelho and Dietzfelbinger, 2009): one half of a key's hash
names a bucket of a few keys, and the bucket a displacement under which all of its keys fall
on slots that no other key has. The displacements are small enough for the second-level
cache, there is nothing to probe, and so no branch to mispredict.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaclip.jit import compiled, inlined_uncounted

# Fuller tables take longer to build, emptier ones fill more of the cache.
_LOAD = 0.95
_KEYS_IN_BUCKET = 4
_MOST_TRIES = 1 << 16

_HALF = np.uint64(32)
_LOW_32 = np.uint64(2**32 - 1)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


@inlined_uncounted
def slot_of(hashed: Any, shifts: Any, size: Any) -> Any:
    """Return the slot of the known key with this hash; for an unknown one, some slot."""
    bucket = ((hashed & _LOW_32) * np.uint64(shifts.shape[0])) >> _HALF
    return _displaced(hashed, np.uint64(shifts[bucket]), size)


@inlined_uncounted
def _displaced(hashed: Any, shift: Any, size: Any) -> Any:
    return ((((hashed ^ (shift * _SPREAD)) * _MIX) >> _HALF) * np.uint64(size)) >> _HALF


def slot_count(keys: int) -> int:
    """Return the size of a table of so many keys."""
    return int(keys / _LOAD) + 8


def find_displacements(
    hashes_of: Callable[[np.uint64], NDArray[np.uint64]], size: int
) -> tuple[np.uint64, NDArray[np.uint16]]:
    """Return the first seed under which a table of `size` slots works, and its displacements.

    `hashes_of` gives the hashes of all keys under a seed. Two keys with the same one can't be
    told apart: then the next seed is tried.
    """
    for seed in map(np.uint64, count()):
        shifts = _displacements(hashes_of(seed), size)
        if shifts is not None:
            return seed, shifts
    raise AssertionError


def _displacements(hashes: NDArray[np.uint64], size: int) -> NDArray[np.uint16] | None:
    shifts = np.zeros(len(hashes) // _KEYS_IN_BUCKET + 1, np.uint16)
    buckets = (((hashes & _LOW_32) * np.uint64(len(shifts))) >> _HALF).astype(np.int64)
    counts = np.bincount(buckets, minlength=len(shifts))
    # Large buckets first: those of one key fit into any hole.
    order = np.argsort(-counts, kind="stable")
    firsts = np.cumsum(counts) - counts
    ordered = hashes[np.argsort(buckets, kind="stable")]
    return shifts if _displace(ordered, order, firsts, counts, size, shifts) else None


@compiled
def _displace(
    hashes: Any, order: Any, firsts: Any, counts: Any, size: int, shifts: Any
) -> bool:  # pragma: no cover
    taken = np.zeros(size, np.bool_)
    for bucket in order:
        first, shift, placed = firsts[bucket], 0, 0
        while placed < counts[bucket]:
            slot = _displaced(hashes[first + placed], np.uint64(shift), size)
            if not taken[slot]:
                taken[slot] = True
                placed += 1
                continue
            for i in range(placed):
                taken[_displaced(hashes[first + i], np.uint64(shift), size)] = False
            placed, shift = 0, shift + 1
            if shift == _MOST_TRIES:
                return False
        shifts[bucket] = shift
    return True
