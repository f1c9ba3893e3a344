"""The package as a notebook uses it: one call for a session, tables and views by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

import metaclip
from metaclip.jobs.extract_pairs import extract_pairs
from tests.helpers.runner import Runner

HEAVY = ("pyspark", "numpy", "pyarrow", "msgspec", "yaml", "py4j")


def test_tables_and_views_are_read_by_name(spark: SparkSession, run: Runner, wat: Path) -> None:
    warehouse = metaclip.open_warehouse(str(run.root))
    assert warehouse.spark is spark
    assert warehouse.names() == []
    with pytest.raises(metaclip.MetaclipError, match="run extract_pairs or import_pairs first"):
        warehouse["pairs"]
    summary = run(extract_pairs, f"crawl.files={wat}", "crawl.name=pages")
    assert warehouse.names() == ["extractions", "pairs", "crawl_files"]
    assert warehouse["pairs"].count() == summary["pairs"]
    (file,) = warehouse["crawl_files"].collect()
    assert (file.crawl, file.status, file.pairs) == ("pages", "done", summary["pairs"])
    assert Path(file.path).name == wat.name
    assert warehouse["extractions"].count() == summary["pairs"] + 1


def test_an_unknown_table_is_refused_with_the_known_names(spark: SparkSession, run: Runner) -> None:
    warehouse = metaclip.open_warehouse(str(run.root))
    with pytest.raises(metaclip.MetaclipError, match=r"curated, .*crawl_files, found curation\Z"):
        warehouse["curation"]


def test_the_package_alone_imports_no_library() -> None:
    code = f"import metaclip, sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
    assert set(metaclip.__all__) < set(dir(metaclip))
