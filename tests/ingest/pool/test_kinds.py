"""Suffixes tell the files of a pool from crawl files; folders such as `lang=en` give columns."""

from __future__ import annotations

import pytest

from metaclip.config.crawl import ImportSettings
from metaclip.crawl.files.listing import SourceFile
from metaclip.errors import InputError
from metaclip.ingest.pool.kinds import (
    hive_columns,
    is_pool,
    pool_kind,
    refuse_pool,
    require_pool,
)


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


def test_one_file_of_a_pool_makes_a_pool() -> None:
    """Else Parquet beside a list of statistics would be read as WARC."""
    files = [SourceFile(name, f"/{name}", 1) for name in ("a.warc.gz", "b.csv", "c.txt")]
    assert is_pool(files, ImportSettings())
    assert not is_pool([files[0], files[2]], ImportSettings())
    assert is_pool([files[2]], ImportSettings(kind="tsv"))
    with pytest.raises(InputError, match=r"WAT or WARC files, found b\.csv; run import_pairs"):
        refuse_pool(files)
    with pytest.raises(
        InputError, match=r"a pool in one format: .*, found a\.warc\.gz; name files"
    ):
        require_pool(files, ImportSettings())


def test_folders_give_columns() -> None:
    url = "s3://bucket/pool/lang=en/month=a%2Fb/empty=__HIVE_DEFAULT_PARTITION__/a=b.parquet"
    assert hive_columns(url) == {"lang": "en", "month": "a/b", "empty": None}
