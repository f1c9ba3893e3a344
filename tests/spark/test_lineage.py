"""Inputs of a partition, read back from Delta's log."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from metaclip.warehouse.tables import METADATA
from metaclip.warehouse.warehouse import Change, Warehouse


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
    assert last(METADATA, {"metadata_version": "one"}) == Change(1, {"matches": 7}, own)
    assert last(METADATA, {"metadata_version": "two"}) == Change(2, {}, own)
    assert warehouse.last_change(METADATA, {"metadata_version": "three"}) is None
