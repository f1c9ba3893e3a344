"""Compaction changes no row and makes nothing stale; disagreements are listed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from metaclip.errors import MetaclipError
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.maintain_tables import maintain_tables
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.maintenance.compaction import vacuum
from metaclip.maintenance.consistency import check_consistency
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import (
    CURATED,
    CURATION_COUNTS,
    CURATIONS,
    ENTRY_COUNTS,
    EXTRACTIONS,
    MATCHES,
    TABLES,
)
from tests.helpers.runner import Runner, write_files
from tests.helpers.table_rows import rows


@pytest.fixture(scope="module")
def finished(
    spark: SparkSession,
    pages: list[bytes],
    metadata: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Runner:
    """Return a warehouse with a curation of two files, extracted in two commits."""
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
    """Return a copy of that warehouse, which a test may change."""
    shutil.copytree(finished.root, run.root)
    return run


def data_files(run: Runner, table: Table) -> int:
    return len(list((run.root / table.name).rglob("*.parquet")))


def delta(run: Runner, table: Table) -> DeltaTable:
    return DeltaTable.forPath(run.spark, str(run.root / table.name))


@pytest.mark.long
def test_compaction_changes_no_row_and_makes_nothing_stale(copy: Runner) -> None:
    tables = [table for table in TABLES if copy.warehouse.exists(table)]
    before = {table.name: rows(copy.warehouse.read(table)) for table in tables}
    files = data_files(copy, EXTRACTIONS)
    summary = copy(maintain_tables)
    assert summary["stale"] == []
    assert summary["tables"] == [table.name for table in tables]
    assert len(tables) == 8
    # Two commits, each of one file of pairs and one of accounts.
    assert summary["compacted"]["extractions"] == {"removed": 4, "added": 2}
    assert data_files(copy, EXTRACTIONS) == files + 2, "nothing of the last week is deleted"
    version = copy.warehouse.version(EXTRACTIONS)
    vacuum(copy.warehouse, EXTRACTIONS, 0)
    assert data_files(copy, EXTRACTIONS) == 2
    assert copy.warehouse.version(EXTRACTIONS) > version, "a vacuum is in the log"
    assert {table.name: rows(copy.warehouse.read(table)) for table in tables} == before
    # The job refuses extractions, matches and counts that moved on since they were used.
    copy(sample_pairs, "balance.t=5")
    assert rows(copy.warehouse.read(CURATED)) == before["curated"] != []


def test_disagreements_are_listed_and_nothing_is_changed(
    copy: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    kept, lost = copy.warehouse.read(CURATED).orderBy("pair_id").limit(2).collect()
    path, entry = lost.path, kept.entry_ids[0]
    delta(copy, EXTRACTIONS).delete(f"kind = 'pair' and pair.pair_id = '{lost.pair_id}'")
    delta(copy, ENTRY_COUNTS).update(f"entry_id = {entry}", {"count": "count + 1"})
    delta(copy, MATCHES).delete(f"pair_id = '{kept.pair_id}'")
    delta(copy, CURATION_COUNTS).update(f"entry_id = {entry}", {"kept": "kept - 1"})
    delta(copy, CURATIONS).update(set={"actual_size": "actual_size + 1"})
    size = copy.warehouse.read(CURATED).count()
    commits = copy.commits()
    with caplog.at_level("INFO", logger="metaclip"), pytest.raises(MetaclipError) as caught:
        copy(maintain_tables)
    assert caught.value.exit_code == 1
    assert str(caught.value).endswith("6 disagreements, listed above")
    assert copy.commits() == commits
    found = [record.getMessage() for record in caplog.records]
    expected = [
        ("extractions: 1 files whose pairs are not as many", f"path {path}, accounts 1, pairs"),
        ("matches of crawl local (reference): 1 pairs", f"extractions: pair_id {lost.pair_id}"),
        ("entry_counts of crawl local (reference): ", f"entry_id {entry}, count"),
        (f"curation default: {size} pairs, not {size + 1}",),
        ("curation default: 1 entries kept otherwise", f"entry_id {entry}, count"),
        ("curation default: 1 pairs not in", f"matches/local: pair_id {kept.pair_id}"),
    ]
    for line, parts in zip(found, expected, strict=True):
        assert all(part in line for part in parts), line


@pytest.mark.long
def test_stale_partitions_are_named_and_unpublished_rows_disagree(copy: Runner) -> None:
    columns = CURATED.schema_without("curation").names
    unpublished = copy.warehouse.read(CURATED).select(*columns)
    copy.warehouse.replace(CURATED, unpublished, {"curation": "other"}, {})
    copy(match_entries)
    findings = check_consistency(copy.warehouse)
    assert findings.disagreements == [
        "curation: expected one of the warehouse (default), found other"
    ]
    assert len(findings.stale) == 2
    assert "entry counts of crawl local: expected to be newer" in findings.stale[0]
    assert findings.stale[1] == "curation default: older than matches/local"


def test_an_empty_warehouse_has_nothing_to_maintain(run: Runner) -> None:
    assert run(maintain_tables)["tables"] == []
