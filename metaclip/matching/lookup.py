"""Lookups in the tables of the compiled engine. See `layout` for what the words hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.jit import inlined
from metaclip.matching.intrinsics import load_word
from metaclip.matching.tokens import LONG, mix, scale

NO_EDGE = np.uint64(2**64 - 1)

_TOP = np.uint64(56)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_LOW_32 = np.uint64(2**32 - 1)
_LOW_6 = np.uint64(63)
# As the word of a token: it starts, or continues, an entry of several tokens.
STARTS, CONTINUES = np.uint64(1 << 32), np.uint64(1 << 33)
# As the word of an edge: the node it leads to has edges of its own.
INNER = np.uint64(1 << 63)


@inlined
def same_bytes(left: Any, right: Any, length: Any) -> Any:
    """Compare `length` (at least 16) bytes at two addresses."""
    for place in range(0, length - 7, 8):
        if load_word(left + place) != load_word(right + place):
            return False
    return bool(load_word(left + length - 8) == load_word(right + length - 8))


@inlined
def is_token(slots: Any, slot: Any, low: Any, high: Any, start: Any, length: Any, pool: Any) -> Any:
    """Say if the slot holds the token with this key; long ones are compared byte by byte."""
    if slots[4 * slot] != low or slots[4 * slot + 1] != high:
        return False
    if (high >> _TOP) != LONG:
        return True
    known = pool.ctypes.data + np.int64(slots[4 * slot + 3] >> _HALF) * 8
    if np.int64(load_word(known)) != length:
        return False
    return same_bytes(known + 8, start, length)


@inlined
def find_token(
    slots: Any, home: Any, low: Any, high: Any, start: Any, length: Any, pool: Any
) -> Any:
    """Return the slot of a token, or -1: linear probing from its home slot."""
    slot = home
    while slots[4 * slot + 1] != 0:
        if is_token(slots, slot, low, high, start, length, pool):
            return slot
        slot += 1
        if 4 * slot == slots.shape[0]:
            slot = 0
    return -1


@inlined
def edge_key(node: Any, token: Any) -> Any:
    """Return the key of the edge from a node by a token: the ids in its two halves."""
    return (node << _HALF) | (token & _LOW_32)


@inlined
def find_edge(edges: Any, key: Any, hashed: Any) -> Any:
    """Return the word of the edge with this key, 0 if there is none."""
    slot = scale(hashed, edges.shape[0] // 2)
    while edges[2 * slot] != key:
        if edges[2 * slot] == NO_EDGE:
            return np.uint64(0)
        slot += 1
        if 2 * slot == edges.shape[0]:
            slot = 0
    return edges[2 * slot + 1]


@inlined
def may_be_edge(bloom: Any, hashed: Any) -> Any:
    """Say 0 if no edge has this hash, mostly; the filter stays in the second-level cache."""
    bit = hashed & np.uint64(64 * bloom.shape[0] - 1)
    return (bloom[np.int64(bit >> np.uint64(6))] >> (bit & _LOW_6)) & _ONE


@inlined
def edge_hash(key: Any) -> Any:
    """Return the hash of an edge's key."""
    return mix(key, _ONE)
