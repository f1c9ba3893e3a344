"""Read crawl files in a Spark task, and make the rows of `extractions` for any kind of file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from metaclip.config.crawl import ExtractionOptions, RequestSettings
from metaclip.crawl.extraction import FileAccount, extract
from metaclip.crawl.files.listing import SourceFile
from metaclip.crawl.files.stream import open_source
from metaclip.redaction import redact
from metaclip.spark.progress import ProgressAccumulator
from metaclip.warehouse.tables import EXTRACTION_SCHEMA, PAIR_SCHEMA
from metaclip.warehouse.tasks import ArrowMap

FILE_TYPE = EXTRACTION_SCHEMA.field("file").type
_MOST = 300
"""Characters of an error in the ledger."""


def file_reader(
    files: Sequence[SourceFile],
    options: ExtractionOptions,
    requests: RequestSettings,
    progress: ProgressAccumulator | None = None,
) -> ArrowMap:
    """Return the function for mapInArrow that turns indices of `files` into EXTRACTION_SCHEMA."""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                account = FileAccount()
                yield from read_file(files[index], options, requests, account)
                add_progress(progress, files[index], account)

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
                yield pair_rows(file.path, pairs)
    except OSError as error:
        account.status = "partial" if account.pages else "failed"
        account.error = one_line(error, file)
    yield file_row(file, account, time.monotonic() - started)


def add_progress(
    progress: ProgressAccumulator | None, file: SourceFile, account: FileAccount
) -> None:
    """Add `{path: (pairs, bytes)}` of a file that was read."""
    if progress is not None:
        progress.add({file.path: (account.pairs, account.bytes)})


def status_rows(files: Sequence[SourceFile], status: str, error: str | None = None) -> pa.Table:
    """Return the accounts of files that were not read: pending or failed."""
    # The size tells a failed file that has been mended since.
    rows = [
        {
            "kind": "file",
            "path": file.path,
            "file": {
                "status": status,
                "bytes": file.size if error else None,
                "error": error,
                "origin": file.origin,
            },
        }
        for file in files
    ]
    return pa.Table.from_pylist(rows, schema=EXTRACTION_SCHEMA)


def one_line(error: Exception, file: SourceFile) -> str:
    """Return an error's reason for the ledger: one line, without the machine's path."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(redact(reason.replace(file.url, file.path)).split())[:_MOST]


def pair_rows(path: str, pairs: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows of kind pair of one file's pairs in PAIR_SCHEMA."""
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


def file_row(
    file: SourceFile, account: FileAccount, seconds: float, read_as: str | None = None
) -> pa.RecordBatch:
    """Return the row of kind file of a file that was read.

    Args:
        read_as: names the import settings that the file's rows depend on.
    """
    row = {
        **{name: getattr(account, name, None) for name in FILE_TYPE.names},
        "dropped_records": sorted(account.dropped_records.items()),
        "dropped_images": sorted(account.dropped_images.items()),
        "seconds": seconds,
        "finished_at": datetime.now(UTC),
        "origin": file.origin,
        "read_as": read_as,
    }
    return pa.RecordBatch.from_pylist(
        [{"kind": "file", "path": file.path, "pair": None, "file": row}], schema=EXTRACTION_SCHEMA
    )
