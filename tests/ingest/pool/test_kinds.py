"""Suffixes tell the files of a pool from crawl files; folders such as `lang=en` give columns."""

from __future__ import annotations

import pytest

from metaclip.crawl.files.listing import SourceFile
from metaclip.ingest.pool.kinds import hive_columns, is_pool, pool_kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pool.parquet", "parquet"),
        ("a/b.pq", "parquet"),
        ("a/b.CSV", "csv"),
        ("a/b.tsv.gz", "tsv"),
        ("a/b.jsonl.zst", "jsonl"),
        ("a/b.ndjson.bz2", "jsonl"),
        ("a/b.JSON.GZ", "json"),
        ("a.warc.gz", None),
        ("a.warc.wat.gz", None),
        ("wat.paths.gz", None),
        ("pool", None),
        ("a.parquet.txt", None),
    ],
)
def test_a_suffix_names_the_kind(name: str, kind: str | None) -> None:
    assert pool_kind(name) == kind


def test_a_pool_has_no_other_files() -> None:
    files = [SourceFile(name, f"/{name}", 1) for name in ("a.csv", "b.csv", "c.warc")]
    assert is_pool(files[:2])
    assert not is_pool(files)
    assert not is_pool([])


def test_folders_give_columns() -> None:
    url = "s3://bucket/pool/lang=en/month=a%2Fb/empty=__HIVE_DEFAULT_PARTITION__/a=b.parquet"
    assert hive_columns(url) == {"lang": "en", "month": "a/b", "empty": None}
