"""Names of pools and names of crawl files are told apart."""

from __future__ import annotations

import pytest

from metaclip.ingest.pools import is_pool


@pytest.mark.parametrize(
    "files",
    [
        "pool.parquet",
        "s3://bucket/pool/*.parquet",
        "a/b.csv",
        "a/b.tsv.gz",
        "a/b.jsonl.zst",
        "a/b.ndjson.bz2",
        ["a.csv", "b.csv"],
    ],
)
def test_pools(files: str | list[str]) -> None:
    assert is_pool(files)


@pytest.mark.parametrize(
    "files",
    [
        [],
        "a.warc.gz",
        "*.warc.wat.gz",
        "wat.paths.gz",
        "pool",
        "a.parquet.txt",
        ["a.csv", "b.warc"],
    ],
)
def test_no_pools(files: str | list[str]) -> None:
    assert not is_pool(files)
