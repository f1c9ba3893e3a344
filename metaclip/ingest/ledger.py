"""The ledger: which files of a crawl were asked for, and what became of each."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from metaclip.crawl.files.listing import SourceFile
from metaclip.errors import InputError
from metaclip.report.summaries import CrawlSummary
from metaclip.warehouse.tables import EXTRACTIONS
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def read_pairs(warehouse: Warehouse, crawl: str) -> DataFrame:
    """Return the table `pairs` of one crawl: not unique, one row per image, text and page."""
    rows = warehouse.read(EXTRACTIONS).where((F.col("crawl") == crawl) & (F.col("kind") == "pair"))
    return rows.select("pair.*", "path")


def read_crawl_files(warehouse: Warehouse, crawl: str) -> DataFrame:
    """Return the table `crawl_files` of one crawl: the account of each file."""
    rows = warehouse.read(EXTRACTIONS).where((F.col("crawl") == crawl) & (F.col("kind") == "file"))
    return rows.select("path", "file.*")


def list_crawls(warehouse: Warehouse) -> list[str]:
    """Return the names of all crawls that were begun."""
    if not warehouse.exists(EXTRACTIONS):
        return []
    rows = warehouse.read(EXTRACTIONS).where(F.col("kind") == "file").select("crawl").distinct()
    return sorted(row.crawl for row in rows.collect())


@dataclass(frozen=True)
class FilesToRead:
    """The files of a list that are new, so pending first, and those that are to be read."""

    new: list[SourceFile]
    to_read: list[SourceFile]


def choose_files(
    warehouse: Warehouse, crawl: str, files: Sequence[SourceFile], *, failed: bool = False
) -> FilesToRead:
    """Return what to read: files not read yet, and local ones whose size has changed.

    Args:
        failed: also those that failed or were read in part.
    """
    known: dict[str, tuple[str, int | None]] = {}
    if warehouse.exists(EXTRACTIONS):
        rows = read_crawl_files(warehouse, crawl).select("path", "status", "bytes").collect()
        known = {row.path: (row.status, row.bytes) for row in rows}
    again = {"pending", "failed", "partial"} if failed else {"pending"}
    to_read = [
        file
        for file in files
        if known.get(file.path, ("pending", None))[0] in again
        or file.size not in (None, known[file.path][1])
    ]
    return FilesToRead([file for file in files if file.path not in known], to_read)


def require_coverage(warehouse: Warehouse, crawl: str, min_coverage: float) -> None:
    """Raise InputError when too small a share of a crawl's files was read; log any gap."""
    rows = read_crawl_files(warehouse, crawl).select("path", "status", "error").collect()
    if not rows:
        raise InputError(
            f"crawl {crawl}", "extracted files", "none", "run extract_pairs or import_pairs first"
        )
    bad = sorted((row.path, row.status, row.error) for row in rows if row.status != "done")
    coverage = (len(rows) - len(bad)) / len(rows)
    if not bad:
        return
    path, status, error = bad[0]
    more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
    found = f"{coverage:.1%}: {path} {status} ({error or 'not read yet'}){more}"
    if coverage < min_coverage:
        raise InputError(
            f"crawl {crawl}",
            f"{min_coverage:.1%} of {len(rows)} files read",
            found,
            "rerun extract_pairs (with crawl.retry=failed for failed and partial files), "
            "or lower crawl.min_coverage",
        )
    log.info(
        "crawl %s: of %d files read %s; enough for %.1f%%",
        crawl,
        len(rows),
        found,
        100 * min_coverage,
    )


def summarise_files(warehouse: Warehouse, crawl: str) -> CrawlSummary:
    """Return the sums of all accounts of a crawl, and its files by status."""
    sums = ("records", "pages", "images", "images_kept", "lazy_images", "pairs")
    status: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    dropped: dict[str, Counter[str]] = {"dropped_records": Counter(), "dropped_images": Counter()}
    for row in read_crawl_files(warehouse, crawl).toLocalIterator():
        status[row.status] += 1
        totals.update({name: row[name] or 0 for name in sums})
        for name, counts in dropped.items():
            counts.update(row[name] or {})
    return CrawlSummary(
        crawl=crawl,
        files=status.total(),
        status=dict(status),
        records=totals["records"],
        pages=totals["pages"],
        images=totals["images"],
        images_kept=totals["images_kept"],
        lazy_images=totals["lazy_images"],
        pairs=totals["pairs"],
        dropped_records=dict(sorted(dropped["dropped_records"].items())),
        dropped_images=dict(sorted(dropped["dropped_images"].items())),
    )
