"""Versions of the metadata: one for the same entries, chosen when told to, and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metaclip.application import Step
from metaclip.config.settings import Config
from metaclip.errors import InputError
from metaclip.jobs.build_metadata import build_metadata
from metaclip.jobs.curate import curate
from metaclip.jobs.diff_metadata import diff_metadata, render
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.lint_metadata import lint_metadata
from metaclip.report.entries import render_metadata
from metaclip.report.summaries import MetadataSummary
from metaclip.warehouse.lineage import choose_metadata, match_partition
from metaclip.warehouse.tables import ENTRY_COUNTS, METADATA_VERSIONS
from metaclip.warehouse.warehouse import Warehouse
from tests.helpers.runner import Runner


def write_list(file: Path, entries: list[str]) -> str:
    file.write_text(json.dumps(entries), "utf-8")
    return f"metadata.file={file}"


def test_a_built_and_an_imported_list_of_the_same_entries_are_one_version(
    run: Runner, tmp_path: Path
) -> None:
    built = run(build_metadata, "build.numbers=3")
    commits = run.commits()
    imported = run(import_metadata, write_list(tmp_path / "a.json", ["0", "1", "2"]))
    assert imported["metadata_version"] == built["metadata_version"]
    assert run.commits() == commits
    (record,) = run.warehouse.read(METADATA_VERSIONS).collect()
    assert (record.job, record.entries, record.languages) == ("build_metadata", 3, [])
    assert json.loads(record.sources)["figures"]["number"]["added"] == 3


def test_the_newest_version_is_taken_only_when_told_to(run: Runner, tmp_path: Path) -> None:
    old = run(import_metadata, write_list(tmp_path / "a.json", ["cat"]))["metadata_version"]
    assert choose_metadata(run.warehouse, None) == old
    new = run(import_metadata, write_list(tmp_path / "b.json", ["dog"]))["metadata_version"]
    run(import_metadata, write_list(tmp_path / "a.json", ["cat"]))
    with pytest.raises(InputError, match="a choice, as the warehouse has 2 lists"):
        choose_metadata(run.warehouse, None)
    assert choose_metadata(run.warehouse, "newest") == new
    assert choose_metadata(run.warehouse, old) == old


def write_counts(run: Runner, counts: dict[tuple[str, str, str], list[int]]) -> None:
    """Write the counts of all partitions (version, spacing, crawl) in one commit."""
    rows = [
        match_partition(*partition) | {"entry_id": number, "count": count}
        for partition, found in counts.items()
        for number, count in enumerate(found)
    ]
    spark_rows = run.spark.createDataFrame(rows, ENTRY_COUNTS.schema)
    run.warehouse.create(ENTRY_COUNTS)
    spark_rows.write.format("delta").mode("append").save(run.warehouse.path(ENTRY_COUNTS))


def test_a_difference_by_hand(run: Runner, tmp_path: Path) -> None:
    old, new = (
        run(import_metadata, write_list(tmp_path / "list", entries))["metadata_version"]
        for entries in (["in", "und", "the"], ["the", "in", "of", "zzz"])
    )
    counts = {
        (old, "reference", "a"): [5, 7, 100],
        (new, "reference", "a"): [90, 5, 20, 0],
        (old, "symmetric", "a"): [1, 1, 1],
        (new, "reference", "b"): [1, 1, 1, 1],
    }
    write_counts(run, counts)
    found = run(diff_metadata, f"metadata.old={old}", f"metadata.new={new}")
    assert (found["same"], found["came"], found["went"]) == (2, 2, 1)
    assert (found["came_first"], found["went_first"]) == (["of", "zzz"], ["und"])
    assert found["came_by_source"] == {"import": 2}
    assert found["counts"] == [
        {
            "spacing": "reference",
            "crawl": "a",
            "matches_old": 112,
            "matches_new": 115,
            "matches_of_came": 20,
            "matches_of_went": 7,
            "moved": 1,
            "largest": [{"entry": "the", "old": 100, "new": 90}],
        }
    ]
    report = run.report(render).splitlines()
    assert report[0] == "2 entries in both, 2 came, 1 went"
    assert report[-1] == "  the: 100 -> 90"
    with pytest.raises(InputError, match="two versions of the warehouse, found 0123456789abcdef"):
        run(diff_metadata, f"metadata.old={old}", "metadata.new=0123456789abcdef")


def test_curate_builds_or_imports_the_list_by_one_setting(
    run: Runner, wat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps but the lists' are left out."""
    steps: list[str] = []

    def run_step(step: Step[Any], config: Config, _: Warehouse) -> object:
        steps.append(f"{step.__name__} {config.metadata.version}")
        return MetadataSummary("0123456789abcdef", 1)

    monkeypatch.setattr("metaclip.jobs.curate.run_step", run_step)
    for build, expected in (("true", "build_metadata"), ("false", "import_metadata")):
        run(curate, "metadata.file=own.json", f"metadata.build={build}", f"crawl.files={wat}")
        assert steps[:2] == [f"{expected} None", "extract_pairs 0123456789abcdef"]
        steps.clear()


@pytest.mark.long
def test_curate_matches_with_the_list_that_it_built(run: Runner, wat: Path, tmp_path: Path) -> None:
    own = write_list(tmp_path / "own.json", ["the"])
    summary = run(curate, f"crawl.files={wat}", own, "metadata.build=true", "balance.t=5")
    built = summary["build_metadata"]
    assert built["entries"] == summary["count_entries"]["entries"] == 100
    assert summary["sample_pairs"]["metadata_version"] == built["metadata_version"]
    assert "import_metadata" not in summary


@pytest.mark.parametrize("settings", [[], ["metadata.new=0123456789abcdef"]])
def test_two_versions_are_needed(run: Runner, settings: list[str]) -> None:
    with pytest.raises(InputError, match="two versions, --old and --new"):
        run(diff_metadata, *settings)


def test_lint_is_in_each_summary_and_report(run: Runner, tmp_path: Path) -> None:
    file = write_list(tmp_path / "a.json", ["U.S.", "cat", "Cat", "x" * 101])
    imported = run(import_metadata, file)
    assert set(imported["lint"]) == {
        "unmatchable_reference",
        "same_when_case_folded",
        "too_long",
    }
    commits = run.commits()
    assert run(lint_metadata)["lint"] == imported["lint"]
    assert run.commits() == commits
    report = run.report(render_metadata)
    assert "lint: 1 unmatchable reference, such as 'U.S.'" in report
    assert "1 under symmetric" in report
    assert run(lint_metadata, "build.max_characters=200")["lint"].keys() == {
        "unmatchable_reference",
        "same_when_case_folded",
    }
