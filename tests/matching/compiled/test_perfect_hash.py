"""Every key gets a slot of its own, or another seed is tried."""

from __future__ import annotations

import numpy as np
import pytest

from metaclip.matching.compiled.perfect_hash import find_factors, slot_count, slot_of


@pytest.mark.parametrize("count", [0, 1, 2, 1000, 50_000])
def test_keys_have_slots_of_their_own(count: int) -> None:
    hashes = np.random.default_rng(count).integers(0, 2**64, count, np.uint64)
    size = slot_count(count)
    _, factors = find_factors(lambda seed: hashes, size)
    slots = {int(slot_of(hashed, factors, size)) for hashed in hashes}
    assert len(slots) == count
    assert all(0 <= slot < size for slot in slots)


def test_keys_that_collide_under_a_seed_get_another_one() -> None:
    asked = []

    def hashes_of(seed: np.uint64) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        asked.append(int(seed))
        return np.array([7, 2**50, 7 + (seed // np.uint64(2) << np.uint64(60))], np.uint64)

    seed, _ = find_factors(hashes_of, slot_count(3))
    assert (int(seed), asked) == (2, [0, 1, 2])
