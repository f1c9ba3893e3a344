"""What one Spark task does: read its files one after the other into rows of `extractions`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import fsspec
import pyarrow as pa

from metaclip.crawl.extraction import PAIR_SCHEMA, FileAccount, extract
from metaclip.crawl.limits import ExtractionOptions
from metaclip.crawl.sources import SourceFile

_PAIR = pa.struct(list(PAIR_SCHEMA))
_COUNTS = pa.map_(pa.string(), pa.int64())
FILE_TYPE = pa.struct(
    [
        ("status", pa.string()),
        *((name, pa.int64()) for name in ("bytes", "records", "pages", "images")),
        ("images_kept", pa.int64()),
        ("pairs", pa.int64()),
        ("dropped_records", _COUNTS),
        ("dropped_images", _COUNTS),
        ("error", pa.string()),
        ("seconds", pa.float64()),
        ("finished_at", pa.timestamp("us", tz="UTC")),
    ]
)
ROW_SCHEMA = pa.schema(
    [("kind", pa.string()), ("path", pa.string()), ("pair", _PAIR), ("file", FILE_TYPE)]
)


def file_reader(
    files: Sequence[SourceFile], options: ExtractionOptions
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """Return the function for mapInArrow that turns indices of `files` into ROW_SCHEMA."""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                yield from read_file(files[index], options)

    return read


def read_file(file: SourceFile, options: ExtractionOptions) -> Iterator[pa.RecordBatch]:
    """Yield the pairs of one file and, last, its account."""
    account, started = FileAccount(), time.monotonic()
    try:
        # block_size=0: one GET for a whole file, read forward.
        how = {"block_size": 0} if file.url.startswith(("http://", "https://")) else {}
        with fsspec.open(file.url, "rb", **how) as stream:
            for pairs in extract(stream, file.path, options, account):
                yield _pair_rows(file.path, pairs)
    except OSError as error:
        account.status = "partial" if account.pages else "failed"
        account.error = _one_line(error, file)
    yield _file_row(file.path, account, time.monotonic() - started)


def pending_rows(files: Sequence[SourceFile]) -> list[tuple[str, str, None, tuple[Any, ...]]]:
    """Return the rows that say that these files were asked for and are not read yet."""
    empty = (None,) * (FILE_TYPE.num_fields - 1)
    return [("file", file.path, None, ("pending", *empty)) for file in files]


def _one_line(error: OSError, file: SourceFile) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return " ".join(reason.replace(file.url, file.path).split())[:200]


def _pair_rows(path: str, pairs: pa.RecordBatch) -> pa.RecordBatch:
    count = pairs.num_rows
    return pa.RecordBatch.from_arrays(
        [
            pa.repeat("pair", count),
            pa.repeat(path, count),
            pa.StructArray.from_arrays(pairs.columns, fields=list(PAIR_SCHEMA)),
            pa.nulls(count, FILE_TYPE),
        ],
        schema=ROW_SCHEMA,
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
        [{"kind": "file", "path": path, "pair": None, "file": row}], schema=ROW_SCHEMA
    )
