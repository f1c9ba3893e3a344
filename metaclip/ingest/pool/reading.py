"""Read one file of a pool into judged rows, and account for its end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from typing import IO

import pyarrow as pa

from metaclip.config.crawl import ImportSettings, PoolKind, RequestSettings
from metaclip.crawl.files.listing import SourceFile
from metaclip.ingest.file_rows import one_line
from metaclip.ingest.pool.columns import Where
from metaclip.ingest.pool.delimited import read_delimited
from metaclip.ingest.pool.json_records import read_json
from metaclip.ingest.pool.kinds import hive_columns, pool_kind
from metaclip.ingest.pool.opening import UNREADABLE, FormError, open_local
from metaclip.ingest.pool.parquet import read_parquet
from metaclip.ingest.pool.records import Records, Rows, judge

OURS = "_metaclip_"
"""Before the names of our columns, so that a pool's own may have any name."""
END = pa.struct(
    [
        ("error", pa.string()),  # why the file is not read whole
        ("bad", pa.string()),  # what is wrong with its first bad record
        ("bytes", pa.int64()),
        ("seconds", pa.float64()),
    ]
)
ROW_SCHEMA = pa.schema(
    [
        (OURS + "file", pa.int32()),
        (OURS + "state", pa.int8()),
        (OURS + "url", pa.string()),
        (OURS + "text", pa.string()),
        (OURS + "source_id", pa.string()),
        (OURS + "end", END),
    ]
)
"""The judged rows of files, by their index; the last row of each has `end` and nothing else."""


def read_pool_file(
    index: int,
    file: SourceFile,
    settings: ImportSettings,
    requests: RequestSettings,
    where: Where,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one file in ROW_SCHEMA, the columns of `where` after it."""
    started = time.monotonic()
    error, bad, size = None, "", file.size
    try:
        with open_local(file.url, requests) as stream:
            size = stream.seek(0, os.SEEK_END)
            for records in read_records(stream, file, settings, where):
                rows = judge(records)
                bad = bad or rows.why
                yield _batch(index, rows, where)
    except UNREADABLE as fault:
        error = one_line(fault, file)
    end = {"error": error, "bad": bad or None, "bytes": size}
    yield _end(index, end | {"seconds": time.monotonic() - started}, where)


def read_records(
    stream: IO[bytes], file: SourceFile, settings: ImportSettings, where: Where
) -> Iterator[Records]:
    """Yield the records of one file by its kind, with its hive folders' columns.

    Raises:
        PoolError: the file is damaged in part, or lacks a column.
    """
    kind: PoolKind | None = settings.kind or pool_kind(file.path)
    folders = {name: value for name, value in hive_columns(file.url).items() if name in where}
    inner = {name: kind for name, kind in where.items() if name not in folders}
    if kind is None:
        raise FormError("a file of a known kind", file.path, "set import.kind")
    for records in _read(stream, settings, inner, kind):
        count = len(records.bad)
        more = {
            name: pa.array([value] * count, pa.string()).cast(where[name])
            for name, value in folders.items()
        }
        yield records._replace(where=records.where | more)


def _read(
    stream: IO[bytes], settings: ImportSettings, where: Where, kind: PoolKind
) -> Iterator[Records]:
    if kind == "parquet":
        return read_parquet(stream, settings, where)
    if kind in ("csv", "tsv"):
        return read_delimited(stream, settings, where, kind)
    return read_json(stream, settings, where, kind)


def row_schema(where: Where) -> pa.Schema:
    """Return ROW_SCHEMA with the columns of `import.where`."""
    return pa.schema([*ROW_SCHEMA, *(pa.field(name, kind) for name, kind in where.items())])


def _batch(index: int, rows: Rows, where: Where) -> pa.RecordBatch:
    count = len(rows.state)
    return _rows(
        where,
        [
            pa.repeat(pa.scalar(index, pa.int32()), count),
            pa.array(rows.state),
            rows.url,
            rows.text,
            rows.source_id,
            pa.nulls(count, END),
            *(rows.where[name] for name in where),
        ],
    )


def _end(index: int, end: dict[str, object], where: Where) -> pa.RecordBatch:
    schema = row_schema(where)
    nulls = dict.fromkeys(schema.names)
    return pa.RecordBatch.from_pylist([nulls | {f"{OURS}file": index, f"{OURS}end": end}], schema)


def _rows(where: Where, arrays: Sequence[pa.Array]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(list(arrays), schema=row_schema(where))
