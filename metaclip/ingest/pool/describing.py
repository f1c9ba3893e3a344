"""Find the types of the columns of `import.where` in each file, without reading its texts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import IO

import pyarrow as pa

from metaclip.config.crawl import ImportSettings, PoolKind, RequestSettings
from metaclip.crawl.files.listing import SourceFile
from metaclip.ingest.pool.columns import ignoring_case
from metaclip.ingest.pool.delimited import open_records
from metaclip.ingest.pool.json_records import field_types
from metaclip.ingest.pool.kinds import hive_columns, pool_kind
from metaclip.ingest.pool.opening import UNREADABLE, open_local
from metaclip.ingest.pool.parquet import open_parquet
from metaclip.warehouse.tasks import ArrowMap

Types = dict[str, pa.DataType]
TYPES_DDL = "name string, type binary"


def types_reader(
    files: Sequence[SourceFile],
    settings: ImportSettings,
    requests: RequestSettings,
    names: Collection[str],
) -> ArrowMap:
    """Return the function for mapInArrow that turns indices of `files` into TYPES_DDL.

    Each row is a column of one file and its type, as a serialized schema of one field.
    """

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                found = read_types(files[index], settings, requests, names)
                written = [
                    pa.schema([(name, kind)]).serialize().to_pybytes()
                    for name, kind in found.items()
                ]
                columns = [pa.array(list(found), pa.string()), pa.array(written, pa.binary())]
                yield pa.RecordBatch.from_arrays(columns, names=["name", "type"])

    return read


def read_types(
    file: SourceFile,
    settings: ImportSettings,
    requests: RequestSettings,
    names: Collection[str],
) -> Types:
    """Return the types of those of the columns `names` that a file has.

    A file that can't be read has none here; its damage shows when its pairs are read.
    """
    folders: Types = {name: pa.string() for name in hive_columns(file.url) if name in names}
    kind: PoolKind | None = settings.kind or pool_kind(file.path)
    if kind is None:
        return folders
    try:
        with open_local(file.url, requests) as stream:
            return _types(stream, kind, settings, names) | folders
    except UNREADABLE:
        return folders


def _types(
    stream: IO[bytes], kind: PoolKind, settings: ImportSettings, names: Collection[str]
) -> Types:
    if kind in ("json", "jsonl"):
        return field_types(stream, settings, kind, names)
    if kind == "parquet":
        schema = open_parquet(stream).schema_arrow
        found = {name: ignoring_case(schema.names, name) for name in names}
        return {name: schema.field(own).type for name, own in found.items() if own is not None}
    header, _ = open_records(stream, settings, kind)
    found = {name: ignoring_case(header or [], name) for name in names}
    return {name: pa.string() for name, own in found.items() if own is not None}
