"""Lay the automaton out: a trie over tokens as flat arrays.

A *terminal* (32 bits) denotes the entries of a pattern: 0 for none, id + 1 for one entry, or,
with the highest bit set, the index in `groups` of their number, which their ids follow.

benchmarks/README.md lists the layouts that were tried, with their CPU time per text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaclip.config.settings import Spacing
from metaclip.errors import InputError
from metaclip.jit.compiler import compiled
from metaclip.matching.compiled.lookup import (
    CHILD,
    CHILD_KINDS,
    DEEPER,
    MOST_CHILDREN,
    NO_EDGE,
    edge_hash,
)
from metaclip.matching.compiled.perfect_hash import find_factors, slot_count, slot_of
from metaclip.matching.compiled.tokens import LONG_KEY, PADDING, key_of, mix
from metaclip.matching.compiled.trie import (
    Numbers,
    Tokens,
    Trie,
    cut_patterns,
    grow_trie,
    table_size,
)
from metaclip.matching.spacing import entry_pattern

GROUP = np.uint64(1 << 31)
"""The bit of a terminal that is the index of a group."""
SLOT, EDGE = np.uint64(4), np.uint64(2)
"""Words of a token's slot and of an edge's."""
_HALF = np.uint64(32)
_LOW_32 = np.uint64(2**32 - 1)

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Factors = NDArray[np.uint16]


class Tables(NamedTuple):
    """The arrays that the kernel reads, all flat.

    slots: 4 words a token: its key (two), id | masks << 32, terminal | pool index << 32
    slot_factors, slot_seed: map a token to its slot (see `perfect_hash`)
    edges: 2 words an edge: its key, terminal | child << 32 | kinds << 56
    edge_factors, edge_seed: map an edge to its slot
    groups: ids of equal patterns, each list after its length
    pool: the bytes of long tokens, each after its length, in words of 8 bytes
    depth: the most tokens of an entry
    widest: the most entries that start at one token
    entry_count: the number of ids
    """

    slots: Words
    slot_factors: Factors
    slot_seed: np.uint64
    edges: Words
    edge_factors: Factors
    edge_seed: np.uint64
    groups: NDArray[np.int32]
    pool: Words
    depth: int
    widest: int
    entry_count: int

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(part.nbytes for part in self if isinstance(part, np.ndarray))


def aligned(words: NDArray[Any]) -> NDArray[Any]:
    """Return a copy at a multiple of 64 bytes, so that no slot straddles two cache lines."""
    room = np.empty(words.nbytes + 64, np.uint8)
    start = -room.ctypes.data % 64
    copy = room[start : start + words.nbytes].view(words.dtype)
    copy[:] = words
    return copy


def build_tables(entries: Sequence[str], spacing: Spacing) -> Tables:
    """Return the tables of `entries`, in the order of their ids (the first has id 0).

    Raises:
        InputError: the trie has more inner nodes than an edge can number.
    """
    # An entry with a lone surrogate is allowed; no text can have one.
    patterns = [
        entry_pattern(entry, spacing)[1:-1].encode("utf-8", "surrogatepass") for entry in entries
    ]
    text = np.frombuffer(b"".join([*patterns, bytes(PADDING)]), np.uint8)
    ends = np.cumsum(np.fromiter(map(len, patterns), np.int64, len(patterns)))
    most = len(patterns) + int(np.count_nonzero(text == ord(" ")))
    tokens = cut_patterns(text, ends, most + 1, _table(most))
    trie = grow_trie(tokens.ids, tokens.bounds, len(tokens.starts), _table(most))
    terminals, groups = _terminals(trie.leaves, len(tokens.starts) + len(trie.keys))
    singles, others = np.split(terminals, [len(tokens.starts)])
    slots, slot_factors, slot_seed, pool = _slots(text, tokens, trie, singles)
    edges, edge_factors, edge_seed = _edges(trie, len(tokens.starts), others)
    depth = int(np.diff(tokens.bounds).max(initial=1))
    return Tables(
        slots, slot_factors, slot_seed, edges, edge_factors, edge_seed,
        groups, pool, depth, trie.widest, len(entries),
    )  # fmt: skip


def _table(keys: int) -> NDArray[np.int32]:
    return np.full(table_size(keys), -1, np.int32)


def _terminals(leaves: NDArray[np.int64], nodes: int) -> tuple[Words, NDArray[np.int32]]:
    """Return the terminals of all nodes, and the groups."""
    order = np.argsort(leaves, kind="stable")
    found, firsts, counts = np.unique(leaves[order], return_index=True, return_counts=True)
    terminals = np.zeros(nodes, np.uint64)
    terminals[found] = order[firsts] + 1
    groups: list[int] = []
    for several in np.flatnonzero(counts > 1):
        first, count = firsts[several], counts[several]
        terminals[found[several]] = int(GROUP) | len(groups)
        groups += [count, *order[first : first + count]]
    return terminals, np.array(groups, np.int32)


def _slots(
    text: Bytes, tokens: Tokens, trie: Trie, terminals: Words
) -> tuple[Words, Factors, np.uint64, Words]:
    """Return the slots of all tokens, their factors and seed, and the pool."""
    count = len(tokens.starts)
    pool_words = np.where(tokens.lengths >= 16, 1 + (tokens.lengths + 7) // 8, 0)
    pool_indices = (np.cumsum(pool_words) - pool_words).astype(np.uint64)
    pool = np.zeros(int(pool_words.sum()) + 1, np.uint64)
    words = np.arange(count, dtype=np.uint64) | trie.masks
    slots = np.zeros(int(SLOT) * slot_count(count), np.uint64)
    hashes_of = partial(_token_hashes, text, tokens.starts, tokens.lengths)
    seed, factors = find_factors(hashes_of, slot_count(count))
    last = terminals | pool_indices << _HALF
    _fill_slots(text, tokens.starts, tokens.lengths, words, last, factors, seed, slots, pool)
    return slots, factors, seed, pool


def _edges(trie: Trie, tokens: int, terminals: Words) -> tuple[Words, Factors, np.uint64]:
    """Return the slots of all edges, their factors and seed."""
    inner = trie.kinds != 0
    count = np.count_nonzero(inner)
    if count > MOST_CHILDREN:
        raise InputError(
            "metadata",
            f"at most {MOST_CHILDREN} different beginnings (of several words) of longer entries",
            str(count),
            "take fewer entries",
        )
    children = ((np.cumsum(inner) - 1) * inner).astype(np.uint64)
    nodes = trie.keys >> _HALF
    deeper = np.flatnonzero(nodes >= tokens)
    nodes[deeper] = children[nodes[deeper] - np.uint64(tokens)] | DEEPER
    keys = nodes << _HALF | trie.keys & _LOW_32
    words = terminals | children << CHILD | trie.kinds << CHILD_KINDS
    edges = np.full(int(EDGE) * slot_count(len(keys)), NO_EDGE, np.uint64)
    seed, factors = find_factors(partial(_edge_hashes, keys), slot_count(len(keys)))
    _fill_edges(keys, words, factors, seed, edges)
    return edges, factors, seed


@compiled
def _token_hashes(text: Bytes, starts: Numbers, lengths: Numbers, seed: np.uint64) -> Words:
    hashes = np.empty(starts.shape[0], np.uint64)
    for i in range(starts.shape[0]):
        low, high = key_of(text.ctypes.data + starts[i], lengths[i], seed)
        hashes[i] = mix(low, high, seed)
    return hashes


@compiled
def _edge_hashes(keys: Words, seed: np.uint64) -> Words:
    hashes = np.empty(keys.shape[0], np.uint64)
    for i in range(keys.shape[0]):
        hashes[i] = edge_hash(keys[i], seed)
    return hashes


@compiled
def _fill_slots(
    text: Bytes,
    starts: Numbers,
    lengths: Numbers,
    words: Words,
    last: Words,
    factors: Factors,
    seed: np.uint64,
    slots: Words,
    pool: Words,
) -> None:
    for i in range(starts.shape[0]):
        low, high = key_of(text.ctypes.data + starts[i], lengths[i], seed)
        slot = SLOT * slot_of(mix(low, high, seed), factors, slots.shape[0] // 4)
        slots[slot], slots[slot + np.uint64(1)] = low, high
        slots[slot + np.uint64(2)], slots[slot + np.uint64(3)] = words[i], last[i]
        if high >= LONG_KEY:
            index = np.int64(last[i] >> _HALF)
            pool[index] = lengths[i]
            first = 8 * index + 8
            pool.view(np.uint8)[first : first + lengths[i]] = text[
                starts[i] : starts[i] + lengths[i]
            ]


@compiled
def _fill_edges(keys: Words, words: Words, factors: Factors, seed: np.uint64, edges: Words) -> None:
    for i in range(keys.shape[0]):
        slot = EDGE * slot_of(edge_hash(keys[i], seed), factors, edges.shape[0] // 2)
        edges[slot], edges[slot + np.uint64(1)] = keys[i], words[i]
