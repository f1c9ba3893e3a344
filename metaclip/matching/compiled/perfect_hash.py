"""Build and query perfect hash tables: each key has a slot of its own, so a lookup reads one.

Hash and displace (Belazzougui, Botelho and Dietzfelbinger, 2009): one half of a key's hash
selects a bucket of a few keys. The bucket has an odd factor which maps the hashes of all of its
keys to slots that no other key has. The factors are small enough for the second-level cache.
There is no probing, hence no branch to mispredict.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaclip.jit.compiler import compiled, inlined_uncounted

_LOAD = 0.9
"""Keys per slot. A fuller table takes longer to build, an emptier one more of the cache."""
_KEYS_IN_BUCKET = 6
"""Mean keys of a bucket, with the same trade-off."""
_LARGEST_FACTOR = 2**16 - 1

_HALF = np.uint64(32)
_LOW_32 = np.uint64(2**32 - 1)


@inlined_uncounted
def slot_of(hashed: Any, factors: Any, size: Any) -> Any:
    """Return the slot of the known key with this hash; for an unknown one, some slot."""
    bucket = ((hashed & _LOW_32) * np.uint64(factors.shape[0])) >> _HALF
    return _slot(hashed, np.uint64(factors[bucket]), size)


@inlined_uncounted
def _slot(hashed: Any, factor: Any, size: Any) -> Any:
    return (((hashed * factor) >> _HALF) * np.uint64(size)) >> _HALF


def slot_count(keys: int) -> int:
    """Return the size of a table of so many keys."""
    return int(keys / _LOAD) + 8


def find_factors(
    hashes_of: Callable[[np.uint64], NDArray[np.uint64]], size: int
) -> tuple[np.uint64, NDArray[np.uint16]]:
    """Return the first seed under which a table of `size` slots works, and its factors.

    `hashes_of` returns the hashes of all keys under a seed, uniform in both halves. Where two
    keys have the same hash, no factor separates them: then the next seed is tried.
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
    # Large buckets first: those of one key fit into any free slot.
    order = np.argsort(-counts, kind="stable")
    firsts = np.cumsum(counts) - counts
    ordered = hashes[np.argsort(buckets, kind="stable")]
    return factors if _find(ordered, order, firsts, counts, size, factors) else None


@compiled
def _find(
    hashes: NDArray[np.uint64],
    order: NDArray[np.int64],
    firsts: NDArray[np.int64],
    counts: NDArray[np.int64],
    size: int,
    factors: NDArray[np.uint16],
) -> bool:
    """Set the factor of each bucket, in this order; return False if one has none."""
    taken = np.zeros(size, np.bool_)
    for bucket in order:
        first, factor, placed = firsts[bucket], 1, 0
        while placed < counts[bucket]:
            slot = _slot(hashes[first + placed], np.uint64(factor), size)
            if not taken[slot]:
                taken[slot] = True
                placed += 1
                continue
            for i in range(placed):
                taken[_slot(hashes[first + i], np.uint64(factor), size)] = False
            placed, factor = 0, factor + 2
            if factor > _LARGEST_FACTOR:
                return False
        factors[bucket] = factor
    return True
