"""Read the words in the tables of the compiled engine, and compare bytes.

`layout` declares the tables.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.jit.compiler import inlined_uncounted
from metaclip.jit.intrinsics import load_word
from metaclip.matching.compiled.tokens import mix

NO_EDGE = np.uint64(2**64 - 1)
"""Key of an empty slot of the edges."""
SECONDS, LEADERS = np.uint64(32), np.uint64(48)
"""Shifts of two masks in a token's word, above its id.

The first has the kinds of tokens that come second in an entry which it starts; the second has
the kinds of tokens that it follows in any entry.
"""
CHILD, CHILD_KINDS = np.uint64(32), np.uint64(56)
"""Shifts in an edge's word, above its terminal: the number of its node if that has edges of its
own, and the kinds of the tokens of these edges."""
MOST_CHILDREN = 2**24
"""Nodes that an edge's word can number."""
DEEPER = np.uint64(1 << 31)
"""The bit of such a node beside its number; at depth 1 a node is its token's id."""

_HALF = np.uint64(32)
_ONE = np.uint64(1)
_LOW_32 = np.uint64(2**32 - 1)
_KINDS, _EDGE_KINDS = np.uint64(16), np.uint64(8)
_CHILDREN = np.uint64(MOST_CHILDREN - 1)


@inlined_uncounted
def same_bytes(left: Any, right: Any, length: Any) -> Any:
    """Return whether `length` (at least 16) bytes at two addresses are equal."""
    for offset in range(0, length - 7, 8):
        if load_word(left + offset) != load_word(right + offset):
            return False
    return bool(load_word(left + length - 8) == load_word(right + length - 8))


@inlined_uncounted
def is_long_token(known: Any, start: Any, length: Any) -> Any:
    """Return whether a text's token equals the pool's, whose length is at address `known`."""
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
def kind_of(token: Any) -> Any:
    """Return the kind, one of 16, of a token, by its id."""
    return token & (_KINDS - _ONE)


@inlined_uncounted
def may_start(before: Any, after: Any) -> Any:
    """Return 0, from their words, if no entry of several tokens starts with these two.

    A 1 can be wrong: seven in ten of the pairs in captions that pass start an entry.
    """
    return (before >> (SECONDS + kind_of(after))) & may_follow(before, after)


@inlined_uncounted
def may_follow(before: Any, after: Any) -> Any:
    """Return 0, from their words, if the second of two tokens follows the first in no entry."""
    return (after >> (LEADERS + kind_of(before))) & _ONE


@inlined_uncounted
def edge_kind_of(token: Any) -> Any:
    """Return the kind, one of 8, of a token, by its id."""
    return token & (_EDGE_KINDS - _ONE)


@inlined_uncounted
def may_continue(edge: Any, after: Any) -> Any:
    """Return 0, from the words of both, if the edge's node has no edge by this token."""
    return (edge >> (CHILD_KINDS + edge_kind_of(after))) & _ONE


@inlined_uncounted
def node_of(edge: Any) -> Any:
    """Return the node that an edge leads to, from its word."""
    return ((edge >> CHILD) & _CHILDREN) | DEEPER
