"""Read the needed columns of a Parquet file in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from metaclip.config.crawl import ImportSettings
from metaclip.ingest.pool.columns import Columns, Where, find_columns
from metaclip.ingest.pool.opening import DAMAGE, FormError, PoolError
from metaclip.ingest.pool.records import BATCH_ROWS, Records
from metaclip.ingest.pool.values import require_type
from metaclip.ingest.pool.where_types import cast_to


def read_parquet(file: IO[bytes], settings: ImportSettings, where: Where) -> Iterator[Records]:
    """Yield the records of a file, without those of row groups that are damaged.

    Raises:
        PoolError: it is no Parquet file, has no columns to read, or a row group is damaged,
            which is raised after the records of all others.
    """
    parquet = open_parquet(file)
    schema = parquet.schema_arrow
    columns = _columns(schema, settings, where)
    fault = ""
    for group in range(parquet.num_row_groups):
        try:
            for batch in parquet.iter_batches(BATCH_ROWS, [group], columns.all()):
                yield _records(batch, columns, where)
        except DAMAGE as error:
            fault = fault or f"row group {group} of {parquet.num_row_groups}: {_line(error)}"
    if fault:
        raise PoolError("whole row groups", fault)


def open_parquet(file: IO[bytes]) -> pq.ParquetFile:
    """Return the file with its footer read.

    Raises:
        PoolError: its footer can't be read.
    """
    try:
        return pq.ParquetFile(file, page_checksum_verification=True)
    except DAMAGE as error:
        raise PoolError("a whole Parquet file", _line(error)) from None


def _columns(schema: pa.Schema, settings: ImportSettings, where: Where) -> Columns:
    found = find_columns(schema.names, settings, where)
    require_type(schema.field(found.url).type, "url", found.url)
    require_type(schema.field(found.text).type, "text", found.text)
    if found.id is None:
        return found
    try:
        require_type(schema.field(found.id).type, "id", found.id)
    except FormError:
        if settings.id is not None:
            raise
        return found._replace(id=None)  # nobody asked for it
    return found


def _records(batch: pa.RecordBatch, columns: Columns, where: Where) -> Records:
    count = batch.num_rows
    return Records(
        batch.column(columns.url),
        batch.column(columns.text),
        batch.column(columns.id) if columns.id else pa.nulls(count),
        np.zeros(count, np.bool_),
        {
            name: cast_to(batch.column(columns.where[name]), kind, name)
            if name in columns.where
            else pa.nulls(count, kind)
            for name, kind in where.items()
        },
    )


def _line(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
