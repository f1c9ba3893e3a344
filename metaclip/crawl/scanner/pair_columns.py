"""Columns of pairs that kernels append to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Columns(NamedTuple):
    """Growing columns; of `ends` the one before a row's is where the row starts."""

    urls: NDArray[np.uint8]
    url_ends: NDArray[np.int32]
    texts: NDArray[np.uint8]
    text_ends: NDArray[np.int32]
    sources: NDArray[np.int8]
    keys: NDArray[np.int64]  # what rows are ordered by


def new_columns(rows: int, url_bytes: int, text_bytes: int) -> Columns:
    """Columns with room for so much."""
    return Columns(
        np.empty(url_bytes, np.uint8),
        np.zeros(rows + 1, np.int32),
        np.empty(text_bytes, np.uint8),
        np.zeros(rows + 1, np.int32),
        np.empty(rows, np.int8),
        np.empty(rows, np.int64),
    )


def with_room(columns: Columns, count: int, rows: int, url_bytes: int, text_bytes: int) -> Columns:
    """Columns that hold the first `count` rows of these and have room for so much more."""
    rows += count
    url_bytes += int(columns.url_ends[count])
    text_bytes += int(columns.text_ends[count])
    if (
        len(columns.keys) >= rows
        and len(columns.urls) >= url_bytes
        and len(columns.texts) >= text_bytes
    ):
        return columns
    larger = new_columns(2 * rows, 2 * url_bytes, 2 * text_bytes)
    pairs: Any = zip(columns, larger, strict=True)
    for old, new in pairs:
        kept = min(len(old), len(new))
        new[:kept] = old[:kept]
    return larger
