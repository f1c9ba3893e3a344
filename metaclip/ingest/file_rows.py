"""What one Spark task does: read its files one after the other into rows of `extractions`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyspark import Accumulator

from metaclip.config.crawl import ExtractionOptions, RequestSettings
from metaclip.crawl.extraction import FileAccount, extract
from metaclip.crawl.files.listing import SourceFile
from metaclip.crawl.files.stream import open_source
from metaclip.redaction import redact
from metaclip.warehouse.tables import EXTRACTION_SCHEMA, PAIR_SCHEMA

FILE_TYPE = EXTRACTION_SCHEMA.field("file").type


def file_reader(
    files: Sequence[SourceFile],
    options: ExtractionOptions,
    requests: RequestSettings,
    progress: Accumulator[dict[str, tuple[int, int]]] | None = None,
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """Return the function for mapInArrow that turns indices of `files` into EXTRACTION_SCHEMA.

    To `progress`, an accumulator, each file that was read adds `{path: (pairs, bytes)}`.
    """

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                account = FileAccount()
                yield from read_file(files[index], options, requests, account)
                if progress is not None:
                    progress.add({files[index].path: (account.pairs, account.bytes)})

    return read


def read_file(
    file: SourceFile,
    options: ExtractionOptions,
    requests: RequestSettings,
    account: FileAccount,
) -> Iterator[pa.RecordBatch]:
    """Yield the pairs of one file and, last, its account, which is filled meanwhile."""
    started = time.monotonic()
    try:
        with open_source(file.url, requests) as stream:
            for pairs in extract(stream, file.path, options, account):
                yield _pair_rows(file.path, pairs)
    except OSError as error:
        account.status = "partial" if account.pages else "failed"
        account.error = _one_line(error, file)
    yield _file_row(file.path, account, time.monotonic() - started)


def file_rows(
    files: Sequence[SourceFile], status: str, error: str | None = None
) -> list[tuple[str, str, None, dict[str, Any]]]:
    """Return the rows that say of files that were not read what they are: pending, failed."""
    # The size tells a failed file that has been mended since.
    return [
        (
            *("file", file.path, None),
            {"status": status, "bytes": file.size if error else None, "error": error},
        )
        for file in files
    ]


def _one_line(error: OSError, file: SourceFile) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return " ".join(redact(reason.replace(file.url, file.path)).split())[:200]


def _pair_rows(path: str, pairs: pa.RecordBatch) -> pa.RecordBatch:
    count = pairs.num_rows
    return pa.RecordBatch.from_arrays(
        [
            pa.repeat("pair", count),
            pa.repeat(path, count),
            pa.StructArray.from_arrays(pairs.columns, fields=list(PAIR_SCHEMA)),
            pa.nulls(count, FILE_TYPE),
        ],
        schema=EXTRACTION_SCHEMA,
    )


def _file_row(path: str, account: FileAccount, seconds: float) -> pa.RecordBatch:
    row = {
        **{name: getattr(account, name, None) for name in FILE_TYPE.names},
        "dropped_records": sorted(account.dropped_records.items()),
        "dropped_images": sorted(account.dropped_images.items()),
        "seconds": seconds,
        "finished_at": datetime.now(UTC),
    }
    return pa.RecordBatch.from_pylist(
        [{"kind": "file", "path": path, "pair": None, "file": row}], schema=EXTRACTION_SCHEMA
    )
