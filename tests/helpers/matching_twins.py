"""Slow, obvious twins of the engines, and the real data that they match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from metaclip.config.settings import Spacing
from metaclip.matching.pyahocorasick_engine import PyahocorasickEngine
from metaclip.matching.spacing import entry_pattern, space_text

SPACINGS: list[Spacing] = ["reference", "symmetric"]
DATA = Path(__file__).parents[1] / "data"

Ids = list[list[int]]


def naive_ids(entries: Sequence[str], spacing: Spacing, texts: Sequence[str]) -> Ids:
    """Search every spaced text for the pattern of every entry: the definition of a match."""
    patterns = enumerate(entry_pattern(entry, spacing) for entry in entries)
    spaced = [space_text(text) for text in texts]
    # Twice as fast with many entries: a pattern in no text is dropped by one search.
    together = "\n".join(spaced)
    there = [(i, pattern) for i, pattern in patterns if pattern in together]
    return [[i for i, pattern in there if pattern in text] for text in spaced]


class SpanTwin:
    """Look up every span between two spaces, up to the length of the longest pattern."""

    def __init__(self, entries: Sequence[str], spacing: Spacing) -> None:
        self.ids_of: dict[str, list[int]] = {}
        for i, entry in enumerate(entries):
            self.ids_of.setdefault(entry_pattern(entry, spacing), []).append(i)
        self.most_spaces = max(pattern.count(" ") for pattern in self.ids_of)

    def ids(self, text: str) -> list[int]:
        return sorted({i for span in self._spans(space_text(text)) for i in self._find(span)})

    def _find(self, span: str) -> list[int]:
        return self.ids_of.get(span, [])

    def _spans(self, spaced: str) -> Iterator[str]:
        spaces = [i for i, letter in enumerate(spaced) if letter == " "]
        for first, start in enumerate(spaces):
            for end in spaces[first + 1 : first + self.most_spaces]:
                yield spaced[start : end + 1]


@cache
def real_entries() -> list[str]:
    """Return the 500,000 entries in the order of their ids."""
    column = pq.read_table(DATA / "metadata" / "entries.parquet", columns=["entry"])["entry"]
    entries: list[str] = column.to_pylist()
    return entries


@cache
def real_pyahocorasick(spacing: Spacing) -> PyahocorasickEngine:
    """Return the engine `pyahocorasick` of all entries, which takes seconds to build."""
    return PyahocorasickEngine(real_entries(), spacing)


@cache
def real_captions() -> pa.Array:
    """Return 20,000 captions of four collections (string)."""
    table = pq.read_table(DATA / "captions" / "captions.parquet", columns=["text"])
    return table["text"].combine_chunks()
