"""Bring pairs with equal ids to one task: Python packs them, Spark moves the packs.

Single rows Spark would convert, sort and convert back, for most of the cost of matching them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark import TaskContext
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from metaclip.warehouse.ids import PAIR_BYTES, PAIR_DIGITS, digits_of
from metaclip.warehouse.tasks import Tasks

STAYS, REMOVED, NO_MATCH = 0, 1, 2
"""States of a pair. Only what stays has columns in a pack."""

Rows = TypeVar("Rows", pa.RecordBatch, pa.Table)
Words = NDArray[np.uint64]
States = NDArray[np.uint8]

_TASK_BYTES, _PACK_BYTES = 8 << 20, 32 << 10
"""Least bytes of the rows that a task gathers before it packs them: in all, and for each target."""
_MEMORY_BYTES = 48 << 20
"""Bytes of packs that a task has in memory; more are divided into files."""
_DIVISION_BITS = 6
_CODEC = pa.Codec("lz4_raw")
_SCHEMA = pa.schema(
    [
        ("target", pa.int32()),
        ("position", pa.int64()),
        ("ids", pa.binary()),
        ("states", pa.binary()),
        ("size", pa.int64()),
        ("rows", pa.binary()),
    ]
)
"""Packs: where they go, their order there, and what they have."""


class Pack(NamedTuple):
    """Pairs, and as a stream of Arrow the columns of those that stay."""

    ids: Words
    """(pairs, 2): the bytes of each id as two words, which sort as its digits do."""
    states: States
    size: int
    """Bytes of the stream."""
    rows: bytes | pa.Buffer
    """The stream, compressed."""

    def read(self) -> pa.Table:
        """Return the columns of the pairs that stay."""
        return pa.ipc.open_stream(_CODEC.decompress(self.rows, self.size)).read_all()


def shuffle(pairs: Tasks, targets: int) -> DataFrame:
    """Return packs of pairs, those with equal ids in one of `targets` partitions.

    Args:
        pairs: tasks that yield rows with `id`, of PAIR_BYTES bytes each, and `state`.
    """
    make_rows = pairs.make_rows

    def pack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        context = TaskContext.get()
        assert context is not None  # there is one in each task
        return pack_pairs(make_rows(batches), targets, context.partitionId())

    packs = pairs.given.mapInArrow(pack, from_arrow_schema(_SCHEMA))
    return packs.repartitionById(targets, "target")


def pack_pairs(
    batches: Iterable[pa.RecordBatch], targets: int, task: int
) -> Iterator[pa.RecordBatch]:
    """Yield packs of the pairs that a task has, in the columns of _SCHEMA."""
    size = max(_TASK_BYTES, targets * _PACK_BYTES)
    full = (batch for batch in batches if batch.num_rows)
    for number, parts in enumerate(group(full, size)):
        pairs = pa.Table.from_batches(parts)
        ids, states = to_words(pairs["id"]), pairs["state"].to_numpy()
        rows = pairs.drop_columns(["id", "state"])
        places = ids[:, 1] % np.uint64(targets)
        packs = _divide(ids, states, rows, np.arange(len(ids)), places)
        yield _as_batch((target, (task << 32) + number, pack) for target, pack in packs)


def _as_batch(packs: Iterable[tuple[int, int, Pack]]) -> pa.RecordBatch:
    rows = [
        (*where, pack.ids.tobytes(), pack.states.tobytes(), pack.size, pack.rows)
        for *where, pack in packs
    ]
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, _SCHEMA.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def _divide(
    ids: Words, states: States, rows: pa.Table, numbers: NDArray[np.int64], places: Words
) -> Iterator[tuple[int, Pack]]:
    """Yield the pairs of each place.

    Args:
        numbers: the row of each pair that stays.
    """
    order = np.argsort(places, kind="stable")
    places, ids, states = places[order], ids[order], states[order]
    stays = states == STAYS
    rows = rows.take(numbers[order][stays])
    begins = [0, *(np.flatnonzero(places[1:] != places[:-1]) + 1)]
    row = 0
    for begin, end in zip(begins, [*begins[1:], len(places)], strict=True):
        count = int(stays[begin:end].sum())
        stream = _to_stream(rows.slice(row, count))
        row += count
        compressed = _CODEC.compress(stream, asbytes=True)
        pack = Pack(ids[begin:end], states[begin:end], stream.size, compressed)
        yield int(places[begin]), pack


def _to_stream(rows: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    return sink.getvalue()


def collect_packs(batches: Iterable[pa.RecordBatch]) -> Iterator[list[Pack]]:
    """Yield lists of packs; all pairs of an id are in one list.

    The packs are in the order of their tasks, unless there are too many for the memory.

    Args:
        batches: packs, as `shuffle` gives them.
    """
    rest, begun, size = iter(batches), [], 0
    for batch in rest:
        begun.append(batch)
        size += batch.nbytes
        if size > _MEMORY_BYTES:
            yield from map(_unpack, _divide_on_disk(chain(begun, rest)))
            return
    if begun:
        yield _unpack(begun)


def _unpack(batches: Iterable[pa.RecordBatch]) -> list[Pack]:
    """Return the packs in the order of their positions."""
    found: list[tuple[int, Pack]] = []
    for batch in batches:
        for _, position, ids, states, size, rows in zip(*batch.columns, strict=True):
            words = np.frombuffer(ids.as_buffer(), np.uint64).reshape(-1, 2)
            marks = np.frombuffer(states.as_buffer(), np.uint8)
            found.append((position.as_py(), Pack(words, marks, size.as_py(), rows.as_buffer())))
    return [pack for _, pack in sorted(found, key=itemgetter(0))]


def _divide_on_disk(batches: Iterable[pa.RecordBatch]) -> Iterator[Iterable[pa.RecordBatch]]:
    """Yield packs of all pairs again, divided by the leading bits of their ids."""
    folders = os.environ.get("SPARK_LOCAL_DIRS", tempfile.gettempdir()).split(",")
    folder = folders[os.getpid() % len(folders)]
    files: dict[int, tuple[Any, Any]] = {}
    with ExitStack() as stack:
        for number, packs in enumerate(map(_unpack, group(batches, _TASK_BYTES))):
            ids, states = join(packs)
            rows = pa.concat_tables([pack.read() for pack in packs])
            numbers = np.cumsum(states == STAYS) - 1
            places = ids[:, 0] >> np.uint64(64 - _DIVISION_BITS)
            for place, part in _divide(ids, states, rows, numbers, places):
                if place not in files:
                    file = stack.enter_context(tempfile.TemporaryFile(dir=folder))
                    files[place] = file, pa.ipc.new_stream(file, _SCHEMA)
                files[place][1].write_batch(_as_batch([(place, number, part)]))
        for _, (file, stream) in sorted(files.items()):
            stream.close()
            file.seek(0)
            yield pa.ipc.open_stream(file)


def group(parts: Iterable[Rows], size: int) -> Iterator[list[Rows]]:
    """Yield parts of `size` bytes or a little more together, and what is left."""
    found: list[Rows] = []
    gathered = 0
    for part in parts:
        found.append(part)
        gathered += part.nbytes
        if gathered >= size:
            yield found
            found, gathered = [], 0
    if found:
        yield found


def join(packs: Sequence[Pack]) -> tuple[Words, States]:
    """Return the ids and states of all pairs of packs."""
    ids = np.concatenate([pack.ids for pack in packs])
    return ids, np.concatenate([pack.states for pack in packs])


def to_words(ids: pa.ChunkedArray) -> Words:
    """Return ids as the words of a pack."""
    buffers = [
        part.buffers()[1].slice(part.offset * PAIR_BYTES, len(part) * PAIR_BYTES)
        for part in ids.chunks
    ]
    return np.frombuffer(b"".join(buffers), ">u8").reshape(-1, 2).astype(np.uint64)


def to_digits(ids: Words) -> pa.StringArray:
    """Return `pair_id` of each of the ids of a pack."""
    return digits_of(ids.astype(">u8").tobytes(), PAIR_DIGITS)
