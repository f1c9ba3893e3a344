"""Match texts one by one with pyahocorasick: the slow twin of the compiled engine."""

from __future__ import annotations

from collections.abc import Sequence

import ahocorasick
import numpy as np
import pyarrow as pa

from metaclip.config.settings import Spacing
from metaclip.matching.spacing import entry_pattern, space_text


class PyahocorasickEngine:
    """Match the spaced text as the paper does, by an Aho-Corasick automaton.

    The compiled engine must return exactly its ids. It pickles as the automaton does, so a
    worker does not build it again.
    """

    def __init__(self, entries: Sequence[str], spacing: Spacing) -> None:
        """Build from `entries` in the order of their ids (the first has id 0)."""
        ids_of: dict[str, list[int]] = {}
        for entry_id, entry in enumerate(entries):
            ids_of.setdefault(entry_pattern(entry, spacing), []).append(entry_id)
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        for pattern, ids in ids_of.items():
            self._automaton.add_word(pattern, ids[0])
        # An automaton without words has no iter(); an empty engine matches nothing.
        self._empty = not ids_of
        if not self._empty:
            self._automaton.make_automaton()
        # A few entries share a pattern; the automaton has the id of the first one.
        self._others = {ids[0]: ids[1:] for ids in ids_of.values() if len(ids) > 1}

    def match(self, texts: pa.Array) -> pa.Array:
        """Return the sorted, unique entry ids of each text as `list<int32>`; null for null."""
        rows = [None if text is None else self._ids(text) for text in texts.to_pylist()]
        return pa.array(rows, pa.list_(pa.int32()))

    def _ids(self, text: str) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        if self._empty:
            return np.empty(0, np.int32)
        ids = {entry_id for _, entry_id in self._automaton.iter(space_text(text))}
        if self._others:
            ids.update(*(self._others[i] for i in ids if i in self._others))
        return np.array(sorted(ids), np.int32)
