"""Add up the accounts of a crawl's files."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from metaclip.report.summaries import CrawlSummary


def summarise_files(files: pa.Table, crawl: str) -> CrawlSummary:
    """Return the sums of all accounts of a crawl, and its files by status.

    Args:
        files: rows of `crawl_files`, of this crawl.
    """
    sums = ("records", "pages", "images", "images_kept", "lazy_images", "pairs")
    status: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    dropped: dict[str, Counter[str]] = {"dropped_records": Counter(), "dropped_images": Counter()}
    for row in files.to_pylist():
        status[row["status"]] += 1
        totals.update({name: row[name] or 0 for name in sums})
        for name, counts in dropped.items():
            counts.update(dict(row[name] or ()))
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
