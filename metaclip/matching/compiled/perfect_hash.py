"""Perfect hashing: each key of a table has a slot of its own, so a lookup reads one slot.

Hash and displace (Belazzougui, Botelho and Dietzfelbinger, 2009): one half of a key's hash
names a bucket of a few keys, and the bucket an odd factor by which the hashes of all of its
keys fall on slots that no other key has. The factors are small enough for the second-level
cache, there is nothing to probe, and so no branch to mispredict.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaclip.jit.compiler import compiled, inlined_uncounted

# Fuller tables and larger buckets take longer to build; the others fill more of the cache.
_LOAD = 0.9
_KEYS_IN_BUCKET = 6
_MOST = 2**16 - 1

_HALF = np.uint64(32)
_LOW_32 = np.uint64(2**32 - 1)


@inlined_uncounted
def slot_of(hashed: Any, factors: Any, size: Any) -> Any:
    """Return the slot of the known key with this hash; for an unknown one, some slot."""
    bucket = ((hashed & _LOW_32) * np.uint64(factors.shape[0])) >> _HALF
    return _place(hashed, np.uint64(factors[bucket]), size)


@inlined_uncounted
def _place(hashed: Any, factor: Any, size: Any) -> Any:
    return (((hashed * factor) >> _HALF) * np.uint64(size)) >> _HALF


def slot_count(keys: int) -> int:
    """Return the size of a table of so many keys."""
    return int(keys / _LOAD) + 8


def find_factors(
    hashes_of: Callable[[np.uint64], NDArray[np.uint64]], size: int
) -> tuple[np.uint64, NDArray[np.uint16]]:
    """Return the first seed under which a table of `size` slots works, and its factors.

    `hashes_of` gives the hashes of all keys under a seed, good ones in both halves. Two keys
    with the same one can't be told apart: then the next seed is tried.
    """
    for seed in map(np.uint64, count()):
        factors = _factors(hashes_of(seed), size)
        if factors is not None:
            return seed, factors
    raise AssertionError


def _factors(hashes: NDArray[np.uint64], size: int) -> NDArray[np.uint16] | None:
    factors = np.zeros(len(hashes) // _KEYS_IN_BUCKET + 1, np.uint16)
    buckets = (((hashes & _LOW_32) * np.uint64(len(factors))) >> _HALF).astype(np.int64)
    counts = np.bincount(buckets, minlength=len(factors))
    # Large buckets first: those of one key fit into any hole.
    order = np.argsort(-counts, kind="stable")
    firsts = np.cumsum(counts) - counts
    ordered = hashes[np.argsort(buckets, kind="stable")]
    return factors if _find(ordered, order, firsts, counts, size, factors) else None


@compiled
def _find(
    hashes: Any, order: Any, firsts: Any, counts: Any, size: int, factors: Any
) -> bool:  # pragma: no cover
    taken = np.zeros(size, np.bool_)
    for bucket in order:
        first, factor, placed = firsts[bucket], 1, 0
        while placed < counts[bucket]:
            slot = _place(hashes[first + placed], np.uint64(factor), size)
            if not taken[slot]:
                taken[slot] = True
                placed += 1
                continue
            for i in range(placed):
                taken[_place(hashes[first + i], np.uint64(factor), size)] = False
            placed, factor = 0, factor + 2
            if factor > _MOST:
                return False
        factors[bucket] = factor
    return True
