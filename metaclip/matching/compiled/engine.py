"""Match the texts of Arrow arrays by kernels over the automaton's flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from metaclip.config.settings import Spacing
from metaclip.errors import MetaclipError
from metaclip.matching.compiled.kernel import match_texts
from metaclip.matching.compiled.layout import Tables, aligned, build_tables
from metaclip.matching.compiled.tokens import PADDING


class CompiledEngine:
    """The engine `compiled`: the ids of `pyahocorasick`, without a Python object for each text.

    It pickles as its arrays; unpickling copies them once.
    """

    def __init__(self, tables: Tables) -> None:
        parts: Any = [aligned(part) if isinstance(part, np.ndarray) else part for part in tables]
        self._tables = Tables(*parts)

    @classmethod
    def build(cls, entries: Sequence[str], spacing: Spacing) -> CompiledEngine:
        """Return the engine of `entries`, in the order of their ids (the first has id 0).

        Raises:
            InputError: more than 2^24 beginnings of several words continue.
        """
        return cls(build_tables(entries, spacing))

    def __reduce__(self) -> tuple[type[CompiledEngine], tuple[Tables]]:
        return CompiledEngine, (self._tables,)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self._tables.nbytes

    def match(self, texts: pa.Array) -> pa.Array:
        """Return the sorted, unique entry ids of each text as `list<int32>`; null for null.

        Raises:
            MetaclipError: more ids than a list<int32> array can hold (2**31 - 1).
        """
        if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
            texts = texts.cast(pa.large_string())
        nulls = pc.is_null(texts) if texts.null_count else None
        return to_lists(*_run(self._tables, texts), nulls)


def to_lists(
    bounds: NDArray[np.int64], ids: NDArray[np.int32], nulls: pa.BooleanArray | None
) -> pa.ListArray:
    """Return the ids between each two bounds as `list<int32>`, null where `nulls` is true.

    Raises:
        MetaclipError: more ids than a list<int32> array can hold (2**31 - 1).
    """
    if bounds[-1] > np.iinfo(np.int32).max:
        raise MetaclipError(
            f"matching: {bounds[-1]} ids in one batch of {len(bounds) - 1} texts, more than the"
            " 2147483647 of a list array; match fewer texts at a time"
        )
    return pa.ListArray.from_arrays(_wrap(bounds.astype(np.int32)), _wrap(ids), mask=nulls)


def _wrap(values: NDArray[np.int32]) -> pa.Array:
    """Return an Arrow array over the same memory; pa.array() would import pandas (25 MB)."""
    return pa.Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(values)])


def _run(tables: Tables, texts: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Run the kernel over the buffers of a string or large_string array."""
    _, offset_buffer, data = texts.buffers()
    if len(texts) == 0 or offset_buffer is None:
        return np.zeros(len(texts) + 1, np.int64), np.empty(0, np.int32)
    kind: Any = np.int32 if pa.types.is_string(texts.type) else np.int64
    offsets = np.frombuffer(offset_buffer, kind)[texts.offset : texts.offset + len(texts) + 1]
    # Arrow's buffers are read-only or writeable; the kernel is compiled for one of the two.
    offsets.flags.writeable = False
    size = data.size if data is not None else 0
    # The kernel reads a block beyond each text, so it gets the last texts from a padded copy.
    safe_rows = int(np.searchsorted(offsets[1:], size - PADDING, side="right"))
    shift = int(offsets[min(safe_rows, len(texts))])
    tail = np.zeros(int(offsets[-1]) - shift + PADDING, np.uint8)
    if data is not None:
        tail[:-PADDING] = np.frombuffer(data, np.uint8)[shift : int(offsets[-1])]
    address = data.address if data is not None else 0
    return match_texts(tables, address, shift, safe_rows, tail.ctypes.data, offsets)
