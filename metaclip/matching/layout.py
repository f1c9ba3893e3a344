"""The tables of the compiled engine: a trie over tokens as flat arrays.

Nodes of depth 1 are the ids of their tokens; deeper ones follow. A *terminal* says which
entries a pattern means: 0 none, id + 1 of one entry, or, with the highest bit set, where
in `groups` a count and that many ids stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaclip.jit import compiled
from metaclip.matching.lookup import CONTINUES, INNER, NO_EDGE, STARTS, edge_hash
from metaclip.matching.spacing import Spacing, entry_pattern
from metaclip.matching.tokens import PADDING, key_of, mix, scale

GROUP = np.uint64(1 << 31)
# Fuller tables have longer probes, emptier ones fewer lines in cache.
_LOAD = 0.6
_BLOOM_BITS_PER_EDGE = 8
_ONE = np.uint64(1)
_HALF = np.uint64(32)

Words = NDArray[np.uint64]


class Tables(NamedTuple):
    """What the kernel reads; every array is flat.

    slots: 4 words a token: its key (two), id and flags, terminal | place in pool << 32
    edges: 2 words an edge: its key, terminal | child << 32 | flag
    bloom: one bit a hash of an edge (a power of two of words)
    groups: int32; pool: the long tokens, each after its length, in words of 8 bytes
    depth: the most tokens in an entry; widest: the most patterns that start at one token
    entry_count: how many ids there are
    """

    slots: Words
    edges: Words
    bloom: Words
    groups: NDArray[np.int32]
    pool: Words
    depth: int
    widest: int
    entry_count: int

    @property
    def nbytes(self) -> int:
        """Bytes in all arrays."""
        return sum(part.nbytes for part in self if isinstance(part, np.ndarray))


def aligned(words: NDArray[Any]) -> NDArray[Any]:
    """Copy to a multiple of 64 bytes, so that a slot never straddles two cache lines."""
    room = np.empty(words.nbytes + 64, np.uint8)
    start = -room.ctypes.data % 64
    copy = room[start : start + words.nbytes].view(words.dtype)
    copy[:] = words
    return copy


def build_tables(entries: Sequence[str], spacing: Spacing) -> Tables:
    """Build from `entries` in the order of their ids (the first has id 0)."""
    ids_of: dict[str, list[int]] = {}
    for entry_id, entry in enumerate(entries):
        ids_of.setdefault(entry_pattern(entry, spacing), []).append(entry_id)
    patterns = [pattern[1:-1].split(" ") for pattern in ids_of]
    groups, terminals = _terminals(ids_of.values())
    # Frequent tokens first: they get their home slot, so a branch less goes wrong.
    common = Counter(chain.from_iterable(patterns)).most_common()
    token_ids = {token: number for number, (token, _) in enumerate(common)}
    flags = np.zeros(len(common), np.uint64)
    singles = np.zeros(len(common), np.uint64)
    trie = _Trie(len(common))
    for pattern, terminal in zip(patterns, terminals, strict=True):
        ids = [token_ids[token] for token in pattern]
        if len(ids) == 1:
            singles[ids[0]] = terminal
        else:
            trie.add(ids, terminal)
    flags[list(trie.starts)] |= STARTS
    flags[list(trie.continues)] |= CONTINUES
    edges, bloom = trie.tables()
    slots, pool = _slots(list(token_ids), flags, singles)
    depth = max(map(len, patterns), default=1)
    return Tables(slots, edges, bloom, groups, pool, depth, trie.widest(), len(entries))


def _terminals(ids_of: Iterable[list[int]]) -> tuple[NDArray[np.int32], list[int]]:
    groups: list[int] = []
    terminals = []
    for ids in ids_of:
        if len(ids) == 1:
            terminals.append(ids[0] + 1)
        else:
            terminals.append(int(GROUP) | len(groups))
            groups += [len(ids), *ids]
    return np.array(groups or [0], np.int32), terminals


class _Trie:
    """The edges below depth 1, by (node, token)."""

    def __init__(self, token_count: int) -> None:
        self.next_node = token_count
        self.children: dict[int, int] = {}
        self.terminals: dict[int, int] = {}
        self.starts: set[int] = set()
        self.continues: set[int] = set()
        self.inner: set[int] = set()

    def add(self, ids: list[int], terminal: int) -> None:
        node, key = ids[0], 0
        self.starts.add(node)
        for depth, token in enumerate(ids[1:]):
            if depth:
                self.inner.add(node)
            key = node << 32 | token
            child = self.children.get(key)
            if child is None:
                child = self.children[key] = self.next_node
                self.next_node += 1
            node = child
        self.continues.update(ids[1:])
        self.terminals[key] = terminal

    def widest(self) -> int:
        """Return the most patterns on one path from the root, that of one token included."""
        patterns = {0: 1}
        for key, child in self.children.items():
            # A parent is made before its children; one that has no edge above it has depth 1.
            patterns[child] = patterns.get(key >> 32, 1) + (key in self.terminals)
        return max(patterns.values())

    def tables(self) -> tuple[Words, Words]:
        count = len(self.children)
        keys = np.fromiter(self.children, np.uint64, count)
        ends = (self.terminals.get(key, 0) for key in self.children)
        words = np.fromiter(ends, np.uint64, count)
        nodes = np.fromiter(self.children.values(), np.uint64, count)
        words |= nodes << _HALF
        inner = np.fromiter(self.inner, np.uint64, len(self.inner))
        words[np.isin(nodes, inner)] |= INNER
        edges = np.full(2 * int(count / _LOAD + 8), NO_EDGE, np.uint64)
        bits = 1 << max(count * _BLOOM_BITS_PER_EDGE, 64).bit_length()
        bloom = np.zeros(bits // 64, np.uint64)
        _fill_edges(edges, bloom, keys, words)
        return edges, bloom


def _slots(tokens: list[str], flags: Words, singles: Words) -> tuple[Words, Words]:
    # An entry with a lone surrogate is allowed; no text can have one.
    encoded = [token.encode("utf-8", "surrogatepass") for token in tokens]
    lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
    text = np.frombuffer(b"".join([*encoded, bytes(PADDING)]), np.uint8)
    ends = np.cumsum(lengths)
    long = np.flatnonzero(lengths >= 16)
    sizes = 1 + (lengths[long] + 7) // 8
    places = np.zeros(len(tokens), np.int64)
    places[long] = np.cumsum(sizes) - sizes
    pool = np.zeros(int(sizes.sum()) + 1, np.uint64)
    for number in long:
        pool[places[number]] = lengths[number]
        raw = pool[places[number] + 1 :].view(np.uint8)
        raw[: lengths[number]] = text[ends[number] - lengths[number] : ends[number]]
    slots = np.zeros(4 * int(len(tokens) / _LOAD + 8), np.uint64)
    words = np.arange(len(tokens), dtype=np.uint64) | flags
    last = singles | places.astype(np.uint64) << _HALF
    _fill_slots(slots, text, ends - lengths, lengths, words, last)
    return slots, pool


@compiled
def _fill_slots(
    slots: Any, text: Any, starts: Any, lengths: Any, words: Any, last: Any
) -> None:  # pragma: no cover
    for number in range(starts.shape[0]):
        low, high = key_of(text.ctypes.data + starts[number], lengths[number])
        slot = scale(mix(low, high), slots.shape[0] // 4)
        while slots[4 * slot + 1] != 0:
            slot += 1
            if 4 * slot == slots.shape[0]:
                slot = 0
        slots[4 * slot], slots[4 * slot + 1] = low, high
        slots[4 * slot + 2], slots[4 * slot + 3] = words[number], last[number]


@compiled
def _fill_edges(edges: Any, bloom: Any, keys: Any, words: Any) -> None:  # pragma: no cover
    for number in range(keys.shape[0]):
        hashed = edge_hash(keys[number])
        bit = hashed & np.uint64(64 * bloom.shape[0] - 1)
        bloom[np.int64(bit >> np.uint64(6))] |= _ONE << (bit & np.uint64(63))
        slot = scale(hashed, edges.shape[0] // 2)
        while edges[2 * slot] != NO_EDGE:
            slot += 1
            if 2 * slot == edges.shape[0]:
                slot = 0
        edges[2 * slot], edges[2 * slot + 1] = keys[number], words[number]
