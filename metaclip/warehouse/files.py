"""Write rows as Parquet files of a table where the rows are: in a task or in the driver.

Spark would convert each row twice before it encodes it. A file belongs to its table once a commit
adds it; what a failed task leaves, a vacuum removes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem

from metaclip.errors import MetaclipError
from metaclip.warehouse.selection import Selection
from metaclip.warehouse.storage import Storage
from metaclip.warehouse.table import Table, arrow_schema
from metaclip.warehouse.tasks import ArrowMap, Tasks

_UNIQUE = ("pair_id", "image_id", "image_url")
"""Columns in which few values occur twice, so a dictionary is built for nothing."""
_PAGE_BYTES = 2 << 20
"""Bytes of a page. With 1 MB the tables take 2 % more room, with 4 MB none less."""
_GROUP_BYTES = 16 << 20
"""Bytes of the rows that a writer gathers for one row group."""

ADDED = pa.schema(
    [
        ("path", pa.string()),
        ("size", pa.int64()),
        ("partition", pa.string()),
        ("stats", pa.string()),
        ("note", pa.string()),
    ]
)
"""Files that were written: path below the table, bytes; partition and statistics as JSON.

A row with a note is no file.
"""


def file_writer(tasks: Tasks, table: Table, storage: Storage, selection: Selection) -> ArrowMap:
    """Return the function for mapInArrow that writes the rows of tasks, and returns ADDED."""
    _, make_rows, make_note = tasks  # the DataFrame does not cross to the workers

    def write(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = write_files(make_rows(batches), table, storage, selection)
        if make_note is not None:
            rows.append({"note": make_note()})
        yield pa.RecordBatch.from_pylist(rows, schema=ADDED)

    return write


def write_files(
    batches: Iterable[pa.RecordBatch], table: Table, storage: Storage, selection: Selection
) -> list[dict[str, Any]]:
    """Write rows into one file for each partition; return the files as rows of ADDED.

    Args:
        batches: rows of `table`, with the columns of which `selection` does not have the value.

    Raises:
        MetaclipError: a row that is not selected, or that the table's constraints refuse.
    """
    partition = selection.partition
    inside = [name for name in table.partitioned_by if name not in partition]
    folder, writers = storage.files(table), dict[tuple[str, ...], _Writer]()
    for batch in batches:
        for values, rows in _by_partition(selection.complete(batch), inside):
            if values not in writers:
                given = {**partition, **dict(zip(inside, values, strict=True))}
                writers[values] = _Writer(folder, table, given)
            writers[values].write(rows)
    return [writer.close() for writer in writers.values()]


def _by_partition(
    batch: pa.RecordBatch, columns: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], pa.RecordBatch]]:
    """Yield the rows of each combination of values; most batches have one."""
    if not columns:
        yield (), batch
        return
    keys = pa.Table.from_batches([batch.select(columns)])
    found = keys.group_by(list(columns)).aggregate([]).to_pylist()
    for values in found:
        rows = batch
        if len(found) > 1:
            rows = batch.filter(reduce(and_, (pc.field(n) == v for n, v in values.items())))
        yield tuple(values[name] for name in columns), rows


@dataclass
class _Writer:
    """One Parquet file of a partition, and the statistics of its rows."""

    folder: FileSystem
    table: Table
    partition: Mapping[str, str]
    rows: int = 0
    gathered: list[pa.RecordBatch] = field(default_factory=list)
    nulls: dict[str, int] = field(default_factory=dict)
    least: dict[str, Any] = field(default_factory=dict)
    greatest: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schema = arrow_schema(self.table.schema_without(*self.partition))
        parts = [f"{name}={value}" for name, value in self._ordered().items()]
        self.path = "/".join([*parts, f"part-{uuid4()}.zstd.parquet"])
        if parts:
            self.folder.create_dir("/".join(parts))
        self._stream = self.folder.open_output_stream(self.path)
        self._file = pq.ParquetWriter(
            self._stream,
            self.schema,
            compression="zstd",
            compression_level=2,
            data_page_size=_PAGE_BYTES,
            dictionary_pagesize_limit=_PAGE_BYTES,
            use_dictionary=_repeating(self.schema),
            store_schema=False,
        )

    def _ordered(self) -> dict[str, str]:
        return {name: self.partition[name] for name in self.table.partitioned_by}

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows, which may have partition columns too."""
        _require_constraints(batch, self.table)
        rows = batch.select(self.schema.names)
        for name in self.table.skipped_by:
            self._note(name, rows.column(name))
        self.rows += rows.num_rows
        self.gathered.append(rows.cast(self.schema))
        if sum(rows.nbytes for rows in self.gathered) > _GROUP_BYTES:
            self._write_group()

    def _write_group(self) -> None:
        rows = pa.Table.from_batches(self.gathered, self.schema)
        self._file.write_table(rows, row_group_size=max(1, rows.num_rows))
        self.gathered = []

    def _note(self, name: str, values: pa.Array) -> None:
        self.nulls[name] = self.nulls.get(name, 0) + values.null_count
        found = pc.min_max(values).as_py()
        if found["min"] is not None:
            self.least[name] = min(self.least.get(name, found["min"]), found["min"])
            self.greatest[name] = max(self.greatest.get(name, found["max"]), found["max"])

    def close(self) -> dict[str, Any]:
        """End the file; return it as a row of ADDED."""
        if self.gathered:
            self._write_group()
        self._file.close()
        size = self._stream.tell()
        self._stream.close()
        bounds = {"minValues": self.least, "maxValues": self.greatest, "nullCount": self.nulls}
        return {
            "path": self.path,
            "size": size,
            "partition": json.dumps(self._ordered()),
            "stats": json.dumps({"numRecords": self.rows, **bounds}),
        }


def _repeating(schema: pa.Schema) -> list[str]:
    """Return the Parquet columns that get a dictionary."""
    columns = pq.ParquetFile(_empty(schema)).schema
    paths = [columns.column(index).path for index in range(len(columns.names))]
    return [path for path in paths if path.rpartition(".")[2] not in _UNIQUE]


def _empty(schema: pa.Schema) -> pa.BufferReader:
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    return pa.BufferReader(sink.getvalue())


def _require_constraints(batch: pa.RecordBatch, table: Table) -> None:
    """Raise MetaclipError where Delta for Spark would refuse a row."""
    required = {column.name for column in table.schema if not column.nullable}
    for name in required & set(batch.schema.names):
        if batch.column(name).null_count:
            raise MetaclipError(f"write of table {table.name}: {name} is null")
    for name, constraint in table.constraints.items():
        if not pc.all(constraint.holds(batch), skip_nulls=False).as_py():
            raise MetaclipError(f"write of table {table.name}: a row violates {name}")
