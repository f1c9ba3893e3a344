"""A mistake that the user can mend is refused with one line, and nothing is published."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from metaclip.crawl.files.listing import list_files
from metaclip.errors import InputError
from metaclip.ingest.ledger import read_crawl_files
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.curate import curate
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.plan_balance import plan_balance
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.tables import CURATED, CURATIONS, MATCHES
from metaclip.warehouse.warehouse import Warehouse
from tests.helpers.runner import ASSIGNMENTS, ROOT, Runner, Step

BIN = Path(sys.executable).parent
HUGE = 1e300
# Commands under `python` run with the settings of the tests' own session.
QUICKLY = [word for setting in ASSIGNMENTS for word in ("--set", setting)]


def refused(run: Runner, step: Step, *assignments: str) -> str:
    """Return the line that `step` is refused with; no table has changed."""
    before = run.commits()
    with pytest.raises(InputError) as caught:
        run(step, *assignments)
    assert run.commits() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- the files of a crawl


@pytest.mark.parametrize("step", [extract_pairs, import_pairs], ids=lambda s: s.__name__)
def test_no_files_are_refused(run: Runner, step: Step) -> None:
    message = refused(run, step)
    assert message == "crawl.files: expected a path, a glob or a list of them, found none"


def test_the_glob_that_finds_none_is_named(run: Runner, wat: Path, tmp_path: Path) -> None:
    files = f"crawl.files=['{wat}', '{tmp_path}/a/*.wat.gz', '{wat.parent}/*.gz']"
    message = refused(run, extract_pairs, files)
    assert message.startswith(f"crawl.files {tmp_path}/a/*.wat.gz: expected at least one file")


def test_a_file_that_is_not_there_is_named(run: Runner, wat: Path, tmp_path: Path) -> None:
    message = refused(run, extract_pairs, f"crawl.files=['{wat}', '{tmp_path}/none.gz']")
    assert message.startswith(f"crawl.files {tmp_path}/none.gz: expected a file, found No such")


def test_an_empty_folder_is_refused(run: Runner, tmp_path: Path) -> None:
    message = refused(run, extract_pairs, f"crawl.files={tmp_path}")
    assert (
        message == f"crawl.files {tmp_path}/**: expected at least one file, found none that matches"
    )


def test_two_files_of_one_path_are_refused(run: Runner, wat: Path, tmp_path: Path) -> None:
    other = tmp_path / wat.name
    other.write_bytes(wat.read_bytes())
    message = refused(run, extract_pairs, f"crawl.files=['{wat}', '{other}']")
    assert f"found {wat.name} twice" in message


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", gzip.compress(b"", mtime=0)], ids=["empty", "blank", "gzipped"]
)
def test_an_empty_list_of_paths_is_refused(run: Runner, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "wat.paths.gz").write_bytes(data)
    message = refused(run, extract_pairs, f"crawl.files={tmp_path}/wat.paths.gz")
    assert message.endswith("expected a list of paths, found an empty list")


def test_files_without_pages_fail_one_by_one(
    run: Runner, pages: list[bytes], tmp_path: Path
) -> None:
    """The ledger has each failure; other files are read all the same."""
    warcinfo = b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 2\r\n\r\n{}\r\n\r\n"
    contents = {
        "empty.warc.wat.gz": (b"", "empty"),
        "none.warc.wat.gz": (b"no archive\n" * 99, "not_an_archive"),
        "gzipped.txt.gz": (gzip.compress(b"no archive\n" * 99), "not_an_archive"),
        "nothing.warc.gz": (gzip.compress(warcinfo), "no_pages"),
        "good.warc.wat.gz": (b"".join(pages[:3]), None),
    }
    for name, (data, _) in contents.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        run(extract_pairs, f"crawl.files={tmp_path}/*.gz")
    assert str(caught.value) == (
        "crawl local: expected 100.0% of 5 files read, found 20.0%: empty.warc.wat.gz failed "
        "(empty) and 3 more; rerun extract_pairs (with crawl.retry=failed for failed and partial "
        "files), or lower crawl.min_coverage"
    )
    ledger = {row.path: row for row in read_crawl_files(run.warehouse, "local").collect()}
    assert {path: row.error for path, row in ledger.items()} == {
        name: error for name, (_, error) in contents.items()
    }
    assert {path for path, row in ledger.items() if row.status == "done"} == {"good.warc.wat.gz"}
    summary = run(
        extract_pairs, "crawl.min_coverage=0.2", f"crawl.files={tmp_path}/good.warc.wat.gz"
    )
    assert summary["status"] == {"done": 1, "failed": 4}


def test_a_file_given_twice_is_read_once(wat: Path) -> None:
    again = [str(wat), str(wat), f"{wat.parent}/*.gz", f"{wat.parent}/../{wat.parent.name}/*.gz"]
    assert list_files(again) == list_files(str(wat))
    assert len(list_files(again)) == 1


# --- the list of entries


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "at least one entry, found none"),
        (b"cat\xff", "UTF-8, found byte 0xff at offset 3"),
        (b'{"cat": 1}', "a JSON list of strings, found a JSON dict"),
        (b'["cat", 1]', "a list of strings, found 1 at position 1"),
        (b'["cat", "dog", "cat"]', 'each entry once, found 1: "cat"'),
        (b"cat\n\ndog\n", 'entries that are not blank, found 1: ""'),
        (b'["a\\tb", "cat"]', 'which no text can match, found 1: "a\\tb"'),
    ],
)
def test_a_bad_list_of_entries_is_refused(
    run: Runner, tmp_path: Path, data: bytes, expected: str
) -> None:
    (tmp_path / "list").write_bytes(data)
    message = refused(run, import_metadata, f"metadata.file={tmp_path}/list")
    assert message.startswith(f"metadata.file {tmp_path}/list: expected ")
    assert message.endswith(expected)


def test_no_list_of_entries_is_refused(run: Runner) -> None:
    assert "metadata.file: expected a list of entries" in refused(run, import_metadata)


# --- a warehouse with one matched crawl, which no test changes


@pytest.fixture(scope="module")
def matched(
    spark: SparkSession, wat: Path, metadata: Path, tmp_path_factory: pytest.TempPathFactory
) -> Runner:
    """Return a warehouse that is ready for sample_pairs; each step before its inputs fails."""
    run = Runner(spark, tmp_path_factory.mktemp("matched") / "warehouse")
    assert refused(run, match_entries).endswith(
        "found none; run build_metadata or import_metadata first"
    )
    run(import_metadata, f"metadata.file={metadata}")
    assert "extract_pairs or import_pairs first" in refused(run, match_entries)
    assert "extract_pairs or import_pairs first" in refused(run, count_entries)
    for step in (sample_pairs, plan_balance):
        assert "balance.crawls" in refused(run, step)
    run(extract_pairs, f"crawl.files={wat}")
    assert "run match_entries with crawl.name=local" in refused(run, count_entries)
    assert "run match_entries with crawl.name=local" in refused(run, sample_pairs)
    assert "extract_pairs or import_pairs first" in refused(run, match_entries, "crawl.name=other")
    run(match_entries)
    assert "run count_entries with crawl.name=local" in refused(run, sample_pairs)
    run(count_entries)
    return run


def test_an_unknown_crawl_or_spacing_is_refused(matched: Runner) -> None:
    for step in (sample_pairs, plan_balance):
        message = refused(matched, step, "balance.crawls=[local, other]")
        assert message == "balance.crawls: expected crawls of the warehouse (local), found other"
    message = refused(matched, sample_pairs, "matching.spacing=symmetric")
    assert "run match_entries with crawl.name=local" in message


def test_an_unknown_metadata_version_is_refused(matched: Runner) -> None:
    message = refused(matched, sample_pairs, "metadata.version='0123456789abcdef'")
    assert message.startswith("metadata.version: expected one of ")
    assert message.endswith("found 0123456789abcdef")


def test_a_size_above_the_pool_is_refused(matched: Runner) -> None:
    largest = matched.warehouse.read(MATCHES).count()
    message = refused(matched, sample_pairs, f"balance.size={largest + 1}")
    assert message == (
        f"balance.size: expected at most {largest}, the number of matched pairs, "
        f"found {largest + 1}"
    )
    assert str(largest) in refused(matched, sample_pairs, f"balance.size={2**62}")


@pytest.mark.parametrize("settings", [["balance.t=3", "balance.size=2"], ["balance.t=.inf"]])
def test_bad_settings_of_balance_are_refused(matched: Runner, settings: list[str]) -> None:
    assert "balance.t" in refused(matched, sample_pairs, *settings)


def test_a_t_above_every_count_keeps_all(matched: Runner, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="metaclip"):
        summary = matched(sample_pairs, f"balance.t={HUGE}", "balance.curation=all")
    assert "t is above every count, so everything is kept" in caplog.text
    matches = matched.warehouse.read(MATCHES).count()
    assert summary["actual_size"] == summary["expected_size"] == matches
    assert (summary["expected_sd"], summary["tail_share"]) == (0.0, 1.0)
    curated = matched.warehouse.read_partition(CURATED, {"curation": "all"})
    assert curated.where(F.col("keep_probability") == 1).count() == matches


def test_one_of_two_lists_has_to_be_chosen(run: Runner, metadata: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("und\n")
    versions = sorted(
        run(import_metadata, f"metadata.file={file}")["metadata_version"]
        for file in (metadata, tmp_path / "other")
    )
    for step in (match_entries, count_entries, sample_pairs):
        message = refused(run, step)
        assert message == (
            "metadata.version: expected a choice, as the warehouse has 2 lists, found null; "
            f"set it to one of {versions[0]}, {versions[1]}"
        )


def test_a_list_that_matches_no_text_is_refused(run: Runner, tmp_path: Path, wat: Path) -> None:
    (tmp_path / "list").write_text("no such words\nnor these\n")
    run(import_metadata, f"metadata.file={tmp_path}/list")
    pairs = run(extract_pairs, f"crawl.files={wat}")["pairs"]
    run.warehouse.create(MATCHES)
    message = refused(run, match_entries)
    assert f"found 0 of {pairs} texts match; is it the right list" in message


def test_a_table_of_another_schema_is_refused(run: Runner, metadata: Path) -> None:
    frame = run.spark.createDataFrame([("x", "1")], "metadata_version string, entry_id string")
    frame.withColumn("other", F.lit(1)).write.format("delta").save(str(run.root / "metadata"))
    message = refused(run, import_metadata, f"metadata.file={metadata}")
    assert message.startswith("read of table metadata: expected the declared columns, found ")
    message = refused(run, match_entries)
    assert message.startswith("read of table metadata: expected the declared columns, found ")
    for difference in ("no column entry", "column other which", "entry_id string instead of int"):
        assert difference in message


def test_a_folder_that_is_no_table_is_refused(run: Runner, wat: Path) -> None:
    (run.root / "extractions").mkdir(parents=True)
    (run.root / "extractions" / "notes.txt").write_text("mine")
    refused(run, extract_pairs, f"crawl.files={wat}")


def test_a_warehouse_that_can_not_be_written_is_refused(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    warehouse = Warehouse(run.spark, f"{tmp_path}/file/warehouse", "test", "0")
    with pytest.raises(InputError, match="expected a folder that can be written, found "):
        warehouse.require_writable()


@pytest.mark.parametrize("root", ["nothing://bucket/x", "s3a://bucket/x", "bad uri://x"])
def test_a_warehouse_that_can_not_be_reached_is_refused(run: Runner, root: str) -> None:
    with pytest.raises(InputError) as caught:
        Warehouse(run.spark, root, "test", "0").require_writable()
    assert str(caught.value).startswith(f"warehouse {root}: expected ")
    assert "\n" not in str(caught.value)


def test_curate_stops_at_the_first_error(run: Runner, metadata: Path, tmp_path: Path) -> None:
    message = refused(run, curate, "balance.t=3")
    assert message.startswith("crawl.files: ")
    with pytest.raises(InputError, match=r"none\.gz: expected a file"):
        run(curate, f"metadata.file={metadata}", f"crawl.files={tmp_path}/none.gz")
    assert not run.warehouse.exists(CURATIONS)


# --- commands


def command(*words: object, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as a user in a shell does, `python` and `spark-submit` on PATH."""
    hidden = {"JAVA_HOME"} if path is not None else {"SPARK_HOME"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment["PATH"] = path or f"{BIN}{os.pathsep}{environment['PATH']}"
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=600,
    )


def assert_refused(result: subprocess.CompletedProcess[str], line: str) -> None:
    """Check for exit code 2 and for `line` in the last line on stderr, without a stack trace."""
    assert result.returncode == 2, result.stderr
    assert line in result.stderr.splitlines()[-1], result.stderr
    assert "Traceback" not in result.stderr
    assert "\tat " not in result.stderr
    assert result.stdout == ""


def test_python_refuses_a_misspelt_setting(tmp_path: Path) -> None:
    result = command(
        BIN / "python",
        "jobs/curate.py",
        "--set",
        f"warehouse={tmp_path}/w",
        "--set",
        "balance.tt=3",
    )
    assert_refused(result, "curate: --set balance.tt=3: expected a known setting, found balance.tt")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "w").exists()


def test_python_without_java_is_refused(tmp_path: Path) -> None:
    result = command(BIN / "python", "jobs/import_metadata.py", path=str(tmp_path))
    assert_refused(result, "import_metadata: Java: expected version 17 or 21")
    assert result.stderr.count("\n") == 1


def test_python_refuses_a_bad_list(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps(["cat", "cat"]))
    result = command(
        *(BIN / "python", "jobs/import_metadata.py"),
        *("--set", f"warehouse={tmp_path}/w", "--set", f"metadata.file={tmp_path}/list.json"),
        *QUICKLY,
    )
    assert_refused(result, f"import_metadata: metadata.file {tmp_path}/list.json: expected each")
    assert not list((tmp_path / "w").glob("*"))


@pytest.mark.long
def test_python_refuses_survivors_without_their_parent(matched: Runner) -> None:
    given = (f"warehouse={matched.root}", "balance.parent=none", "balance.survivors=list.csv")
    result = command(
        *(BIN / "python", "jobs/sample_pairs.py", *QUICKLY),
        *(word for setting in given for word in ("--set", setting)),
    )
    assert_refused(result, "expected one of the warehouse (")


@pytest.mark.long
def test_spark_submit_refuses_late_settings(tmp_path: Path) -> None:
    result = command(
        *("spark-submit", "jobs/extract_pairs.py", "--set", f"warehouse={tmp_path}/w"),
        *("--set", "spark.spark.driver.memory=3g"),
    )
    assert_refused(result, "give it to spark-submit: --conf spark.driver.memory=")
    assert not (tmp_path / "w").exists()


@pytest.mark.long
def test_spark_submit_refuses_a_warehouse_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = command(
        *("spark-submit", "--conf", "spark.ui.enabled=false", "jobs/extract_pairs.py"),
        *("--set", f"warehouse={tmp_path}/file/w", "--set", "crawl.files=x"),
    )
    assert_refused(result, f"extract_pairs: warehouse {tmp_path}/file/w: expected a folder that")
