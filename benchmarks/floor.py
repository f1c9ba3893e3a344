"""Measure the floor of matching: cut and hash the tokens of all texts, look up none."""

from __future__ import annotations

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from metaclip.matching.compiled.tokens import PADDING, cut_block, key_of, mix

_SEED = np.uint64(0)


def hash_tokens(texts: pa.Array) -> int:
    """Return the xor of the hashes of all tokens of a string array without nulls."""
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    padded = np.concatenate([np.frombuffer(data, np.uint8), np.zeros(PADDING, np.uint8)])
    return int(_hash_tokens(padded, bounds))


@numba.njit(nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _hash_tokens(data: NDArray[np.uint8], bounds: NDArray[np.int32]) -> np.uint64:
    longest = 0
    for row in range(bounds.shape[0] - 1):
        longest = max(longest, bounds[row + 1] - bounds[row])
    starts = np.empty(2 * longest + 2, np.int64)
    lengths = np.empty(2 * longest + 2, np.int64)
    total = np.uint64(0)
    for row in range(bounds.shape[0] - 1):
        token = block = data.ctypes.data + np.int64(bounds[row])
        end, count = data.ctypes.data + np.int64(bounds[row + 1]), np.uint64(0)
        while block < end:
            count, token = cut_block(starts, lengths, count, token, block, end - block)
            block += 64
        starts[count], lengths[count] = token, end - token
        for i in range(np.int64(count) + 1):
            low, high = key_of(starts[i], lengths[i], _SEED)
            total ^= mix(low, high, _SEED)
    return total
