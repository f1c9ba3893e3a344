"""Tasks that read a table in Python yield each of its rows once, as Spark reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from delta.tables import DeltaTable
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from metaclip.warehouse import files, scanning
from metaclip.warehouse.scanning import divide_files
from metaclip.warehouse.storage import TableFile
from metaclip.warehouse.tables import CURATED
from metaclip.warehouse.tasks import Tasks
from metaclip.warehouse.warehouse import Warehouse
from tests.helpers.draws import frame_of
from tests.helpers.table_records import as_set, records

SIZES = st.lists(st.integers(1, 300 << 20), max_size=30)


@given(SIZES, st.integers(1 << 20, 256 << 20), st.integers(1, 64))
def test_each_byte_of_a_file_is_in_one_task(sizes: list[int], largest: int, cores: int) -> None:
    listed = [TableFile(f"{n}.parquet", size, ()) for n, size in enumerate(sizes)]
    tasks = divide_files(listed, largest, cores)
    found: Counter[str] = Counter()
    for parts in tasks:
        assert parts
        assert sum(part.end - part.begin for part in parts) <= largest
        for part in parts:
            found[part.file.path] += part.end - part.begin
    assert found == {file.path: file.size for file in listed}
    parts = sorted(part for task in tasks for part in task)
    for before, after in pairwise(parts):
        assert before.file != after.file or before.end == after.begin


@pytest.mark.parametrize("writer", ["python", "spark", "compacted"])
def test_tasks_yield_the_rows_that_spark_reads(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    """Files of several row groups, in parts that are smaller."""
    monkeypatch.setattr(files, "_GROUP_BYTES", 5_000)
    monkeypatch.setattr(scanning, "_OPEN_COST", 1)
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    rows = records(CURATED, 300)
    table = CURATED.rows(rows)
    if writer == "spark":
        warehouse.create(CURATED)
        frame = spark.createDataFrame(rows, CURATED.schema)
        frame.write.format("delta").mode("append").save(warehouse.path(CURATED))
    else:

        def make(batches: Any) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for index in batch.column(0).to_pylist():
                    yield from table.slice(100 * index, 100).to_batches()

        warehouse.replace(CURATED, Tasks(spark.range(0, 3, 1, 3), make), {}, {})
    if writer == "compacted":
        DeltaTable.forPath(spark, warehouse.path(CURATED)).optimize().executeCompaction()
    tasks = warehouse.scan(CURATED, {}, CURATED.schema.names)
    assert tasks.given.rdd.getNumPartitions() > 1
    scanned = [row.asDict() for row in frame_of(tasks, CURATED.schema_without()).collect()]
    assert as_set(scanned) == as_set(rows)
    read = [row.asDict() for row in warehouse.read(CURATED).collect()]
    assert as_set(scanned) == as_set(read)
    some = warehouse.scan(CURATED, {"curation": "p1"}, ["pair_id", "curation"])
    schema = CURATED.schema_without(*set(CURATED.schema.names) - {"pair_id", "curation"})
    found = sorted(tuple(row) for row in frame_of(some, schema).collect())
    wanted = [(row["curation"], row["pair_id"]) for row in rows if row["curation"] == "p1"]
    assert found == sorted(wanted)


def test_a_partition_without_files_has_no_rows(spark: SparkSession, tmp_path: Path) -> None:
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    warehouse.create(CURATED)
    tasks = warehouse.scan(CURATED, {"curation": "none"}, ["pair_id"])
    schema = CURATED.schema_without(*set(CURATED.schema.names) - {"pair_id"})
    assert frame_of(tasks, schema).collect() == []
