"""Replacing rows equals an assignment in a dictionary, whatever else happens to the table."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from delta.tables import DeltaTable as SparkTable
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from metaclip.errors import ConflictError, InputError
from metaclip.warehouse.files import write_files
from metaclip.warehouse.replacing import Replacement
from metaclip.warehouse.selection import Selection
from metaclip.warehouse.tables import CURATIONS, EXTRACTIONS, METADATA
from metaclip.warehouse.tasks import Tasks
from metaclip.warehouse.warehouse import Warehouse

PATHS = [f"crawl-data/CC-MAIN-2024-22/segments/1715971057216.39/wat/{n:05}.gz" for n in range(12)]
PATHS += ["a", "b", "é", "東京", "z" * 40]


def extraction_rows(texts: dict[str, list[str]]) -> pa.Table:
    """Return the rows of files: a pair for each text, and an account."""
    pairs = [
        {"kind": "pair", "path": path, "pair": {"text": text}}
        for path, found in texts.items()
        for text in found
    ]
    accounts = [
        {"kind": "file", "path": path, "file": {"status": "done", "pairs": len(found)}}
        for path, found in texts.items()
    ]
    return EXTRACTIONS.rows([*pairs, *accounts], "crawl")


def held(warehouse: Warehouse, crawl: str, *, by_spark: bool = True) -> dict[str, list[str]]:
    """Return the texts of each file of a crawl, as Spark or deltalake reads them."""
    if by_spark:
        frame = warehouse.read_partition(EXTRACTIONS, {"crawl": crawl})
        rows = [row.asDict() for row in frame.select("kind", "path", "pair.text").collect()]
    else:
        table = DeltaTable(warehouse.path(EXTRACTIONS)).to_pyarrow_table()
        of_crawl = [row for row in table.to_pylist() if row["crawl"] == crawl]
        rows = [{**row, "text": row["pair"] and row["pair"]["text"]} for row in of_crawl]
    found: dict[str, list[str]] = {row["path"]: [] for row in rows if row["kind"] == "file"}
    assert len(found) == sum(row["kind"] == "file" for row in rows)
    for row in rows:
        if row["kind"] == "pair":
            found[row["path"]].append(row["text"])
    return {path: sorted(texts) for path, texts in found.items()}


@pytest.mark.parametrize("seed", range(2))
def test_replacements_equal_those_of_a_dictionary(
    spark: SparkSession, tmp_path: Path, seed: int
) -> None:
    """Files of one path and of many, by the driver, by tasks, compacted and purged by Spark."""
    chance = random.Random(seed)
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    model: dict[str, dict[str, list[str]]] = {"one": {}, "two": {}}
    for step in range(14):
        crawl = chance.choice(["one", "two"])
        paths = chance.sample(PATHS, chance.randint(1, 6))
        texts = {path: [f"{step} {n}" for n in range(chance.randint(0, 3))] for path in paths}
        rows: pa.Table | Tasks = extraction_rows(texts)
        if step % 2:
            split = [extraction_rows({path: found}) for path, found in texts.items()]
            rows = tasks(spark, split)
        warehouse.replace(EXTRACTIONS, rows, {"crawl": crawl}, {}, paths)
        model[crawl] |= texts
        if step % 4 == 3:
            SparkTable.forPath(spark, warehouse.path(EXTRACTIONS)).optimize().executeCompaction()
        if step % 5 == 4:
            delta = SparkTable.forPath(spark, warehouse.path(EXTRACTIONS))
            delta.delete("kind = 'pair' and pair.text like '% 0'")
            for files in model.values():
                for path, found in files.items():
                    files[path] = [text for text in found if not text.endswith(" 0")]
        assert {name: held(warehouse, name, by_spark=False) for name in model} == model
    assert {name: held(warehouse, name) for name in model} == model


def tasks(spark: SparkSession, tables: list[pa.Table]) -> Tasks:
    """Return tasks of which each yields the rows of one table."""

    def rows(batches: Any) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                yield from tables[index].to_batches()

    return Tasks(spark.range(0, len(tables), 1, len(tables)), rows)


def test_a_table_without_partitions_keeps_the_rows_of_others(
    spark: SparkSession, tmp_path: Path
) -> None:
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    names = [column.name for column in CURATIONS.schema if not column.nullable]
    kinds = {column.name: column.dataType.simpleString() for column in CURATIONS.schema}
    values = {"string": "x", "bigint": 1, "double": 0.5, "array<string>": ["a"]}
    values |= {"map<string,bigint>": {"a": 1}, "timestamp": 0}
    row = {name: values[kinds[name]] for name in names if name != "curation"}
    for name, size in (("one", 1), ("two", 2), ("one", 3), ("three", 4), ("two", 5)):
        rows = CURATIONS.rows([{**row, "actual_size": size}], "curation")
        warehouse.replace(CURATIONS, rows, {"curation": name}, {})
    found = {row.curation: row.actual_size for row in warehouse.read(CURATIONS).collect()}
    assert found == {"one": 3, "two": 5, "three": 4}


def test_the_first_of_two_jobs_on_the_same_rows_wins(spark: SparkSession, tmp_path: Path) -> None:
    """Also where neither found rows when it began."""
    warehouses = [Warehouse(spark, str(tmp_path), job, "0") for job in ("first", "second")]
    for texts in ({"a": ["old"]}, {"a": ["new"], "b": []}):
        drafts = [
            warehouse.write(EXTRACTIONS, extraction_rows(texts), {"crawl": "one"}, list(texts))
            for warehouse in warehouses
        ]
        warehouses[0].publish(drafts[0], {})
        with pytest.raises(ConflictError, match="another job wrote it at the same time"):
            warehouses[1].publish(drafts[1], {})
        assert held(warehouses[0], "one") == texts


def test_jobs_on_other_rows_are_no_conflict(spark: SparkSession, tmp_path: Path) -> None:
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    warehouse.replace(EXTRACTIONS, extraction_rows({"c": ["c"]}), {"crawl": "one"}, {}, ["c"])
    drafts = [
        warehouse.write(EXTRACTIONS, extraction_rows({path: [path]}), {"crawl": crawl}, [path])
        for crawl, path in (("one", "a"), ("one", "b"), ("two", "a"))
    ]
    for draft in drafts:
        warehouse.publish(draft, {})
    assert held(warehouse, "one") == {"a": ["a"], "b": ["b"], "c": ["c"]}
    assert held(warehouse, "two") == {"a": ["a"]}


def test_a_commit_of_spark_meanwhile_is_a_conflict(spark: SparkSession, tmp_path: Path) -> None:
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    for path in "ab":
        rows = extraction_rows({path: [path]})
        warehouse.replace(EXTRACTIONS, rows, {"crawl": "one"}, {}, [path])
    drafts = [
        warehouse.write(EXTRACTIONS, extraction_rows({path: ["new"]}), {"crawl": "one"}, [path])
        for path in "ab"
    ]
    SparkTable.forPath(spark, warehouse.path(EXTRACTIONS)).delete("pair.text = 'b'")
    warehouse.publish(drafts[0], {})
    with pytest.raises(ConflictError):
        warehouse.publish(drafts[1], {})
    assert held(warehouse, "one") == {"a": ["new"], "b": []}


def test_a_commit_of_python_meanwhile_is_a_conflict_for_spark(
    spark: SparkSession, tmp_path: Path
) -> None:
    """A task of a MERGE replaces rows that the MERGE has read."""
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    for path in "ab":
        rows = extraction_rows({path: [path, "x"]})
        warehouse.replace(EXTRACTIONS, rows, {"crawl": "one"}, {}, [path])
    storage, meanwhile = warehouse.storage, extraction_rows({"a": ["new"]})

    def publish(batches: Any) -> Iterator[pa.RecordBatch]:
        selection = Selection({"crawl": "one"}, "path", ["a"])
        replacement = Replacement(storage, EXTRACTIONS, selection)
        added = write_files(meanwhile.to_batches(), EXTRACTIONS, storage, selection)
        replacement.commit(added, "a note")
        for _ in batches:
            yield pa.RecordBatch.from_pydict({"text": ["x"]})

    source = spark.range(0, 1, 1, 1).mapInArrow(publish, "text string")

    def delete() -> None:
        with warehouse.committing(EXTRACTIONS, {}, {}) as delta:
            merge = delta.alias("t").merge(source.alias("s"), "t.pair.text = s.text")
            merge.whenMatchedDelete().execute()

    with pytest.raises(ConflictError):
        delete()
    assert held(warehouse, "one") == {"a": ["new"], "b": ["b", "x"]}


def test_a_feature_that_changes_what_files_hold_is_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    """With deletion vectors, a file holds rows that are deleted."""
    warehouse = Warehouse(spark, str(tmp_path), "test", "0")
    rows = METADATA.rows(
        [{"entry_id": n, "entry": str(n), "source": "import"} for n in range(9)], "metadata_version"
    )
    warehouse.replace(METADATA, rows, {"metadata_version": "one"}, {})
    path = f"delta.`{warehouse.path(METADATA)}`"
    spark.sql(f"alter table {path} set tblproperties ('delta.enableDeletionVectors' = true)")
    spark.sql(f"delete from {path} where entry_id = 3")
    assert warehouse.read(METADATA).count() == 8
    for attempt in (
        lambda: warehouse.replace(METADATA, rows, {"metadata_version": "one"}, {}),
        lambda: warehouse.read_rows(METADATA, {}),
        lambda: warehouse.scan(METADATA, {}, ["entry_id"]),
    ):
        with pytest.raises(InputError, match=r"reader version 1.*deletionVectors.*DROP FEATURE"):
            attempt()
