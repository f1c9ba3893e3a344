"""Make snapshots of a crawl, and read the pairs and statuses that a warehouse has of them."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.extraction import FileAccount, extract
from metaclip.ingest.ledger import read_crawl_files, read_pairs
from tests.helpers.runner import Runner

NAME = "CC-MAIN-2024-22"
# A user, a password and a key that no output may show.
SECRETS = ("ann1e", "pa55w0rd", "5ecret")
Pairs = Counter[tuple[str, str, str]]


def expected_pairs(files: Mapping[str, bytes]) -> Pairs:
    """Return (path, URL, text) of all files, each read from memory."""
    found: Pairs = Counter()
    for path, data in files.items():
        for batch in extract(io.BytesIO(data), path, ExtractionOptions(), FileAccount()):
            urls, texts = batch["image_url"].to_pylist(), batch["text"].to_pylist()
            found.update((path, url, text) for url, text in zip(urls, texts, strict=True))
    return found


def found_pairs(run: Runner, crawl: str) -> Pairs:
    """Return (path, URL, text) of all pairs that the warehouse has of a crawl."""
    rows = read_pairs(run.warehouse, crawl).select("path", "image_url", "text").collect()
    return Counter(map(tuple, rows))


def statuses(run: Runner, crawl: str) -> dict[str, tuple[str, str | None]]:
    """Return the status and error of each file in the ledger."""
    rows = read_crawl_files(run.warehouse, crawl).collect()
    assert len({row.path for row in rows}) == len(rows)
    return {row.path: (row.status, row.error) for row in rows}


def name_paths(pages: list[bytes], number: int, size: int = 1) -> dict[str, bytes]:
    """Return the files of a snapshot by path, each of `size` real pages."""
    return {
        f"crawl-data/{NAME}/segments/{n}/wat/{n:05}.warc.wat.gz": b"".join(
            pages[(n * size + k) % len(pages)] for k in range(size)
        )
        for n in range(number)
    }
