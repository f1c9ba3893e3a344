"""Crawls that arrive one after the other, and both ways to count pairs that several bring."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from metaclip.errors import InputError
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.plan_balance import plan_balance, render
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import (
    CURATED,
    CURATION_COUNTS,
    CURATIONS,
    ENTRY_COUNTS,
    EXTRACTIONS,
    MATCHES,
)
from tests.helpers import table_rows
from tests.helpers.balance_twins import slow_keep_probability
from tests.helpers.crawls import WORDS, T, arrive, make_pairs
from tests.helpers.draws import draw_column
from tests.helpers.runner import Runner

KINDS = ("all", "crawl")
# The last bit of a sum of floats depends on the order of work.
SUMS = ["expected", "expected_size", "expected_sd"]
OF_THE_RUN = ["created_at", "input_versions", "curated_version", "config"]
# The second crawl brings half of the first again.
FIRST = make_pairs(1)
POOLS = {"one": FIRST, "two": FIRST[::2] + make_pairs(2)}


def sample(run: Runner) -> dict[str, dict[str, Any]]:
    """Curate all crawls in both ways; return the summaries."""
    return {
        kind: run(
            sample_pairs, f"balance.t={T}", f"balance.dedup={kind}", f"balance.curation={kind}"
        )
        for kind in KINDS
    }


def rows(run: Runner, table: Table, curation: str, *without: str) -> table_rows.Rows:
    return table_rows.rows(run.warehouse.read_partition(table, {"curation": curation}), *without)


def files_of(run: Runner, crawl: str) -> dict[str, set[str]]:
    """Return the data files of one crawl in each table that is partitioned by crawl."""
    return {
        table.name: set(run.warehouse.read_partition(table, {"crawl": crawl}).inputFiles())
        for table in (EXTRACTIONS, MATCHES, ENTRY_COUNTS)
    }


@pytest.fixture(scope="module")
def grown(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Return a warehouse whose first crawl was curated before the second came."""
    folder = tmp_path_factory.mktemp("grown")
    run = Runner(spark, folder / "warehouse")
    (folder / "entries.json").write_text(json.dumps(WORDS))
    run(import_metadata, f"metadata.file={folder}/entries.json")
    arrive(run, "one", POOLS["one"], folder)
    assert run(sample_pairs, f"balance.t={T}", "balance.curation=all")["crawls"] == ["one"]
    before = files_of(run, "one")
    arrive(run, "two", POOLS["two"], folder)
    assert files_of(run, "one") == before
    sample(run)
    return run


@pytest.mark.long
def test_crawls_in_either_order_give_the_same_rows(
    grown: Runner, run: Runner, tmp_path: Path
) -> None:
    """Compare row by row; the second crawl first had one pair more."""
    (tmp_path / "entries.json").write_text(json.dumps(WORDS))
    run(import_metadata, f"metadata.file={tmp_path}/entries.json")
    extra = {"url": "http://gone.org", "text": "zero nine", "uid": "x"}
    arrive(run, "two", [*POOLS["two"], extra], tmp_path, steps=2)
    arrive(run, "one", POOLS["one"], tmp_path)
    before = files_of(run, "one")
    arrive(run, "two", POOLS["two"], tmp_path)
    assert files_of(run, "one") == before
    sample(run)
    for kind in KINDS:
        assert rows(run, CURATED, kind) == rows(grown, CURATED, kind) != []
        for table, without in ((CURATION_COUNTS, SUMS), (CURATIONS, [*SUMS, *OF_THE_RUN])):
            assert rows(run, table, kind, *without) == rows(grown, table, kind, *without) != []


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_of_several_crawls_are_kept_as_a_loop_does(grown: Runner, kind: str) -> None:
    """Compare with a loop over the matches of both crawls."""
    drawn = grown.warehouse.read(MATCHES).withColumn("draw", draw_column(0)).collect()
    pool = {(row.crawl, row.pair_id): row for row in drawn}
    if kind == "all":
        twice = {pair for crawl, pair in pool if ("one", pair) in pool and crawl == "two"}
        assert len(twice) > 30
        pool = {key: row for key, row in pool.items() if key[0] == "one" or key[1] not in twice}
    counts = Counter(entry for row in pool.values() for entry in row.entry_ids)
    keep = {
        key: slow_keep_probability([counts[entry] for entry in row.entry_ids], T)
        for key, row in pool.items()
    }
    curated = grown.warehouse.read_partition(CURATED, {"curation": kind}).collect()
    found = {(row.crawl, row.pair_id): (row.keep_probability, row.draw) for row in curated}
    assert found == {
        key: (keep[key], row.draw) for key, row in pool.items() if row.draw < keep[key]
    }
    by_entry = grown.warehouse.read_partition(CURATION_COUNTS, {"curation": kind}).collect()
    assert {row.entry_id: row["count"] for row in by_entry} == {
        entry: counts[entry] for entry in range(len(WORDS))
    }
    times = Counter(pair for _, pair in pool)
    variance = sum(n * n * k * (1 - k) for pair, n in times.items() for k in [keep_of(keep, pair)])
    [row] = grown.warehouse.read_partition(CURATIONS, {"curation": kind}).collect()
    assert row.expected_size == pytest.approx(sum(keep.values()))
    assert row.expected_sd == pytest.approx(math.sqrt(variance))
    assert (row.actual_size, row.crawls) == (len(found), ["one", "two"])
    assert (max(times.values()) == 2) == (kind == "crawl")


def keep_of(keep: dict[tuple[str, str], float], pair: str) -> float:
    return keep["one", pair] if ("one", pair) in keep else keep["two", pair]


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_one_text_stays_of_an_image_that_several_crawls_bring(grown: Runner, kind: str) -> None:
    settings = (f"balance.dedup={kind}", "balance.texts_per_image=one", "balance.curation=text")
    grown(sample_pairs, "balance.t=1e9", *settings)
    curated = grown.warehouse.read_partition(CURATED, {"curation": "text"}).collect()
    texts = {
        image: {r.pair_id for r in curated if r.image_id == image}
        for (image,) in {(row.image_id,) for row in curated}
    }
    assert {len(pairs) for pairs in texts.values()} == {1}
    matches = grown.warehouse.read(MATCHES).collect()
    assert set(texts) == {row.image_id for row in matches}
    # Where pairs are not made unique, a drawn text stays in each crawl that brings it.
    of_drawn = [row for row in matches if row.pair_id in texts[row.image_id]]
    assert len(curated) == (len(of_drawn) if kind == "crawl" else len(texts))


@pytest.mark.long
def test_a_plan_has_the_figures_of_the_sample(grown: Runner) -> None:
    """Rows that share their draws count too; t comes from a tail share and from a ratio."""
    before = grown.commits()
    figures = {}
    for kind in KINDS:
        summary = grown(plan_balance, f"balance.t={T}", "plan.t=[1, 2]", f"balance.dedup={kind}")
        assert (summary["chosen_t"], summary["crawls"]) == (T, ["one", "two"])
        assert [row["t"] for row in summary["plan"]] == [1.0, 2.0, T]
        figures[kind] = summary["plan"][-1]
        assert f"*{T:.6g}" in grown.report(render)
    shared = grown(plan_balance, "balance.tail_share=0.2")
    scaled = grown(
        plan_balance,
        f"balance.reference_matches={2 * shared['matches']}",
        f"balance.reference_t={2 * T}",
    )
    assert scaled["chosen_t"] == T
    assert shared["chosen_t"] in {row["t"] for row in shared["plan"]}
    # The last threshold keeps everything.
    assert shared["plan"][-1]["expected_sd"] == 0
    assert grown.commits() == before
    for kind in KINDS:
        [row] = grown.warehouse.read_partition(CURATIONS, {"curation": kind}).collect()
        for name in ("t", "tail_share", "expected_size", "expected_sd", "actual_size"):
            assert figures[kind][name] == pytest.approx(row[name]), name


def test_a_crawl_matched_with_other_metadata_is_refused(grown: Runner, tmp_path: Path) -> None:
    """Match the second crawl alone with another list too."""
    shutil.copytree(grown.root, tmp_path / "warehouse")
    run = Runner(grown.spark, tmp_path / "warehouse")
    (tmp_path / "entries.json").write_text(json.dumps(WORDS[:5]))
    summary = run(import_metadata, f"metadata.file={tmp_path}/entries.json")
    version = f"metadata.version='{summary['metadata_version']}'"
    run(match_entries, "crawl.name=two", version)
    before = run.commits()
    with pytest.raises(InputError) as caught:
        run(sample_pairs, f"balance.t={T}", version)
    assert run.commits() == before
    assert str(caught.value) == (
        "matches of crawl one: expected to be there, found none for this metadata and spacing; "
        "run match_entries with crawl.name=one"
    )
