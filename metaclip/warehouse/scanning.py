"""Read the files of a table in Python tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from metaclip.warehouse.storage import Storage, TableFile
from metaclip.warehouse.table import Table, arrow_schema

_OPEN_COST = 4 << 20
"""Bytes that could be read while a file is opened, as Spark counts them."""
_BUFFER = 1 << 20
"""Bytes of a column that are read at a time."""
BATCH_ROWS = 8_192


class FilePart(NamedTuple):
    """The row groups of a file that begin in [begin, end)."""

    file: TableFile
    begin: int
    end: int


def divide_files(
    files: Sequence[TableFile], largest: int, parallelism: int
) -> list[list[FilePart]]:
    """Return the parts of each task: as large as Spark's, some `largest` bytes at most."""
    total = sum(file.size + _OPEN_COST for file in files)
    size = min(largest, max(_OPEN_COST, total // parallelism))
    parts = [
        FilePart(file, begin, min(begin + size, file.size))
        for file in files
        for begin in range(0, file.size, size)
    ]
    tasks: list[list[FilePart]] = []
    room = 0
    for part in sorted(parts, key=lambda part: (part.begin - part.end, part)):
        if room < part.end - part.begin:
            tasks.append([])
            room = size
        tasks[-1].append(part)
        room -= part.end - part.begin + _OPEN_COST
    return tasks


def read_parts(
    parts: Sequence[FilePart], table: Table, storage: Storage, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of file parts, with the declared types of `columns`."""
    folder, whole = storage.files(table), arrow_schema(table.schema)
    schema = pa.schema([whole.field(name) for name in columns])
    for part in parts:
        with folder.open_input_file(part.file.path) as stream:
            source = pq.ParquetFile(stream, buffer_size=_BUFFER, coerce_int96_timestamp_unit="us")
            inside = [name for name in columns if name not in table.partitioned_by]
            for group in range(source.num_row_groups):
                if not part.begin <= _offset(source.metadata.row_group(group)) < part.end:
                    continue
                # Groups that are read together, and threads, would keep memory of their own.
                for rows in source.iter_batches(BATCH_ROWS, [group], inside, use_threads=False):
                    yield with_partition(rows, part.file, columns).cast(schema)


def _offset(group: pq.RowGroupMetaData) -> int:
    """Return the offset at which a row group begins."""
    first = group.column(0)
    pages = [first.data_page_offset, first.dictionary_page_offset]
    return min(int(page) for page in pages if page)


def with_partition(rows: pa.RecordBatch, file: TableFile, columns: Sequence[str]) -> pa.RecordBatch:
    """Return the `columns` of rows of a file, whose partition has some of them."""
    for name, value in file.partition:
        if name in columns:
            rows = rows.append_column(name, pa.repeat(value, rows.num_rows))
    return rows.select(columns)
