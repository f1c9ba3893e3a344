"""Upkeep changes no row and makes nothing stale; what disagrees is listed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from count_entries import count_entries
from delta.tables import DeltaTable
from extract_pairs import extract_pairs
from import_metadata import import_metadata
from maintain_tables import maintain_tables
from match_entries import match_entries
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from sample_pairs import sample_pairs

from metaclip.agreement import compare_tables
from metaclip.errors import MetaclipError
from metaclip.tables import CURATED, CURATIONS, ENTRY_COUNTS, EXTRACTIONS, MATCHES, TABLES, Table
from tests.spark.conftest import Runner, write_files
from tests.spark.test_invariance import rows

VACUUM_ALL = ("maintain.vacuum_hours=0", "maintain.short_vacuum=true")


@pytest.fixture(scope="module")
def finished(
    spark: SparkSession,
    pages: list[bytes],
    metadata: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Runner:
    """A warehouse with a finished curation of two files, extracted in two commits."""
    folder = tmp_path_factory.mktemp("finished")
    run = Runner(spark, folder / "warehouse")
    write_files(folder / "files", [b"".join(pages[at : at + 5]) for at in (0, 5)])
    run(import_metadata, f"metadata.file={metadata}")
    run(extract_pairs, f"crawl.files={folder}/files/*", "crawl.batch_files=1")
    run(match_entries)
    run(count_entries)
    run(sample_pairs, "balance.t=5")
    return run


@pytest.fixture
def copy(finished: Runner, run: Runner) -> Runner:
    """A copy of that warehouse, which a test may change."""
    shutil.copytree(finished.root, run.root)
    return run


def data_files(run: Runner, table: Table) -> int:
    return len(list((run.root / table.name).rglob("*.parquet")))


def delta(run: Runner, table: Table) -> DeltaTable:
    return DeltaTable.forPath(run.spark, str(run.root / table.name))


def test_upkeep_changes_no_row_and_makes_nothing_stale(copy: Runner) -> None:
    before = {table.name: rows(copy.warehouse.read(table)) for table in TABLES}
    files = data_files(copy, EXTRACTIONS)
    summary = copy(maintain_tables)
    assert summary["stale"] == []
    # Two commits, each of one file of pairs and one of accounts.
    assert summary["compacted"]["extractions"] == {"removed": 4, "added": 2}
    assert data_files(copy, EXTRACTIONS) == files + 2, "nothing of the last week is deleted"
    copy(maintain_tables, *VACUUM_ALL)
    assert data_files(copy, EXTRACTIONS) == 2
    with pytest.raises(PySparkException):
        copy.spark.read.format("delta").option("versionAsOf", 3).load(
            str(copy.root / "extractions")
        ).collect()
    assert {table.name: rows(copy.warehouse.read(table)) for table in TABLES} == before
    # Each job that asks whether its inputs have moved on, from the last to the first.
    copy(sample_pairs, "balance.t=5")
    copy(count_entries)
    copy(match_entries)
    assert {t.name: rows(copy.warehouse.read(t)) for t in (MATCHES, ENTRY_COUNTS, CURATED)} == {
        t.name: before[t.name] for t in (MATCHES, ENTRY_COUNTS, CURATED)
    }


def test_what_disagrees_is_listed_and_nothing_is_touched(
    copy: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    pair = copy.warehouse.read(EXTRACTIONS).where("kind = 'pair'").first()
    kept = copy.warehouse.read(CURATED).first()
    entry = kept.entry_ids[0]
    lost = copy.warehouse.read(MATCHES).where(f"pair_id != '{kept.pair_id}'").first()
    delta(copy, EXTRACTIONS).delete(f"kind = 'pair' and pair.pair_id = '{lost.pair_id}'")
    delta(copy, EXTRACTIONS).delete(f"kind = 'file' and path = '{pair.path}'")
    delta(copy, ENTRY_COUNTS).update(f"entry_id = {entry}", {"count": "count + 1"})
    delta(copy, MATCHES).delete(f"pair_id = '{kept.pair_id}'")
    commits = copy.commits()
    with caplog.at_level("INFO", logger="metaclip"), pytest.raises(MetaclipError) as caught:
        copy(maintain_tables)
    assert caught.value.exit_code == 1
    assert copy.commits() == commits
    print(caplog.text)
    assert 0


def test_derived_tables_that_are_older_are_named_but_no_failure(copy: Runner) -> None:
    copy(match_entries)
    summary = copy(maintain_tables)
    assert len(summary["stale"]) == 2
    assert "entry counts of crawl local: expected to be newer" in summary["stale"][0]
    assert summary["stale"][1] == "curation default: older than the matches of crawl local"


def test_a_curation_that_was_not_published(copy: Runner) -> None:
    delta(copy, CURATIONS).delete()
    found = compare_tables(copy.warehouse).disagreements
    assert found == ["curation default: curated and curations are not of one run; run sample_pairs"]


def test_an_empty_warehouse(run: Runner) -> None:
    assert run(maintain_tables)["tables"] == []
