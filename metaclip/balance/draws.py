"""Compute the draw of each pair, a function of its id and a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from metaclip.warehouse.ids import PAIR_DIGITS, pair_digits
from metaclip.warehouse.tasks import Tasks

Words = NDArray[np.uint64]

# The primes of XXH64: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
_P1, _P2, _P3, _P4, _P5 = (
    np.uint64(prime)
    for prime in (
        0x9E3779B185EBCA87,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0x85EBCA77C2B2AE63,
        0x27D4EB2F165667C5,
    )
)
_SPARK_SEED = 42
"""The seed of Spark's `xxhash64`, whose columns are hashed in turn, each with the hash before."""


def draws(pair_ids: pa.StringArray, seed: int) -> pa.DoubleArray:
    """Return the draw of each pair, in [0, 1).

    It is `shiftrightunsigned(xxhash64(pair_id, cast(seed as bigint)), 11) * 2^-53` in Spark SQL.

    Raises:
        MetaclipError: an id that does not have 32 digits.
    """
    with np.errstate(over="ignore"):
        hashed = _hash_long(np.array(seed % (1 << 64), np.uint64), _hash_ids(pair_ids))
    return pa.array((hashed >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def _hash_ids(pair_ids: pa.StringArray) -> Words:
    """Return XXH64 of ids of 32 bytes, which are four words each."""
    digits = np.frombuffer(pair_digits(pair_ids), "<u8")
    words = digits.reshape(-1, 4)
    seed = np.uint64(_SPARK_SEED)
    starts = (seed + _P1 + _P2, seed + _P2, seed, seed - _P1)
    lanes = [_round(start, words[:, lane]) for lane, start in enumerate(starts)]
    turned = [_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)]
    result = turned[0] + turned[1] + turned[2] + turned[3]
    for lane in lanes:
        result = (result ^ _round(np.uint64(0), lane)) * _P1 + _P4
    return _avalanche(result + np.uint64(PAIR_DIGITS))


def _hash_long(value: Words, seeds: Words) -> Words:
    """Return XXH64 of the eight bytes of `value`, with a seed for each row."""
    result = seeds + _P5 + np.uint64(8)
    result = result ^ _round(np.uint64(0), value)
    return _avalanche(_rotate(result, 27) * _P1 + _P4)


def _round(accumulator: np.uint64, words: Words) -> Words:
    return _rotate(accumulator + words * _P2, 31) * _P1


def _rotate(words: Words, bits: int) -> Words:
    return (words << np.uint64(bits)) | (words >> np.uint64(64 - bits))


def _avalanche(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(33))) * _P2
    words = (words ^ (words >> np.uint64(29))) * _P3
    result: Words = words ^ (words >> np.uint64(32))
    return result


@dataclass(frozen=True)
class DrawnMatches:
    """The matches that a curation is sampled from, with their draws.

    Args:
        read: from names of columns to the tasks that yield them.
        frame: returns all columns as a DataFrame of Spark.
        seed: the seed of the draws; None for survivors of a curation. The draw of a survivor is
            the one of before divided by its keep probability: uniform again, and below 1, as the
            quotient of any double and the next larger one is.
        shared: rows of several crawls may share a draw, and have `draw_rows`, their number.
    """

    read: Callable[[Sequence[str]], Tasks]
    frame: Callable[[], DataFrame]
    seed: int | None
    shared: bool = False

    def tasks(self, *columns: str) -> Tasks:
        """Return tasks that yield `columns`, `draw` and `draw_rows`."""
        seed, shared = self.seed, self.shared
        needed = {"pair_id"} if seed is not None else {"draw", "keep_probability"}
        more = needed | ({"draw_rows"} if shared else set())
        given, make_rows, _ = self.read([*columns, *sorted(more - set(columns))])

        def draw(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for rows in make_rows(batches):
                if seed is not None:
                    drawn = draws(rows.column("pair_id"), seed)
                else:
                    drawn = pc.divide(rows.column("draw"), rows.column("keep_probability"))
                arrays = {name: rows.column(name) for name in columns}
                ones = pa.array(np.ones(rows.num_rows, np.int64))
                arrays["draw_rows"] = rows.column("draw_rows") if shared else ones
                yield pa.RecordBatch.from_pydict({**arrays, "draw": drawn})

        return Tasks(given, draw)


def drawn_frame(frame: DataFrame, seed: int | None, *, shared: bool = False) -> DrawnMatches:
    """Return the rows of a DataFrame as DrawnMatches."""
    return DrawnMatches(
        lambda columns: Tasks(frame.select(*columns), iter), lambda: frame, seed, shared
    )
