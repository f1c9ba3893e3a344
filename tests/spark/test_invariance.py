"""Curated rows depend on the pairs and the seed alone, and not on how the work was split."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from metaclip.balance.counting import add_counts
from metaclip.balance.draws import drawn_frame
from metaclip.balance.sampling import t_from_size
from metaclip.config.settings import LanguageSettings
from metaclip.errors import InputError
from metaclip.ingest.ledger import read_crawl_files, read_pairs
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.matching.engine import build_engine
from metaclip.matching.unique_pairs import find_matches, keep_unique
from metaclip.warehouse.tables import CURATION_COUNTS, ENTRY_COUNTS, MATCHES
from metaclip.warehouse.tasks import Tasks
from tests.helpers.draws import frame_of, scored
from tests.helpers.runner import ENTRIES, ROOT, Runner, write_files
from tests.helpers.table_rows import curated, rows

PAGES = 96
T = 5.0


MATCH = MATCHES.schema_without(*MATCHES.partitioned_by)


def balance(run: Runner, *settings: str) -> dict[str, Any]:
    """Match, count and sample what was extracted."""
    for step in (match_entries, count_entries):
        run(step)
    return run(sample_pairs, f"balance.t={T}", *settings)


@pytest.fixture(scope="module")
def files(pages: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return 32 files of three pages each."""
    folder = tmp_path_factory.mktemp("files")
    return write_files(folder, [b"".join(pages[at : at + 3]) for at in range(0, PAGES, 3)])


@pytest.fixture(scope="module")
def whole(
    spark: SparkSession,
    files: list[Path],
    metadata: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Runner:
    """Return a warehouse in which all files were extracted and balanced at once."""
    run = Runner(spark, tmp_path_factory.mktemp("whole") / "warehouse")
    run(import_metadata, f"metadata.file={metadata}")
    run(extract_pairs, named(files))
    balance(run)
    return run


def named(files: Sequence[Path]) -> str:
    return f"crawl.files={json.dumps([str(file) for file in files])}"


@pytest.mark.parametrize("partitions", [1, 7, 32])
def test_the_number_of_partitions_changes_no_row(whole: Runner, partitions: int) -> None:
    """Match and score shuffled pairs in so many partitions."""
    pairs = read_pairs(whole.warehouse, "local").orderBy(F.rand(partitions))
    pairs = pairs.repartition(partitions)
    assert pairs.rdd.getNumPartitions() == partitions
    engine = build_engine("compiled", ENTRIES, "reference")
    found = find_matches(Tasks(pairs, lambda batches: iter(batches)), engine)
    unique = keep_unique(found, partitions, None, LanguageSettings())
    matches = frame_of(unique, MATCH).repartition(partitions)
    assert matches.rdd.getNumPartitions() == partitions
    counts = add_counts([whole.warehouse.read_rows(ENTRY_COUNTS, {})])
    judged = scored(matches.withColumn("crawl", F.lit("local")), counts, T)
    kept = judged.where(judged.enters_at <= T)
    assert rows(kept) == curated(whole, "default", "curation")


def test_a_rerun_changes_no_row(whole: Runner) -> None:
    before = curated(whole)
    summary = whole(sample_pairs, f"balance.t={T}")
    assert curated(whole) == before
    assert summary["actual_size"] == len(before) > 0


def test_a_smaller_t_gives_a_subset(whole: Runner) -> None:
    matches = whole.warehouse.read(MATCHES)
    counts = add_counts([whole.warehouse.read_rows(ENTRY_COUNTS, {})])
    kept = []
    for t in (T, 20.0):
        judged = scored(matches, counts, t)
        below = {row.pair_id for row in judged.where("draw < keep_probability").collect()}
        assert below == {row.pair_id for row in judged.where(judged.enters_at <= t).collect()}
        kept.append(below)
    assert kept[0] == {row["pair_id"] for row in curated(whole)}
    assert kept[0] < kept[1]


def test_a_size_is_met_exactly(whole: Runner) -> None:
    wanted = len(curated(whole)) + 3
    summary = whole(sample_pairs, f"balance.size={wanted}", "balance.curation=sized")
    assert summary["actual_size"] == wanted == len(curated(whole, "sized"))
    assert summary["t"] > T


def test_each_size_has_its_t(whole: Runner) -> None:
    """The t of a size is the size-th smallest entrance, as sorting finds it."""
    matches = whole.warehouse.read(MATCHES)
    counts = add_counts([whole.warehouse.read_rows(ENTRY_COUNTS, {})])
    entrances = sorted(row.enters_at for row in scored(matches, counts, T).collect())
    for size in (1, len(entrances) // 2):
        assert t_from_size(drawn_frame(matches, 0), counts, size) == entrances[size - 1]


def test_another_seed_keeps_other_pairs(whole: Runner) -> None:
    counts = add_counts([whole.warehouse.read_rows(ENTRY_COUNTS, {})])
    judged = scored(whole.warehouse.read(MATCHES), counts, T, seed=1)
    other = {row.pair_id for row in judged.where(judged.enters_at <= T).collect()}
    ids = {row["pair_id"] for row in curated(whole)}
    assert ids != other
    assert ids & other  # the tail is in both


@pytest.mark.long
@pytest.mark.parametrize("cores", [1, 2])
def test_the_command_on_other_cores_gives_the_same_rows(
    whole: Runner, files: list[Path], metadata: Path, tmp_path: Path, cores: int
) -> None:
    """Run the command itself on so many cores, with Spark's own settings for queries."""
    config = {
        "warehouse": str(tmp_path / "warehouse"),
        "crawl": {"files": [str(file) for file in files]},
        "metadata": {"file": str(metadata)},
        "balance": {"t": T},
        "spark": {
            "spark.master": f"local[{cores}]",
            "spark.ui.enabled": False,
            "spark.default.parallelism": 7,
            "spark.sql.shuffle.partitions": 7,
        },
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    command = [sys.executable, "jobs/curate.py", "--config", str(tmp_path / "config.yaml")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    other = Runner(whole.spark, tmp_path / "warehouse")
    assert curated(other) == curated(whole)


@pytest.mark.long
def test_files_in_another_order_later_and_changed_give_the_same_rows(
    whole: Runner, run: Runner, files: list[Path], metadata: Path, tmp_path: Path
) -> None:
    """Read twenty files, then all in another order, and one of them again after it changed."""
    copies = write_files(tmp_path / "files", [file.read_bytes() for file in files])
    final = copies[0].read_bytes()
    copies[0].write_bytes(files[31].read_bytes() + files[30].read_bytes())
    run(import_metadata, f"metadata.file={metadata}")
    run(extract_pairs, named(copies[:20]))
    run(match_entries)
    run(extract_pairs, named(random.Random(2).sample(copies, 32)), "crawl.batch_files=7")
    copies[0].write_bytes(final)
    assert run(extract_pairs, named(copies))["status"] == {"done": 32}
    before = run.commits()
    for step in (sample_pairs, count_entries):
        with pytest.raises(InputError, match=r"run match_entries with crawl\.name=local"):
            run(step)
    assert run.commits() == before
    balance(run)
    assert curated(run) == curated(whole)
    # `expected` is a sum of floats, whose last bit depends on the order of work.
    found, expected = (
        rows(one.warehouse.read_partition(CURATION_COUNTS, {"curation": "default"}), "expected")
        for one in (run, whole)
    )
    assert found == expected != []
    for read, times in ((read_crawl_files, ("seconds", "finished_at", "origin")), (read_pairs, ())):
        found, expected = (rows(read(one.warehouse, "local"), *times) for one in (run, whole))
        assert found == expected != []
