"""The kernel: from the bytes of texts to the sorted, unique ids of each.

Texts are taken as one stream of tokens in chunks of a thousand, and each chunk goes through
stages, so that many cache misses are under way at once and few branches go wrong: cut the
tokens, hash them (and have their slots fetched), look all of them up, filter the pairs of
neighbours that may be an edge (and have that fetched), walk from these. A text that is
longer than a chunk goes on in the next one.

There are no failure links: a walk from each token is as long as the entries that begin there.
So the cost grows with a text's tokens times that length (few steps in any real text, as
entries that begin like each other in each of its places are rare).

Helpers take arrays, not tuples of them, and count no references to them (see `jit`).
Indices are unsigned where it matters: for a signed one Numba looks first if it counts from
the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaclip.jit import compiled, inlined_uncounted
from metaclip.matching.finish import (
    LANES,
    RANKED,
    count_members,
    expand,
    make_room,
    unite,
)
from metaclip.matching.intrinsics import prefetch
from metaclip.matching.layout import EDGE, GROUP, SLOT, Tables
from metaclip.matching.lookup import (
    CONTINUES,
    INNER,
    edge_hash,
    edge_key,
    is_long_token,
    may_be_edge,
)
from metaclip.matching.placing import slot_of
from metaclip.matching.tokens import (
    LONG_KEY,
    TEXT_END,
    TOKENS_IN_BLOCK,
    cut_block,
    key_of,
    mix,
)

CHUNK = 1024
# No text starts in a chunk that is this full: a text cut in two costs more.
_FULL = CHUNK - 384
# So many ids of one text may wait; then repetitions go, which bounds the memory.
_WAITING = 1 << 16

_WORD_BYTES = 8
_STARTS_BIT, _CONTINUES_BIT, _HALF = np.uint64(32), np.uint64(33), np.uint64(32)
_LOW_32 = np.uint64(2**32 - 1)
_CHILD = np.uint64(2**31 - 1)
_0, _1, _2, _3 = (np.uint64(number) for number in range(4))


@inlined_uncounted
def _hash_tokens(
    starts: Any, lengths: Any, keys: Any, found: Any, first: Any, count: Any,
    slots: Any, shifts: Any, seed: Any,
) -> None:  # fmt: skip
    """Note the key of each token and the slot where it is, if anywhere; have that fetched."""
    for i in range(first, count):
        low, high = key_of(starts[i], lengths[i], seed)
        slot = SLOT * slot_of(mix(low, high, seed), shifts, slots.shape[0] // 4)
        prefetch(slots.ctypes.data + np.int64(slot) * _WORD_BYTES)
        keys[2 * i], keys[2 * i + 1], found[i] = low, high, slot


@inlined_uncounted
def _look_up(
    starts: Any, lengths: Any, keys: Any, found: Any, words: Any, terminals: Any,
    first: Any, count: Any, slots: Any, pool: Any,
) -> None:  # fmt: skip
    """Find the word and terminal of each token; those of an unknown one, or an end, are 0."""
    for i in range(first, count):
        low, high, slot = keys[2 * i], keys[2 * i + 1], found[i]
        known = (slots[slot] == low) & (slots[slot + _1] == high)
        last = slots[slot + _3]
        # Not `known and`: which tokens are known can't be predicted, which are long can.
        if high >= LONG_KEY:
            address = pool.ctypes.data + np.int64(last >> _HALF) * _WORD_BYTES
            known = known and is_long_token(address, starts[i], lengths[i])
        kept = _0 - np.uint64(known)
        words[i], terminals[i] = slots[slot + _2] & kept, last & kept & _LOW_32


@inlined_uncounted
def _filter_pairs(
    words: Any, pairs: Any, found: Any, count: Any, bloom: Any,
    edges: Any, shifts: Any, seed: Any,
) -> Any:  # fmt: skip
    """List the places, below `count` - 1, where an entry of several tokens may start.

    `found` gets the slots of the edges there. Returns how many there are.
    """
    size = _0
    before = words[0]
    for i in range(1, count):
        after = words[i]
        hashed = edge_hash(edge_key(before & _LOW_32, after), seed)
        pairs[size], found[size] = i - 1, hashed
        known = (before >> _STARTS_BIT) & (after >> _CONTINUES_BIT)
        # Not by a comparison: LLVM makes a branch of that, which took three times as long.
        size += known & may_be_edge(bloom, hashed)
        before = after
    for i in range(np.int64(size)):
        found[i] = EDGE * slot_of(found[i], shifts, edges.shape[0] // 2)
        prefetch(edges.ctypes.data + np.int64(found[i]) * _WORD_BYTES)
    return np.int64(size)


@inlined_uncounted
def _emit(out: Any, size: Any, terminal: Any) -> Any:
    """Append what a terminal means, a group as -1 - its place; return the new size."""
    plain = np.int64(terminal) - 1
    out[size] = np.int32(-2 - plain + np.int64(GROUP) if terminal & GROUP else plain)
    return size + np.int64(terminal != 0)


@inlined_uncounted
def _walk(
    words: Any, place: Any, slot: Any, out: Any, size: Any, edges: Any, shifts: Any, seed: Any
) -> Any:
    """Append the ids of the entries of several tokens that start at `place`.

    `slot` is where the first edge is, if it is one.
    """
    key, place = edge_key(words[place] & _LOW_32, words[place + 1]), place + 2
    while edges[slot] == key:
        edge = edges[slot + _1]
        size = _emit(out, size, edge & _LOW_32)
        if not edge & INNER or not words[place] & CONTINUES:
            break
        key, place = edge_key((edge >> _HALF) & _CHILD, words[place]), place + 1
        slot = EDGE * slot_of(edge_hash(key, seed), shifts, edges.shape[0] // 2)
    return size


@inlined_uncounted
def _cut_texts(
    starts: Any, lengths: Any, ends: Any, count: Any, state: Any,
    address: Any, shift: Any, safe_rows: Any, tail: Any, offsets: Any,
) -> Any:  # fmt: skip
    """Append the tokens of the next texts, as long as the chunk has room.

    `state` is the next text, whether it is under way, and where its token, block and end are.
    `ends` gets the places of the ends of texts. Returns the count of tokens and of these, and
    the state.
    """
    row, inside, token, block, end = state
    ended, room = 0, starts.shape[0] - 1
    while row < offsets.shape[0] - 1 and (inside or count < _FULL):
        if not inside:
            base = address if row < safe_rows else tail - shift
            token = block = base + np.int64(offsets[row])
            end = base + np.int64(offsets[row + 1])
            inside = True
        while block < end and count + TOKENS_IN_BLOCK + 2 <= room:
            count, token = cut_block(starts, lengths, count, token, block, end - block)
            block += 64
        if block < end or count + 2 > room:
            break
        starts[count], lengths[count] = token, end - token
        starts[count + 1], lengths[count + 1] = end, TEXT_END
        ends[ended] = count + 1
        ended, count, row, inside = ended + 1, count + 2, row + 1, False
    return count, ended, (row, inside, token, block, end)


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
    slots, slot_shifts, slot_seed = tables.slots, tables.slot_shifts, tables.slot_seed
    edges, edge_shifts, edge_seed = tables.edges, tables.edge_shifts, tables.edge_seed
    bloom, groups, pool = tables.bloom, tables.groups, tables.pool
    depth, widest = tables.depth, tables.widest
    rows = offsets.shape[0] - 1
    bounds = np.zeros(rows + 1, np.int64)
    room = CHUNK + 2 * depth
    out = np.empty(16 * rows + room * widest + LANES, np.int32)
    lowest = groups.shape[0]
    seen = np.zeros((tables.entry_count + lowest) // 64 + 1, np.uint64)
    ranks, ordered = np.empty(RANKED, np.int32), np.empty(RANKED + 1, np.int32)
    starts, lengths = np.empty(room + 1, np.int64), np.empty(room + 1, np.int64)
    keys, found = np.empty(2 * room, np.uint64), np.empty(room, np.uint64)
    words, terminals = np.zeros(room + 1, np.uint64), np.zeros(room + 1, np.uint64)
    pairs, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    size, first, done, count, kept, waiting = 0, 0, 0, 0, 0, _WAITING
    state = (0, False, np.int64(0), np.int64(0), np.int64(0))
    while done < rows:
        count, ended, state = _cut_texts(
            starts, lengths, ends, count, state, address, shift, safe_rows, tail, offsets
        )
        _hash_tokens(starts, lengths, keys, found, kept, count, slots, slot_shifts, slot_seed)
        _look_up(starts, lengths, keys, found, words, terminals, kept, count, slots, pool)
        words[count] = 0
        pair_count = _filter_pairs(words, pairs, found, count, bloom, edges, edge_shifts, edge_seed)
        # What starts here needs all its tokens in the chunk; the last few wait for the next.
        limit = max(count - depth, 0) if state[1] else count
        more = count * widest + LANES
        out = make_room(out, size, more)
        place = pair = 0
        for part in range(ended + 1):
            stop = ends[part] if part < ended else limit
            while place < stop:
                size = _emit(out, size, terminals[place])
                place += 1
            while pair < pair_count and pairs[pair] < stop:
                size = _walk(
                    words, pairs[pair], found[pair], out, size, edges, edge_shifts, edge_seed
                )
                pair += 1
            if part < ended or size - first > waiting:
                size = unite(out, first, size, ranks, ordered, seen, lowest)
                members = count_members(out, first, size, groups)
                if members:
                    out = make_room(out, size, members + more)
                    size = expand(out, first, size, groups)
                    size = unite(out, first, size, ranks, ordered, seen, lowest)
                waiting = 2 * (size - first) + _WAITING
            if part < ended:
                first, done, place, waiting = size, done + 1, stop + 1, _WAITING
                bounds[done] = size
        kept = count - limit
        for i in range(kept):
            words[i], terminals[i] = words[limit + i], terminals[limit + i]
        count = kept
    return bounds, out[:size]
