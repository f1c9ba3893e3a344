"""The commands of the guide "Query it" run, and every reader finds the same rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from metaclip.errors import InputError
from metaclip.jobs.register_tables import register_tables
from metaclip.warehouse.catalog import register_tables as register
from metaclip.warehouse.tables import CURATED, TABLES
from tests.helpers.runner import ROOT, Runner

GUIDE = ROOT / "docs" / "guides" / "query.md"
_BLOCK = re.compile(r"^```(python|sql)\n(.*?)^```$", re.M | re.S)


@pytest.fixture
def database(spark: SparkSession) -> Any:
    """The name of a database that the test may make."""
    yield "metaclip"
    spark.sql("DROP DATABASE IF EXISTS metaclip CASCADE")


@pytest.mark.long
def test_the_guide_runs_on_a_warehouse(made: Runner, database: str) -> None:
    names: dict[str, Any] = {}
    results = []
    for language, code in _BLOCK.findall(
        GUIDE.read_text("utf-8").replace("demo-warehouse", str(made.root))
    ):
        if language == "python":
            exec(compile(code, GUIDE.name, "exec"), names)
        else:
            results.append(names["spark"].sql(code).collect())
    files, cut, smaller, crawls = results
    curated = made.warehouse.read_partition(CURATED, {"curation": "default"}).collect()
    assert {row.status for row in files} == {"done"}
    assert cut[0]["count"] - cut[0].kept == max(row["count"] - row.kept for row in cut) > 0
    assert len(smaller) == sum(row.enters_at <= 10 for row in curated) > 0
    assert {row.crawl: row.pairs for row in crawls} == {row.crawl: row.pairs for row in files}
    texts = sorted(row.text for row in curated)
    assert sorted(names["arrow"]["text"].to_pylist()) == texts
    assert sorted(names["texts"]["text"].to_list()) == texts
    assert sum(names["texts"]["matches"]) == sum(len(row.entry_ids) for row in curated)
    assert 0 < sum(pairs for _, pairs in names["hosts"]) <= len(curated)


@pytest.mark.long
def test_every_table_and_column_has_its_comment(
    made: Runner, spark: SparkSession, database: str
) -> None:
    summary = made(register_tables)
    made(register_tables)  # again, without harm
    declared = {table.name: table for table in TABLES}
    assert summary["views"] == ["pairs", "crawl_files"]
    there = {name for name, table in declared.items() if made.warehouse.exists(table)}
    assert set(summary["tables"]) == there > {"metadata", "extractions", "curated", "curations"}
    for name in summary["tables"] + summary["views"]:
        described = spark.sql(f"DESCRIBE TABLE EXTENDED {database}.{name}").collect()
        table_comment = next(row.data_type for row in described if row.col_name == "Comment")
        columns = {row.col_name: row.comment for row in described[: len(described)] if row.comment}
        assert table_comment
        if name in declared:
            assert table_comment == declared[name].comment
            for field in declared[name].schema:
                assert columns[field.name] == field.metadata["comment"]
    described = spark.sql(f"DESCRIBE TABLE {database}.pairs").collect()
    assert all(row.comment for row in described)
    assert [row.col_name for row in described][:4] == ["crawl", "path", "pair_id", "image_id"]


@pytest.mark.long
def test_a_table_of_another_warehouse_is_refused(
    made: Runner, spark: SparkSession, database: str, tmp_path: Path
) -> None:
    other = tmp_path / "metadata"
    spark.range(1).write.format("delta").save(str(other))
    spark.sql(f"CREATE DATABASE {database}")
    spark.sql(f"CREATE TABLE {database}.metadata USING delta LOCATION '{other}'")
    with pytest.raises(InputError, match=rf"metadata at {made.root}/metadata, found {other}"):
        register(made.warehouse, database)


def test_a_warehouse_without_tables_is_refused(run: Runner) -> None:
    with pytest.raises(InputError, match="expected tables, found none"):
        run(register_tables)
