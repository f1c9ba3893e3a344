"""Build the engine that finds entries in texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from metaclip.config.settings import EngineName, Spacing


class Engine(Protocol):
    """An automaton over the entries of one metadata version, ready to run.

    Engines are picklable: Spark broadcasts them, and each Python worker decodes one once.
    """

    def match(self, texts: pa.Array) -> pa.Array:
        """Return the sorted, unique entry ids of each text as `list<int32>`; null for null.

        Args:
            texts: string, large_string or string_view.
        """
        ...


def build_engine(name: EngineName, entries: Sequence[str], spacing: Spacing) -> Engine:
    """Return the engine `name` over `entries` in the order of their ids (the first has id 0).

    Each engine's module is imported when a job needs it: Numba takes a second to import.
    """
    if name == "compiled":
        from metaclip.matching.compiled.engine import CompiledEngine

        return CompiledEngine.build(entries, spacing)
    from metaclip.matching.pyahocorasick_engine import PyahocorasickEngine

    return PyahocorasickEngine(entries, spacing)
