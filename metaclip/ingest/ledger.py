"""Keep the ledger: the files that a crawl was asked for, and the account of each."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from metaclip.config.crawl import CrawlSettings
from metaclip.crawl.files.listing import SourceFile
from metaclip.errors import InputError
from metaclip.warehouse.tables import EXTRACTIONS, PAIR_SCHEMA
from metaclip.warehouse.tasks import Tasks
from metaclip.warehouse.views import read_view
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def read_pairs(warehouse: Warehouse, crawl: str) -> DataFrame:
    """Return the table `pairs` of one crawl: not unique, one row per image, text and page."""
    rows = warehouse.read(EXTRACTIONS).where((F.col("crawl") == crawl) & (F.col("kind") == "pair"))
    return rows.select("pair.*", "path")


def scan_pairs(warehouse: Warehouse, crawl: str) -> Tasks:
    """Return tasks that yield the rows of `pairs` of one crawl, in Python."""
    given, read, _ = warehouse.scan(EXTRACTIONS, {"crawl": crawl, "kind": "pair"}, ["path", "pair"])

    def flatten(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in read(batches):
            columns = rows.column("pair").flatten()
            names = [*PAIR_SCHEMA.names, "path"]
            yield pa.RecordBatch.from_arrays([*columns, rows.column("path")], names)

    return Tasks(given, flatten)


def read_crawl_files(warehouse: Warehouse, crawl: str) -> DataFrame:
    """Return the table `crawl_files` of one crawl: the account of each file."""
    return read_view(warehouse, "crawl_files").where(F.col("crawl") == crawl).drop("crawl")


def list_crawls(warehouse: Warehouse) -> list[str]:
    """Return the names of all crawls that were begun."""
    if not warehouse.exists(EXTRACTIONS):
        return []
    rows = warehouse.read_rows(EXTRACTIONS, {"kind": "file"}, ["crawl"])
    return sorted(rows["crawl"].unique().to_pylist())


@dataclass(frozen=True)
class FilesToRead:
    """The files of a list that are new, so pending first, and those that are to be read."""

    new: list[SourceFile]
    to_read: list[SourceFile]


class Known(NamedTuple):
    """Columns of the ledger that decide whether a file is read again."""

    path: str
    status: str
    bytes: int | None
    origin: str | None
    read_as: str | None


def choose_files(
    warehouse: Warehouse, crawl: CrawlSettings, files: Sequence[SourceFile], read_as: str | None
) -> FilesToRead:
    """Return what to read: files not read yet, local ones whose size has changed, and files
    that were read with other import settings.

    `crawl.retry` adds those that failed or were read in part (failed), or all.

    Args:
        read_as: names the import settings that rows depend on; None where none count.

    Raises:
        InputError: the crawl has a file of the same path that lies in another folder.
    """
    known: dict[str, Known] = {}
    if warehouse.exists(EXTRACTIONS):
        rows = collect_files(warehouse, crawl.name).select(Known._fields).to_pylist()
        known = {row["path"]: Known(**row) for row in rows}
    if crawl.retry != "all":
        _refuse_other_origins(crawl.name, files, known)
    to_read = [
        file
        for file in files
        if file.path not in known or _is_due(file, known[file.path], crawl.retry, read_as)
    ]
    return FilesToRead([file for file in files if file.path not in known], to_read)


def _is_due(file: SourceFile, known: Known, retry: str | None, read_as: str | None) -> bool:
    """Return whether a file of the ledger is to be read again."""
    if known.status == "pending" or retry == "all":
        return True
    if retry == "failed" and known.status in ("failed", "partial"):
        return True
    return file.size not in (None, known.bytes) or (
        None not in (read_as, known.read_as) and read_as != known.read_as
    )


def _refuse_other_origins(
    crawl: str, files: Sequence[SourceFile], known: Mapping[str, Known]
) -> None:
    """Refuse a file whose path names another one, such as 00000.parquet of a second folder."""
    for file in files:
        before = known[file.path].origin if file.path in known else None
        if None not in (before, file.origin) and before != file.origin:
            raise InputError(
                f"crawl {crawl}",
                "files of new paths, or those of before",
                f"{file.path}, which the crawl has from another folder",
                "set crawl.name to a new name for another pool; for the same files in a new "
                "place, crawl.retry=all reads them again",
            )


def collect_files(warehouse: Warehouse, crawl: str) -> pa.Table:
    """Return the accounts of all files of one crawl."""
    rows = warehouse.read_rows(EXTRACTIONS, {"crawl": crawl, "kind": "file"}, ["path", "file"])
    return pa.table({"path": rows["path"], **_fields_of(rows["file"])})


def _fields_of(structs: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    chunk = structs.combine_chunks()
    return {field.name: chunk.field(field.name) for field in structs.type}


def require_coverage(
    files: pa.Table, crawl: str, min_coverage: float, job: str | None = None
) -> None:
    """Raise InputError when too small a share of a crawl's files was read; log any gap.

    Args:
        files: see `collect_files`.
        job: the one that reads the files, if it is this one.
    """
    rows = files.select(["path", "status", "error"]).to_pylist()
    if not rows:
        raise InputError(
            f"crawl {crawl}", "extracted files", "none", "run extract_pairs or import_pairs first"
        )
    bad = sorted(tuple(row.values()) for row in rows if row["status"] != "done")
    coverage = (len(rows) - len(bad)) / len(rows)
    if not bad:
        return
    path, status, error = bad[0]
    more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
    found = f"{coverage:.1%}: {path} {status} ({error or 'not read yet'}){more}"
    if coverage < min_coverage:
        job = job or "the job that reads them"
        raise InputError(
            f"crawl {crawl}",
            f"{min_coverage:.1%} of {len(rows)} files read",
            found,
            f"rerun {job} (with crawl.retry=failed for failed and partial files), "
            "or lower crawl.min_coverage",
        )
    log.info(
        "crawl %s: of %d files read %s; enough for %.1f%%",
        crawl,
        len(rows),
        found,
        100 * min_coverage,
    )
