"""Build the trie of the patterns' tokens, in two kernels: Python objects would take seconds.

Token ids follow the order of first occurrence. A node of depth 1 is its token's id; the node at
the end of the i-th edge is the number of tokens plus i.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaclip.jit.compiler import compiled, inlined
from metaclip.matching.compiled.lookup import (
    LEADERS,
    SECONDS,
    edge_key,
    edge_kind_of,
    kind_of,
    same_bytes,
)
from metaclip.matching.compiled.tokens import LONG_KEY, key_of, mix

_SPACE = np.uint8(32)
_NO_SEED = np.uint64(0)
_DEPTH_1 = np.uint64(32)
_ONE = np.uint64(1)

Numbers = NDArray[np.int64]


class Tokens(NamedTuple):
    """The distinct tokens of the patterns, and the patterns as token ids.

    starts, lengths: bytes of each distinct token in the patterns' text
    ids: the token ids of all patterns, one after the other
    bounds: indices in `ids` of the patterns, one more than there are
    """

    starts: Numbers
    lengths: Numbers
    ids: NDArray[np.int32]
    bounds: Numbers


class Trie(NamedTuple):
    """The edges below depth 1.

    keys: node and token of each edge
    kinds: mask of the kinds (see `lookup`) of the tokens that continue each edge
    leaves: the node at which each pattern ends
    masks: SECONDS and LEADERS (see `lookup`) of each token
    widest: the most patterns, repeated ones included, that end on one path from the root
    """

    keys: NDArray[np.uint64]
    kinds: NDArray[np.uint64]
    leaves: Numbers
    masks: NDArray[np.uint64]
    widest: int


def table_size(keys: int) -> int:
    """Return the size, a power of two, of a table for linear probing, at most half full."""
    return 1 << max(2 * keys, 2).bit_length()


@compiled
def cut_patterns(
    text: NDArray[np.uint8], ends: Numbers, most: int, table: NDArray[np.int32]
) -> Tokens:
    """Cut the patterns, which end at `ends` in `text`, at single spaces.

    There are at most `most` tokens. `table` is filled with -1. The kernel loads up to PADDING
    bytes after the last pattern.
    """
    starts, lengths = np.empty(most, np.int64), np.empty(most, np.int64)
    ids, bounds = np.empty(most, np.int32), np.zeros(ends.shape[0] + 1, np.int64)
    keys = np.empty(2 * most, np.uint64)
    known, total, start = 0, 0, 0
    for row in range(ends.shape[0]):
        for end in range(start, ends[row] + 1):
            if end < ends[row] and text[end] != _SPACE:
                continue
            starts[known], lengths[known] = start, end - start
            token = _find_or_add(text, starts, lengths, keys, known, table)
            known += token == known
            ids[total] = token
            total, start = total + 1, end + 1
        start = ends[row]
        bounds[row + 1] = total
    return Tokens(starts[:known].copy(), lengths[:known].copy(), ids[:total], bounds)


@inlined
def _find_or_add(text: Any, starts: Any, lengths: Any, keys: Any, new: Any, table: Any) -> Any:
    """Return the id of the token that is noted as `new`: `new` itself if it occurs first."""
    base = text.ctypes.data
    low, high = key_of(base + starts[new], lengths[new], _NO_SEED)
    slot = np.int64(mix(low, high, _NO_SEED) & np.uint64(table.shape[0] - 1))
    while table[slot] >= 0:
        old = np.int64(table[slot])
        if keys[2 * old] == low and keys[2 * old + 1] == high:
            length = lengths[new]
            if high < LONG_KEY:
                return old
            if lengths[old] == length and same_bytes(
                base + starts[old], base + starts[new], length
            ):
                return old
        slot = (slot + 1) & (table.shape[0] - 1)
    keys[2 * new], keys[2 * new + 1] = low, high
    table[slot] = new
    return np.int64(new)


@compiled
def grow_trie(
    ids: NDArray[np.int32], bounds: Numbers, tokens: int, table: NDArray[np.int32]
) -> Trie:
    """Return the trie of the patterns of `Tokens`, which have so many distinct tokens.

    `table` is filled with -1.
    """
    most, rows = ids.shape[0], bounds.shape[0] - 1
    keys, kinds = np.empty(most, np.uint64), np.zeros(most, np.uint64)
    leaves, ending = np.empty(rows, np.int64), np.zeros(tokens + most, np.int64)
    masks = np.zeros(tokens, np.uint64)
    count = 0
    for row in range(rows):
        node = before = np.int64(ids[bounds[row]])
        for index in range(bounds[row] + 1, bounds[row + 1]):
            token = np.int64(ids[index])
            if node < tokens:
                masks[node] |= _ONE << (SECONDS + kind_of(np.uint64(token)))
            else:
                kinds[node - tokens] |= _ONE << edge_kind_of(np.uint64(token))
            masks[token] |= _ONE << (LEADERS + kind_of(np.uint64(before)))
            before = token
            keys[count] = edge_key(np.uint64(node), np.uint64(token))
            edge = _find_or_add_edge(keys, count, table)
            count += edge == count
            node = tokens + edge
        leaves[row] = node
        ending[node] += 1
    widest = _widest_path(keys[:count], ending, tokens)
    return Trie(keys[:count].copy(), kinds[:count].copy(), leaves, masks, widest)


@inlined
def _find_or_add_edge(keys: Any, new: Any, table: Any) -> Any:
    """Return the number of the edge that is noted as `new`: `new` itself if it occurs first."""
    hashed = mix(keys[new], _NO_SEED, _NO_SEED)
    slot = np.int64(hashed & np.uint64(table.shape[0] - 1))
    while table[slot] >= 0:
        if keys[table[slot]] == keys[new]:
            return np.int64(table[slot])
        slot = (slot + 1) & (table.shape[0] - 1)
    table[slot] = new
    return np.int64(new)


@inlined
def _widest_path(keys: Any, ending: Any, tokens: Any) -> Any:
    """Return `Trie.widest`; `ending` has the number of patterns that end at each node."""
    widest = 0
    for node in range(tokens + keys.shape[0]):
        if node >= tokens:
            # A parent precedes its children, so its count is already that of its path.
            ending[node] += ending[np.int64(keys[node - tokens] >> _DEPTH_1)]
        widest = max(widest, ending[node])
    return widest
