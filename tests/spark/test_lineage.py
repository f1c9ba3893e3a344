"""Inputs of a partition, read back from Delta's log."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from metaclip.crawl.files.listing import SourceFile
from metaclip.errors import MetaclipError
from metaclip.ingest.file_rows import status_rows
from metaclip.warehouse import commits
from metaclip.warehouse.commits import Change
from metaclip.warehouse.tables import EXTRACTIONS, METADATA
from metaclip.warehouse.warehouse import Warehouse


def test_the_last_change_of_a_partition_is_found_among_other_commits(
    spark: SparkSession, tmp_path: Path
) -> None:
    warehouse = Warehouse(spark, str(tmp_path), "test", "digest")
    columns = METADATA.schema_without("metadata_version")
    rows = spark.createDataFrame([(0, "a", None, "import", None)], columns)
    warehouse.replace(METADATA, rows, {"metadata_version": "one"}, {"matches": 7})
    warehouse.replace(METADATA, rows, {"metadata_version": "two"}, {})
    for note in ("a note of somebody's", '{"partition": "theirs"}'):
        writer = warehouse.read(METADATA).limit(0).write.format("delta").mode("append")
        writer.option("userMetadata", note).save(warehouse.path(METADATA))
    own = str(spark.sparkContext.applicationId)
    last = warehouse.last_change
    assert last(METADATA, {"metadata_version": "one"}) == Change(1, {"matches": 7}, own, 1)
    assert last(METADATA, {"metadata_version": "two"}) == Change(2, {}, own, 1)
    assert warehouse.last_change(METADATA, {"metadata_version": "three"}) is None


@pytest.mark.long
def test_an_older_change_is_found_in_the_history(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(spark, str(tmp_path), "test", "digest")
    columns = METADATA.schema_without("metadata_version")
    rows = spark.createDataFrame([(0, "a", None, "import", None)], columns)
    for name in ("one", "two", "three"):
        warehouse.replace(METADATA, rows, {"metadata_version": name}, {})
    monkeypatch.setattr(commits, "_RECENT", 1)
    change = warehouse.last_change(METADATA, {"metadata_version": "one"})
    assert change is not None
    assert change.version == 1
    assert warehouse.count_rows(METADATA, {"metadata_version": "one"}) == 1


def test_rows_of_a_path_that_is_not_replaced_are_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    warehouse = Warehouse(spark, str(tmp_path), "test", "digest")
    rows = status_rows([SourceFile("a", "a", 1)], "pending")
    warehouse.replace(EXTRACTIONS, rows, {"crawl": "one"}, {}, ["a"])
    version = warehouse.version(EXTRACTIONS)
    with pytest.raises(MetaclipError, match="other values of path than are replaced"):
        warehouse.replace(EXTRACTIONS, rows, {"crawl": "one"}, {}, ["b"])
    assert warehouse.version(EXTRACTIONS) == version
