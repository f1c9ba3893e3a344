"""Match texts: from their bytes to the sorted, unique entry ids of each.

Texts are one stream of tokens, taken in chunks of a thousand. Each chunk passes these stages:
cut the tokens, hash them and prefetch their slots, look all of them up, filter the pairs of
neighbours that may start an entry and prefetch their edges, collect the ids of each text, sort
these. So many cache misses overlap, and few branches are mispredicted. A text that is longer
than a chunk continues in the next one.

There are no failure links: a walk from each token is as long as the entries that begin there.
So the cost grows with a text's tokens times that length. It is a few steps in real texts, where
entries with equal beginnings rarely occur at every position.

Stages take arrays, not tuples of them, and count no references to them (see `jit`). Counts and
indices are unsigned: of a signed one Numba tests each time whether it counts from the end, which
took a tenth of the kernel's time. Numba computes a float from an unsigned and a signed number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaclip.jit.compiler import compiled, inlined_uncounted
from metaclip.jit.intrinsics import pack, prefetch, word_if
from metaclip.matching.compiled.layout import EDGE, GROUP, SLOT, Tables
from metaclip.matching.compiled.lookup import (
    edge_hash,
    edge_key,
    is_long_token,
    may_continue,
    may_follow,
    may_start,
    node_of,
)
from metaclip.matching.compiled.perfect_hash import slot_of
from metaclip.matching.compiled.sort_unique import (
    LANES,
    NO_ID,
    RANKED,
    make_room,
    sort_by_bitmap,
    sort_unique,
)
from metaclip.matching.compiled.tokens import (
    LONG_KEY,
    TEXT_END,
    TOKENS_IN_BLOCK,
    cut_block,
    key_of,
    mix,
)

CHUNK = 1024
"""Tokens of a chunk."""
_FULL = np.uint64(CHUNK - 384)
"""Tokens of a chunk in which no further text starts: a text cut in two costs more."""
_WAITING = np.uint64(1 << 16)
"""Ids of one text that may wait. Beyond, repeated ones are dropped, which bounds the memory."""

_WORD_BYTES = 8
_HALF = np.uint64(32)
_LOW_32 = np.uint64(2**32 - 1)
_LANES, _BLOCK = np.uint64(LANES), np.uint64(TOKENS_IN_BLOCK)
_0, _1, _2, _3 = (np.uint64(number) for number in range(4))


@inlined_uncounted
def _cut_texts(
    starts: Any, lengths: Any, ends: Any, count: Any, state: Any,
    address: Any, shift: Any, safe_rows: Any, tail: Any, offsets: Any,
) -> Any:  # fmt: skip
    """Append the tokens of the next texts, as long as the chunk has room.

    `state` is the next text, whether it is under way, and the addresses of its token, block and
    end. `ends` gets the indices of the ends of texts. Return the number of tokens, the number
    of ends, and the state.
    """
    row, inside, token, block, end = state
    rows, room = np.uint64(offsets.shape[0] - 1), np.uint64(starts.shape[0])
    ended = _0
    while row < rows and (inside or count < _FULL):
        if not inside:
            base = address if row < np.uint64(safe_rows) else tail - shift
            token = block = base + np.int64(offsets[row])
            end = base + np.int64(offsets[row + _1])
            inside = True
        while block < end and count + _BLOCK + _2 < room:
            count, token = cut_block(starts, lengths, count, token, block, end - block)
            block += 64
        if block < end or count + _2 >= room:
            break
        starts[count], lengths[count] = token, end - token
        starts[count + _1], lengths[count + _1] = end, TEXT_END
        ends[ended] = count + _1
        ended, count, row, inside = ended + _1, count + _2, row + _1, False
    return count, ended, (row, inside, token, block, end)


@inlined_uncounted
def _hash_tokens(
    starts: Any, lengths: Any, keys: Any, found: Any, first: Any, count: Any,
    slots: Any, factors: Any, seed: Any,
) -> None:  # fmt: skip
    """Note the key of each token and its slot, if it is a known one; prefetch the slot."""
    for i in range(first, count):
        low, high = key_of(starts[i], lengths[i], seed)
        slot = SLOT * slot_of(mix(low, high, seed), factors, slots.shape[0] // 4)
        prefetch(slots.ctypes.data + np.int64(slot) * _WORD_BYTES)
        keys[_2 * i], keys[_2 * i + _1], found[i] = low, high, slot


@inlined_uncounted
def _look_up(
    starts: Any, lengths: Any, keys: Any, found: Any, words: Any, terminals: Any,
    first: Any, count: Any, slots: Any, pool: Any,
) -> None:  # fmt: skip
    """Note the word and terminal of each token: 0 for an unknown one and for an end."""
    for i in range(first, count):
        low, high, slot = keys[_2 * i], keys[_2 * i + _1], found[i]
        known = (slots[slot] == low) & (slots[slot + _1] == high)
        last = slots[slot + _3]
        # The CPU predicts whether a token is long, but not whether it is known. So the latter
        # is no branch. The bytes of a long one with a known key are compared afterwards.
        words[i], terminals[i] = word_if(known, slots[slot + _2]), word_if(known, last)
        if high >= LONG_KEY:
            address = pool.ctypes.data + np.int64(last >> _HALF) * _WORD_BYTES
            if not is_long_token(address, starts[i], lengths[i]):
                words[i] = terminals[i] = _0


@inlined_uncounted
def _filter_pairs(
    words: Any, pairs: Any, found: Any, count: Any, edges: Any, factors: Any, seed: Any
) -> Any:
    """List the tokens, below `count` - 1, at which an entry of several tokens may start.

    `found` gets the slots of the edges there. Return the number of these tokens.
    """
    size, before = _0, words[_0]
    for i in range(_1, count):
        after = words[i]
        pairs[size] = i - _1
        # LLVM compiles a comparison here to a branch, which took three times as long.
        size += may_start(before, after)
        before = after
    for i in range(size):
        key = edge_key(words[pairs[i]], words[pairs[i] + _1])
        slot = EDGE * slot_of(edge_hash(key, seed), factors, edges.shape[0] // 2)
        prefetch(edges.ctypes.data + np.int64(slot) * _WORD_BYTES)
        found[i] = slot
    return size


@inlined_uncounted
def _collect(
    words: Any, terminals: Any, pairs: Any, found: Any, pair_count: Any, ends: Any, ended: Any,
    limit: Any, ids: Any, begins: Any, stops: Any, groups: Any,
    edges: Any, factors: Any, seed: Any,
) -> None:  # fmt: skip
    """Store the ids of each text of the chunk, unsorted and plus 1, at ids[begin:stop].

    The ids of the text under way come last. Tokens from `limit` on wait for the next chunk.
    """
    size, token, pair = stops[0], _0, _0
    for text in range(ended + _1):
        last = ends[text] if text < ended else limit
        if groups.shape[0]:
            for i in range(token, last):
                size = _append(ids, size, np.uint64(terminals[i]), groups)
        else:
            size = _append_plain(ids, size, terminals, token, last)
        while pair < pair_count and pairs[pair] < last:
            size = _walk(words, pairs[pair], found[pair], ids, size, groups, edges, factors, seed)
            pair += _1
        stops[text], token = size, last + _1
        for lane in range(_LANES):
            ids[size + lane] = NO_ID
        size += _LANES
        begins[text + _1] = size


@inlined_uncounted
def _append_plain(ids: Any, size: Any, terminals: Any, first: Any, last: Any) -> Any:
    """Append the ids of terminals[first:last], none of which is a group; return the new size."""
    while first < last:
        block = terminals.ctypes.data + 4 * np.int64(first)
        size += pack(block, last - first, 0, ids.ctypes.data + 4 * np.int64(size))
        first += _LANES
    return size


@inlined_uncounted
def _append(ids: Any, size: Any, terminal: Any, groups: Any) -> Any:
    """Append the ids of a terminal; return the new size."""
    if terminal & GROUP:
        group = terminal - GROUP
        for i in range(np.uint64(groups[group])):
            ids[size] = groups[group + _1 + i] + 1
            size += _1
        return size
    ids[size] = terminal
    return size + np.uint64(terminal != _0)


@inlined_uncounted
def _walk(
    words: Any, token: Any, slot: Any, ids: Any, size: Any, groups: Any,
    edges: Any, factors: Any, seed: Any,
) -> Any:  # fmt: skip
    """Append the ids of the entries of several tokens that start at `token`.

    `slot` has the edge of the first two tokens, if there is one.
    """
    key, token = edge_key(words[token], words[token + _1]), token + _2
    while True:
        # A third of the first edges does not exist, which the CPU cannot predict.
        edge = word_if(edges[slot] == key, edges[slot + _1])
        size = _append(ids, size, edge & _LOW_32, groups)
        after = words[token]
        if not may_continue(edge, after) & may_follow(words[token - _1], after):
            return size
        key, token = edge_key(node_of(edge), after), token + _1
        slot = EDGE * slot_of(edge_hash(key, seed), factors, edges.shape[0] // 2)


@inlined_uncounted
def _sort_texts(
    ids: Any, begins: Any, stops: Any, ended: Any, out: Any, bounds: Any, done: Any,
    ranks: Any, ordered: Any, seen: Any, filled: Any,
) -> None:  # fmt: skip
    """Append the ids of the texts that ended, sorted and unique, to `out`."""
    start = size = np.uint64(bounds[done])
    for text in range(ended):
        size = sort_unique(ids, begins[text], stops[text], out, size, ranks, ordered, seen, filled)
        bounds[done + text + _1] = size
    for i in range(start, size):
        out[i] -= 1


@inlined_uncounted
def _move(values: Any, first: Any, count: Any) -> None:
    """Move `count` values from index `first` on to the front."""
    for i in range(count):
        values[i] = values[first + i]


@compiled
def match_texts(
    tables: Tables,
    address: int,
    shift: int,
    safe_rows: int,
    tail: int,
    offsets: NDArray[Any],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the offsets of the ids of each text (one more than texts), and all ids.

    Args:
        tables: of the engine.
        address: of the bytes of the texts.
        shift: the offset of the first byte of the copy at `tail`.
        safe_rows: the texts from this one on are read from `tail`.
        tail: the address of a padded copy, since the kernel reads a block beyond a text.
        offsets: int32 or int64; text i is the bytes offsets[i]:offsets[i + 1].
    """
    slots, slot_factors, slot_seed = tables.slots, tables.slot_factors, tables.slot_seed
    edges, edge_factors, edge_seed = tables.edges, tables.edge_factors, tables.edge_seed
    groups, pool = tables.groups, tables.pool
    depth, widest = np.uint64(tables.depth), np.uint64(tables.widest)
    rows = np.uint64(offsets.shape[0] - 1)
    bounds = np.zeros(offsets.shape[0], np.int64)
    out = np.empty(16 * offsets.shape[0], np.int32)
    room = CHUNK + 2 * tables.depth
    starts, lengths = np.empty(room, np.int64), np.empty(room, np.int64)
    keys, found = np.empty(2 * room, np.uint64), np.empty(room, np.uint64)
    words, terminals = np.zeros(room + 1, np.uint64), np.zeros(room + LANES, np.uint32)
    pairs, ends = np.empty(room, np.uint64), np.empty(room, np.uint64)
    ids = np.empty(room, np.int32)
    begins, stops = np.zeros(room + 1, np.uint64), np.zeros(room + 1, np.uint64)
    seen = np.zeros(tables.entry_count // 64 + 1, np.uint64)
    filled = np.zeros(seen.shape[0] // 64 + 1, np.uint64)
    ranks, ordered = np.empty(RANKED, np.uint32), np.empty(RANKED, np.int32)
    done, kept, waiting = _0, _0, _WAITING
    state = (_0, False, np.int64(0), np.int64(0), np.int64(0))
    while done < rows:
        count, ended, state = _cut_texts(
            starts, lengths, ends, kept, state, address, shift, safe_rows, tail, offsets
        )
        _hash_tokens(starts, lengths, keys, found, kept, count, slots, slot_factors, slot_seed)
        _look_up(starts, lengths, keys, found, words, terminals, kept, count, slots, pool)
        words[count] = 0
        pair_count = _filter_pairs(words, pairs, found, count, edges, edge_factors, edge_seed)
        # An entry needs all its tokens in one chunk, so the last few tokens wait for the next.
        limit = count - min(count, depth) if state[1] else count
        ids = make_room(ids, stops[0], count * widest + _LANES * (ended + _1))
        _collect(
            words, terminals, pairs, found, pair_count, ends, ended, limit,
            ids, begins, stops, groups, edges, edge_factors, edge_seed,
        )  # fmt: skip
        out = make_room(out, np.uint64(bounds[done]), begins[ended])
        _sort_texts(ids, begins, stops, ended, out, bounds, done, ranks, ordered, seen, filled)
        left = stops[ended] - begins[ended]
        if ended:
            done, waiting = done + ended, _WAITING
            _move(ids, begins[ended], left)
        if left > waiting:
            left = sort_by_bitmap(ids, _0, left, ids, _0, seen, filled)
            waiting = _2 * left + _WAITING
        stops[0] = left
        kept = count - limit
        _move(words, limit, kept)
        _move(terminals, limit, kept)
    return bounds, out[: bounds[done]]
