"""The kernel: from the bytes of texts to the sorted, unique ids of each.

Texts are taken as one stream of tokens in chunks of a thousand, and each chunk goes through
stages, so that many cache misses are under way at once: cut and hash the tokens (and have
their slots fetched), look all of them up, filter the pairs of neighbours that may be an
edge, walk these. A text that is longer than a chunk goes on in the next one.

Helpers take arrays, not tuples of them: each array taken out of a tuple costs an atomic
count of references, which took half the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaclip.jit import compiled, inlined
from metaclip.matching.finish import RANKED, count_members, expand, make_room, unite
from metaclip.matching.layout import GROUP, Tables
from metaclip.matching.lookup import (
    CONTINUES,
    INNER,
    STARTS,
    edge_hash,
    edge_key,
    find_edge,
    find_token,
    may_be_edge,
)
from metaclip.matching.tokens import CUT_WORDS, TOKENS_IN_BLOCK, add_block, add_token

CHUNK = 1024
# No text starts in a chunk that is this full: a text cut in two costs more.
_FULL = CHUNK - 384
# So many ids of one text may wait; then repetitions go, which bounds the memory.
_WAITING = 1 << 16

_HALF = np.uint64(32)
_LOW_32 = np.uint64(2**32 - 1)
_CHILD = np.uint64(2**31 - 1)


@inlined
def _look_up(
    cut: Any, words: Any, terminals: Any, first: Any, count: Any, slots: Any, pool: Any
) -> None:
    """Find the word and terminal of each token; those of an unknown one, or an end, are 0."""
    for i in range(first, count):
        low, high = cut[CUT_WORDS * i], cut[CUT_WORDS * i + 1]
        word, terminal = np.uint64(0), np.uint64(0)
        if high != 0:
            start, length = np.int64(cut[CUT_WORDS * i + 2]), np.int64(cut[CUT_WORDS * i + 3])
            home = np.int64(cut[CUT_WORDS * i + 4])
            slot = find_token(slots, home, low, high, start, length, pool)
            if slot >= 0:
                word, terminal = slots[4 * slot + 2], slots[4 * slot + 3] & _LOW_32
        words[i], terminals[i] = word, terminal


@inlined
def _filter_pairs(words: Any, pairs: Any, count: Any, bloom: Any) -> Any:
    """List the places, below `count` - 1, where an entry of several tokens may start."""
    found: Any = 0
    for i in range(count - 1):
        if (words[i] & STARTS) and (words[i + 1] & CONTINUES):
            hashed = edge_hash(edge_key(words[i] & _LOW_32, words[i + 1]))
            pairs[found] = i
            found += np.int64(may_be_edge(bloom, hashed))
    return found


@inlined
def _emit(out: Any, size: Any, terminal: Any) -> Any:
    """Append what a terminal means, a group as -1 - its place; return the new size."""
    plain = np.int64(terminal) - 1
    out[size] = np.int32(-2 - plain + np.int64(GROUP) if terminal & GROUP else plain)
    return size + np.int64(terminal != 0)


@inlined
def _walk(words: Any, place: Any, out: Any, size: Any, edges: Any) -> Any:
    """Append the ids of the entries of several tokens that start at `place`."""
    node, place = words[place] & _LOW_32, place + 1
    while words[place] & CONTINUES:
        key = edge_key(node, words[place])
        edge = find_edge(edges, key, edge_hash(key))
        if edge == 0:
            break
        size = _emit(out, size, edge & _LOW_32)
        if not edge & INNER:
            break
        node, place = (edge >> _HALF) & _CHILD, place + 1
    return size


@compiled
def match_texts(
    tables: Tables,
    address: int,
    shift: int,
    safe_rows: int,
    tail: int,
    offsets: NDArray[Any],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the offsets of the ids (int64, one more than texts), and all ids (int32).

    Text i is the bytes offsets[i]:offsets[i + 1] behind `address`; from text `safe_rows` on
    behind `tail` - `shift`, a copy, as the kernel reads a block beyond a text.
    """
    slots, edges, bloom, pool = tables.slots, tables.edges, tables.bloom, tables.pool
    groups, depth, widest = tables.groups, tables.depth, tables.widest
    rows = offsets.shape[0] - 1
    bounds = np.zeros(rows + 1, np.int64)
    room = CHUNK + 2 * depth
    out = np.empty(16 * rows + room * widest, np.int32)
    lowest = groups.shape[0]
    seen = np.zeros((tables.entry_count + lowest) // 64 + 1, np.uint64)
    ranks = np.empty(RANKED, np.int32)
    cut = np.empty(CUT_WORDS * room, np.uint64)
    words, terminals = np.zeros(room + 1, np.uint64), np.zeros(room + 1, np.uint64)
    pairs, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    size, first, row, done, count, kept, waiting = 0, 0, 0, 0, 0, 0, _WAITING
    inside = False
    token = block = end = np.int64(0)
    while done < rows:
        ended = 0
        while row < rows and (inside or count < _FULL):
            if not inside:
                base = address if row < safe_rows else tail - shift
                token = block = base + np.int64(offsets[row])
                end = base + np.int64(offsets[row + 1])
                inside = True
            while block < end and count + TOKENS_IN_BLOCK + 2 <= room:
                count, token = add_block(cut, count, token, block, end - block, slots)
                block += 64
            if block < end or count + 2 > room:
                break
            count = add_token(cut, count, token, end - token, slots)
            cut[CUT_WORDS * count + 1] = 0
            ends[ended] = count
            ended, count, row, inside = ended + 1, count + 1, row + 1, False
        _look_up(cut, words, terminals, kept, count, slots, pool)
        words[count] = 0
        found = _filter_pairs(words, pairs, count, bloom)
        # What starts here needs all its tokens in the chunk; the last few wait for the next.
        limit = max(count - depth, 0) if inside else count
        more = count * widest + 1
        out = make_room(out, size, more)
        place = pair = 0
        for part in range(ended + 1):
            stop = ends[part] if part < ended else limit
            while place < stop:
                size = _emit(out, size, terminals[place])
                place += 1
            while pair < found and pairs[pair] < stop:
                size = _walk(words, pairs[pair], out, size, edges)
                pair += 1
            if part < ended or size - first > waiting:
                size = unite(out, first, size, ranks, seen, lowest)
                members = count_members(out, first, size, groups)
                if members:
                    out = make_room(out, size, members + more)
                    size = expand(out, first, size, groups)
                    size = unite(out, first, size, ranks, seen, lowest)
                waiting = 2 * (size - first) + _WAITING
            if part < ended:
                first, done, place, waiting = size, done + 1, stop + 1, _WAITING
                bounds[done] = size
        kept = count - limit
        for i in range(kept):
            words[i], terminals[i] = words[limit + i], terminals[limit + i]
        count = kept
    return bounds, out[:size]
