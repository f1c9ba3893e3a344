"""The tables and charts of a report, recomputed from the rows of the tables by loops."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import Row

from metaclip.curation.reopening import reopen_pool
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.report_curation import report_curation
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.report.distributions import LENGTHS, Bar, count_distributions
from metaclip.warehouse.lineage import find_curation
from metaclip.warehouse.tables import CURATED
from tests.helpers.report_pages import PageNumbers, T, number, read_page, rows
from tests.helpers.runner import Runner


def test_charts_of_texts_and_hosts_count_the_pairs(made: Runner) -> None:
    warehouse = made.warehouse
    pool = {row.pair_id: row for row in rows(made, "matches")}
    curated = rows(made, "curated", curation="default")
    found = count_distributions(
        reopen_pool(warehouse, find_curation(warehouse, "default")).frame(),
        warehouse.read_partition(CURATED, {"curation": "default"}),
    )
    values: dict[str, Callable[[Row], object]] = {
        "matches": lambda row: len(row.entry_ids),
        "lengths": lambda row: max(least for least in LENGTHS if least <= len(row.text)),
        "languages": lambda row: row.language or "unknown",
        "hosts": lambda row: row.image_url.split("/")[2],
    }
    for name, value in values.items():
        before, after = (
            Counter(str(value(row)) for row in part) for part in (pool.values(), curated)
        )
        expected = {Bar(one, before[one], after[one]) for one in before}
        assert set(getattr(found, name)) == expected, name


def test_groups_of_entries_add_up_their_counts(made: Runner, page: PageNumbers) -> None:
    counts = rows(made, "curation_counts", curation="default")
    (line,) = page.tables["entry-sources"][1:]
    assert line[0] == "import"
    assert [number(cell) for cell in line[1:]] == [
        len(counts),
        sum(row["count"] > 0 for row in counts),
        sum(row.kept > 0 for row in counts),
        sum(row["count"] for row in counts),
        sum(row.kept for row in counts),
    ]


def test_a_sampled_pair_has_its_probability_and_the_counts_of_its_entries(
    made: Runner, page: PageNumbers
) -> None:
    names = {row.entry_id: row.entry for row in rows(made, "metadata")}
    counts = {
        row.entry_id: row["count"] for row in rows(made, "curation_counts", curation="default")
    }
    curated = {row.text: row for row in rows(made, "curated", curation="default")}
    checked = 0
    for _, probability, text, entries, _ in page.tables["sample"][1:]:
        row = curated.get(text.strip())
        if row is None:  # a text that is cut, or controls that HTML replaces
            continue
        checked += 1
        keep = 1 - math.prod(1 - T / max(T, counts[entry]) for entry in row.entry_ids)
        assert float(probability) == pytest.approx(keep, abs=5e-4)
        order = sorted((counts[entry], entry) for entry in row.entry_ids)
        shown = ", ".join(f"{names[entry]} {count}" for count, entry in order)
        assert entries == shown
    assert checked > 100


def test_the_captions_of_the_balance_have_its_shares(made: Runner) -> None:
    counts = rows(made, "curation_counts", curation="default")
    tail = [row for row in counts if row["count"] < T]
    before, after = (
        sum(row[name] for row in tail) / sum(row[name] for row in counts)
        for name in ("count", "kept")
    )
    hit = sum(row["count"] > 0 for row in tail)
    text = read_page(made)
    assert f"The {hit} tail entries below t = {T} have {before:.1%} of the matches" in text
    assert f"in the pool and {after:.1%} in the curation." in text
    largest = (max(row[name] for row in counts) for name in ("count", "kept"))
    assert "The largest entry has {} pairs in the pool and {}".format(*largest) in text
    (row,) = rows(made, "curations", curation="default")
    deviation = math.sqrt(sum(keep * (1 - keep) for keep in keep_probabilities(made)))
    assert f"{row.expected_size:,.1f} ± {deviation:,.1f}" in text


def keep_probabilities(run: Runner) -> list[float]:
    """Return the keep probability of each unique pair."""
    matches = {row.pair_id: row.entry_ids for row in rows(run, "matches")}
    counts = Counter(entry for ids in matches.values() for entry in ids)
    return [
        1 - math.prod(1 - T / max(T, counts[entry]) for entry in ids) for ids in matches.values()
    ]


@pytest.mark.long
def test_the_funnel_of_a_crawl_has_its_ledger(run: Runner, wat: Path, metadata: Path) -> None:
    run(import_metadata, f"metadata.file={metadata}")
    run(extract_pairs, f"crawl.files={wat}", "crawl.name=real")
    for step in (match_entries, count_entries):
        run(step, "crawl.name=real")
    run(sample_pairs, "balance.t=5")
    page = run(report_curation, "balance.curation=default")["page"]
    lines = PageNumbers(Path(page).read_text("utf-8")).tables["table 0"][1:]
    funnel = {line[0]: int(number(line[1])) for line in lines}
    (file,) = rows(run, "crawl_files")
    for name, value in {
        "files asked for": 1,
        "files read": 1,
        "records": file.records,
        "pages": file.pages,
        "images": file.images,
        "images kept": file.images_kept,
        "pairs": file.pairs,
    }.items():
        assert funnel[name] == value > 0, name
    (kept,) = (line[3] for line in lines if line[0] == "images kept")
    drops = {reason: int(count) for count, reason in re.findall(r"([\d]+) (\w+)", kept)}
    assert drops == {reason: n for reason, n in file.dropped_images.items() if n}
    assert file.images == file.images_kept + sum(drops.values())
