"""What the words in the tables of the compiled engine mean, and how bytes are compared.

See `layout` for the tables.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.jit import inlined_uncounted
from metaclip.matching.intrinsics import load_word
from metaclip.matching.tokens import mix

NO_EDGE = np.uint64(2**64 - 1)
# As the word of a token: it starts, or continues, an entry of several tokens.
STARTS, CONTINUES = np.uint64(1 << 32), np.uint64(1 << 33)
# As the word of an edge: the node it leads to has edges of its own.
INNER = np.uint64(1 << 63)

_HALF = np.uint64(32)
_ONE = np.uint64(1)
_LOW_32 = np.uint64(2**32 - 1)
_IN_WORD, _LOW_6 = np.uint64(6), np.uint64(63)


@inlined_uncounted
def same_bytes(left: Any, right: Any, length: Any) -> Any:
    """Compare `length` (at least 16) bytes at two addresses."""
    for place in range(0, length - 7, 8):
        if load_word(left + place) != load_word(right + place):
            return False
    return bool(load_word(left + length - 8) == load_word(right + length - 8))


@inlined_uncounted
def is_long_token(known: Any, start: Any, length: Any) -> Any:
    """Compare a text's token with the one in the pool at address `known`, after its length."""
    if np.int64(load_word(known)) != length:
        return False
    return same_bytes(known + 8, start, length)


@inlined_uncounted
def edge_key(node: Any, token: Any) -> Any:
    """Return the key of the edge from a node by a token: the ids in its two halves."""
    return (node << _HALF) | (token & _LOW_32)


@inlined_uncounted
def edge_hash(key: Any, seed: Any) -> Any:
    """Return the hash of an edge's key."""
    return mix(key, np.uint64(0), seed)


@inlined_uncounted
def may_be_edge(bloom: Any, hashed: Any) -> Any:
    """Say 0 if no edge has this hash, mostly; the filter stays in the second-level cache."""
    bit = edge_bit(bloom, hashed)
    return (bloom[bit >> _IN_WORD] >> (bit & _LOW_6)) & _ONE


@inlined_uncounted
def add_edge(bloom: Any, hashed: Any) -> None:
    """Let `may_be_edge` know a hash."""
    bit = edge_bit(bloom, hashed)
    bloom[bit >> _IN_WORD] |= _ONE << (bit & _LOW_6)


@inlined_uncounted
def edge_bit(bloom: Any, hashed: Any) -> Any:
    """Return the number of the bit in the filter that stands for a hash."""
    return hashed & np.uint64(64 * bloom.shape[0] - 1)
