"""The report of a curation: its numbers are those of the tables, and captions do no harm."""

from __future__ import annotations

import itertools
import math
import shlex
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import Row

from metaclip.errors import InputError
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.remove_pairs import remove_pairs
from metaclip.jobs.report_curation import report_curation
from metaclip.jobs.sample_pairs import sample_pairs
from tests.helpers.report_pages import PageNumbers, T, number, read_page, rows
from tests.helpers.runner import Runner


def test_the_numbers_of_a_curation_are_those_of_its_tables(made: Runner, page: PageNumbers) -> None:
    (row,) = rows(made, "curations", curation="default")
    counts = rows(made, "curation_counts", curation="default")
    curated = rows(made, "curated", curation="default")
    assert page.values["actual-size"] == len(curated) == row.actual_size
    assert page.values["t"] == T
    assert page.values["matches-before"] == sum(one["count"] for one in counts)
    assert page.values["matches-after"] == sum(len(one.entry_ids) for one in curated)
    assert page.values["entries-hit"] == sum(one["count"] > 0 for one in counts)
    assert page.values["never-hit"] == sum(one["count"] == 0 for one in counts) == 3
    assert page.values["head-entries"] == sum(one["count"] >= T for one in counts)
    tail = sum(one["count"] for one in counts if one["count"] < T)
    assert page.values["tail-share"] == pytest.approx(tail / page.values["matches-before"])
    expected = sum(chance for chance in keep_probabilities(made).values())
    assert page.values["expected-size"] == pytest.approx(expected)


def unique_matches(run: Runner) -> dict[str, Row]:
    """Return the matches of both crawls by pair_id."""
    return {row.pair_id: row for row in rows(run, "matches")}


def keep_probabilities(run: Runner) -> dict[str, float]:
    """Return 1 - Π (1 - t / max(t, count)) of each unique pair at t = T."""
    matches = unique_matches(run)
    counts = Counter(entry for row in matches.values() for entry in row.entry_ids)
    return {
        pair: 1 - math.prod(1 - T / max(T, counts[entry]) for entry in row.entry_ids)
        for pair, row in matches.items()
    }


def test_expectation_and_deviations_are_those_of_the_pairs(made: Runner, page: PageNumbers) -> None:
    matches, keep = unique_matches(made), keep_probabilities(made)
    curated = rows(made, "curated", curation="default")
    kept = Counter(entry for row in curated for entry in row.entry_ids)
    expected: dict[int, float] = defaultdict(float)
    variance: dict[int, float] = defaultdict(float)
    for pair, row in matches.items():
        for entry in row.entry_ids:
            expected[entry] += keep[pair]
            variance[entry] += keep[pair] * (1 - keep[pair])
    moved = {entry: value for entry, value in variance.items() if value > 1e-9}
    assert page.values["moved"] == len(moved) > 5
    for limit in (2, 3):
        outside = sum(
            abs(kept[entry] - expected[entry]) > limit * math.sqrt(value)
            for entry, value in moved.items()
        )
        assert page.values[f"outside-{limit}"] == outside


def test_the_largest_entries_are_those_of_the_counts(made: Runner, page: PageNumbers) -> None:
    names = {row.entry_id: row.entry for row in rows(made, "metadata")}
    counts = rows(made, "curation_counts", curation="default")
    for table, by in (("largest-before", "count"), ("largest-after", "kept")):
        order = sorted((-row[by], row.entry_id) for row in counts if row[by])
        shown = [line[0].strip() for line in page.tables[table][1:]]
        assert shown == [names[entry] for _, entry in order[:20]]
        (cat,) = (line for line in page.tables[table] if line[0].strip() == "cat")
        (row,) = (row for row in counts if names[row.entry_id] == "cat")
        assert [number(cell) for cell in cat[1:]] == pytest.approx(
            [row["count"], row.probability, row.expected, row.kept], abs=0.051
        )


def test_the_funnel_adds_up_to_the_curation(made: Runner, page: PageNumbers) -> None:
    funnel = {line[0]: (number(line[1]), line[3]) for line in page.tables["table 0"][1:]}
    pairs, files = rows(made, "pairs"), rows(made, "crawl_files")
    matches = rows(made, "matches")
    assert funnel["files read"][0] == len(files) == 2
    assert funnel["pairs"][0] == len(pairs)
    unique = {(row.crawl, row.pair_id) for row in pairs}
    assert funnel["unique pairs"] == (len(unique), f"{len(pairs) - len(unique)} duplicate")
    assert funnel["matched pairs"] == (len(matches), f"{len(unique) - len(matches)} not matched")
    pool = len(unique_matches(made))
    assert funnel["pool of the curation"][0] == pool
    curated = len(rows(made, "curated", curation="default"))
    assert funnel["curated pairs"] == (curated, f"{pool - curated} not drawn")
    assert [line[0] for line in page.tables["by-crawl"][1:]] == ["one", "other"]
    by_crawl = {
        line[0]: [number(cell) for cell in line[-3:]] for line in page.tables["by-crawl"][1:]
    }
    for crawl in ("one", "other"):
        own = [row.pair_id for row in pairs if row.crawl == crawl]
        matched = sum(row.crawl == crawl for row in matches)
        assert by_crawl[crawl] == [len(own), len(set(own)), matched]


def test_overlap_hosts_and_comparison_count_pairs(made: Runner, page: PageNumbers) -> None:
    matches = rows(made, "matches")
    of = {c: {row.pair_id for row in matches if row.crawl == c} for c in ("one", "other")}
    shown = [[number(cell) for cell in line[1:]] for line in page.tables["overlaps"][1:]]
    expected = [len(of[a] & of[b]) for a, b in itertools.product(of, of)]
    assert np.ravel(shown).tolist() == expected
    hosts = {row.image_url.split("/")[2] for row in unique_matches(made).values()}
    assert page.values["hosts-before"] == len(hosts)
    here, there = (
        {row.pair_id for row in rows(made, "curated", curation=name)}
        for name in ("default", "large")
    )
    assert page.values["shared"] == len(here & there)
    assert page.values["only-here"] == len(here - there)
    assert page.values["only-there"] == len(there - here)


def test_hostile_captions_stay_text(made: Runner, page: PageNumbers) -> None:
    text = read_page(made)
    assert page.tags.count("script") == 1
    assert page.tags.count("img") == 0
    assert "document.title='broken'</" not in text
    assert 'href="javascript:' not in text
    # A text of 10,000 characters is cut, and its length is shown.
    shown = [line[2] for line in page.tables["sample"][1:]]
    assert max(map(len, shown)) < 500


def test_the_sample_has_pairs_of_head_and_tail(made: Runner, page: PageNumbers) -> None:
    keep = keep_probabilities(made)
    parts = Counter(line[0] for line in page.tables["sample"][1:])
    curated = [row.pair_id for row in rows(made, "curated", curation="default")]
    head = sum(keep[pair] < 1 for pair in curated)
    assert parts["head"] == min(100, head) > 0
    assert parts["tail"] == min(100, len(curated) - head) > 0


def test_the_command_of_the_page_makes_the_curation_again(made: Runner) -> None:
    text = read_page(made).partition('<code id="command">')[2].partition("</code>")[0]
    words = shlex.split(text.replace("&#39;", "'").replace("&#34;", '"'))
    assert words[:2] == ["spark-submit", "jobs/sample_pairs.py"]
    before = {row.pair_id: row.enters_at for row in rows(made, "curated", curation="default")}
    assignments = [word for word in words[2:] if word != "--set"]
    made(sample_pairs, *(one for one in assignments if not one.startswith("warehouse=")))
    after = {row.pair_id: row.enters_at for row in rows(made, "curated", curation="default")}
    assert after == before
    assert f'warehouse="{made.root}"' in assignments


@pytest.mark.long
def test_the_same_tables_give_the_same_page(made: Runner, tmp_path: Path) -> None:
    for name in ("first", "second"):
        made(report_curation, "balance.curation=large", f"report.to={tmp_path / name}")
    first, second = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("first", "second")
    )
    assert first == second
    assert {Path(name).suffix for name in first} >= {".html", ".svg", ".png"}


def test_what_is_no_curation_or_no_folder_is_refused(made: Runner, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"expected one of the warehouse \(default, large\), found x"
    ):
        made(report_curation, "balance.curation=x")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InputError, match="a new or empty folder, or an older report"):
        made(report_curation, "balance.curation=default", f"report.to={tmp_path}")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.long
def test_two_curations_of_different_metadata_are_refused(made: Runner, tmp_path: Path) -> None:
    shutil.copytree(made.root, tmp_path / "warehouse")
    made = Runner(made.spark, tmp_path / "warehouse")
    (tmp_path / "other.txt").write_text("cat\nblue\n")
    version = made(import_metadata, f"metadata.file={tmp_path}/other.txt")["metadata_version"]
    chosen = f"metadata.version={version}"
    for step in (match_entries, count_entries):
        made(step, "crawl.name=other", chosen)
    made(sample_pairs, "balance.crawls=[other]", "balance.t=5", "balance.curation=blue", chosen)
    with pytest.raises(InputError, match="expected a curation of the same metadata, found"):
        made(report_curation, "balance.curation=default", "report.against=blue")


@pytest.mark.long
def test_a_report_after_a_removal_counts_what_is_left(made: Runner, tmp_path: Path) -> None:
    shutil.copytree(made.root, tmp_path / "warehouse")
    made = Runner(made.spark, tmp_path / "warehouse")
    removed = {row.pair_id for row in rows(made, "curated", curation="default")[:5]}
    (tmp_path / "list.csv").write_text("pair_id\n" + "\n".join(removed) + "\n")
    made(remove_pairs, f"removals.files={tmp_path}/list.csv")
    made(report_curation, "balance.curation=default", f"report.to={tmp_path / 'report'}")
    text = (tmp_path / "report" / "report.html").read_text("utf-8")
    curated = rows(made, "curated", curation="default")
    assert PageNumbers(text).values["actual-size"] == len(curated)
    assert "5 pairs were removed since" in text
    assert not any(pair in text for pair in removed)
