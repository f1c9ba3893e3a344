"""Which engine runs is a setting; here a name becomes an engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from metaclip.matching.engine import Engine
from metaclip.matching.spacing import Spacing

EngineName = Literal["compiled", "pyahocorasick"]


def build_engine(name: EngineName, entries: Sequence[str], spacing: Spacing) -> Engine:
    """Build the engine `name` from `entries` in the order of their ids (the first has id 0).

    Each engine's module is imported when it is asked for: Numba takes a second to import.
    """
    if name == "compiled":
        from metaclip.matching.compiled import CompiledEngine

        return CompiledEngine.build(entries, spacing)
    from metaclip.matching.reference import ReferenceEngine

    return ReferenceEngine(entries, spacing)
