"""What every matching engine gives: the ids of the entries found in each text."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa


class Engine(Protocol):
    """An automaton over the entries of one metadata version, ready to run.

    Engines are picklable: Spark broadcasts them, and each Python worker decodes one once.
    """

    def match(self, texts: pa.Array) -> pa.Array:
        """Return a `list<int32>` array of the length of `texts` (string, large_string or
        string_view): the sorted, unique entry ids of each text; null for a null text."""
        ...
