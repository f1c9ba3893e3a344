"""Rows that Python writes are the rows that Spark and another reader of Delta read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from metaclip.errors import MetaclipError
from metaclip.warehouse import files
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import ENTRY_COUNTS, EXTRACTIONS, METADATA, TABLES
from metaclip.warehouse.tasks import Tasks
from metaclip.warehouse.warehouse import Warehouse
from tests.helpers.table_records import as_set, records

PLAIN = [table for table in TABLES if table is not EXTRACTIONS]


@pytest.mark.parametrize("table", PLAIN, ids=lambda table: table.name)
def test_rows_of_python_are_read_by_spark_and_deltalake(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: Table
) -> None:
    monkeypatch.setattr(files, "_GROUP_BYTES", 100)  # several row groups a file
    warehouse = Warehouse(spark, str(tmp_path / "a b é=1"), "test", "0")
    rows = records(table, 200)
    if not table.partitioned_by:
        first = table.schema.names[0]
        rows = [{**row, first: "p0"} for row in rows]
        partition = {first: "p0"}
    else:
        partition = {}
    whole = pa.concat_tables([table.rows(rows[begin : begin + 20]) for begin in range(0, 200, 20)])
    warehouse.replace(table, whole.drop_columns(list(partition)), partition, {"x": 3})
    expected = as_set(rows)
    found = [row.asDict(recursive=True) for row in warehouse.read(table).collect()]
    assert as_set(found) == expected
    assert as_set(warehouse.read_rows(table, {}).to_pylist()) == expected
    other = DeltaTable(warehouse.path(table))
    assert as_set(other.to_pyarrow_table().to_pylist()) == expected
    groups = [part.row_groups for part in other.to_pyarrow_dataset().get_fragments()]
    assert max(len(found or []) for found in groups) > 1
    change = warehouse.last_change(table, partition)
    assert change is not None
    assert (change.rows, change.inputs) == (200, {"x": 3})


def test_tables_that_python_makes_are_as_declared(spark: SparkSession, tmp_path: Path) -> None:
    """Schema, comments and constraints, as Spark reads them."""
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    for table in TABLES:
        warehouse.create(table)
        path = f"delta.`{warehouse.path(table)}`"
        found = spark.table(path).schema
        assert {field.name: field.metadata["comment"] for field in found} == {
            field.name: field.metadata["comment"] for field in table.schema
        }
        [detail] = spark.sql(f"describe detail {path}").collect()
        assert detail.partitionColumns == list(table.partitioned_by)
        assert detail.description == table.comment
        kept = {name for name in detail.properties if name.startswith("delta.constraints.")}
        assert kept == {f"delta.constraints.{name}" for name in table.constraints}
        assert detail.minReaderVersion == 1


def test_spark_skips_files_by_the_statistics_of_python(spark: SparkSession, tmp_path: Path) -> None:
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    for version in range(4):
        ids = range(10 * version, 10 * version + 10)
        rows = pa.table({"entry_id": pa.array(ids, pa.int32()), "count": pa.array(ids, pa.int64())})
        partition = {"metadata_version": str(version), "spacing": "reference", "crawl": "a"}
        warehouse.replace(ENTRY_COUNTS, rows, partition, {})
    read = warehouse.read(ENTRY_COUNTS).where("entry_id = 25")
    assert [row["count"] for row in read.collect()] == [25]
    assert len(read.inputFiles()) == 1


BAD = {
    "null": {"kind": None, "path": "a", "file": {"status": "done"}},
    "path": {"kind": "file", "path": None, "file": {"status": "done"}},
    "kind": {"kind": "other", "path": "a", "file": {"status": "done"}},
    "none": {"kind": "pair", "path": "a"},
    "both": {"kind": "file", "path": "a", "file": {"status": "done"}, "pair": {"text": "a"}},
    "wrong": {"kind": "pair", "path": "a", "file": {"status": "done"}},
}


@pytest.mark.parametrize("row", BAD.values(), ids=BAD)
@pytest.mark.parametrize("by_tasks", [False, True])
def test_rows_that_delta_would_refuse_are_refused(
    spark: SparkSession, tmp_path: Path, row: dict[str, Any], by_tasks: bool
) -> None:
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    good = {"kind": "file", "path": "a", "file": {"status": "pending"}}
    table = EXTRACTIONS.rows([good, row], "crawl")
    rows = Tasks(spark.range(1), lambda batches: iter(table.to_batches())) if by_tasks else table
    warehouse.create(EXTRACTIONS)
    version = warehouse.version(EXTRACTIONS)
    with pytest.raises(Exception, match="write of") as caught:
        warehouse.replace(EXTRACTIONS, rows, {"crawl": "one"}, {}, ["a"])
    assert by_tasks or isinstance(caught.value, MetaclipError)
    assert warehouse.version(EXTRACTIONS) == version
    if by_tasks:
        return
    # Delta for Spark refuses it too.
    frame = spark.createDataFrame(table.to_pylist(), EXTRACTIONS.schema_without("crawl"))
    with pytest.raises(Exception, match="DELTA_"):
        frame.selectExpr("'one' as crawl", "*").write.format("delta").mode("append").save(
            warehouse.path(EXTRACTIONS)
        )


def test_a_task_that_fails_publishes_nothing(spark: SparkSession, tmp_path: Path) -> None:
    """Its files stay in the folder, and no reader sees them."""
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")

    def rows(batches: Any) -> Any:
        for batch in batches:
            [task] = batch.column(0).to_pylist()
            yield pa.RecordBatch.from_pydict(
                {"entry_id": pa.array([task], pa.int32()), "entry": ["a"], "source": ["import"]}
                | {"language": pa.nulls(1, pa.string()), "score": pa.nulls(1, pa.float64())}
            )
            if task == 1:
                raise ValueError("a fault in task 1")

    partition = {"metadata_version": "one"}
    with pytest.raises(Exception, match="a fault in task 1"):
        warehouse.replace(METADATA, Tasks(spark.range(0, 2, 1, 2), rows), partition, {})
    assert warehouse.read(METADATA).count() == 0
    warehouse.replace(METADATA, Tasks(spark.range(2, 4, 1, 2), rows), partition, {})
    assert sorted(row.entry_id for row in warehouse.read(METADATA).collect()) == [2, 3]
    written = ds.dataset(f"{tmp_path}/metadata/metadata_version=one", format="parquet")
    assert len(written.files) >= 2
