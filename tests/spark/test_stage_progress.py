"""The progress of every job: the stage, its tasks, what is next, and the time left."""

from __future__ import annotations

import io
import re
import threading
import time

import pytest
from pyspark.sql import SparkSession

from metaclip.spark import stage_progress
from metaclip.spark.stage_progress import STAGES, StageProgress, format_duration, next_stage

TASKS = 8


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run_slow_tasks(spark: SparkSession) -> None:
    """Run eight tasks of half a second, two at a time."""
    spark.sparkContext.parallelize(range(TASKS), TASKS).foreach(lambda _: time.sleep(0.5))


def test_a_terminal_shows_tasks_next_stage_and_time_left(spark: SparkSession) -> None:
    terminal = Terminal()
    with StageProgress(
        spark.sparkContext, lambda: "sample_pairs", lambda: "write curated", list, terminal
    ):
        run_slow_tasks(spark)
    shown = terminal.getvalue().split("\r\x1b[K")
    pattern = (
        r"sample_pairs     write curated: (\d) of 8 tasks(, 0:0\d left)?, "
        r"next: write curation_counts"
    )
    found = [match for line in shown if (match := re.fullmatch(pattern, line))]
    assert len(found) >= 2
    counted = [int(match[1]) for match in found]
    assert counted == sorted(counted)
    assert all(bool(match[2]) == (match[1] != "0") for match in found)
    assert shown[-1] == ""  # the live line is erased at the end
    assert "\n" not in terminal.getvalue()


@pytest.mark.parametrize("job", ["extract_pairs", "import_pairs"])
def test_a_job_that_shows_its_files_has_no_second_line(spark: SparkSession, job: str) -> None:
    terminal = Terminal()
    with StageProgress(spark.sparkContext, lambda: job, lambda: None, list, terminal):
        run_slow_tasks(spark)
    assert terminal.getvalue() == ""


def test_log_lines_come_without_a_terminal(
    spark: SparkSession, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_progress, "_QUIET", 1.0)
    with (
        caplog.at_level("INFO", logger="metaclip"),
        StageProgress(spark.sparkContext, lambda: "count_entries", lambda: None, list, None),
    ):
        run_slow_tasks(spark)
    lines = [record.getMessage() for record in caplog.records]
    assert 1 <= len(lines) <= 6
    assert all(re.match(r"compute: \d of 8 tasks, ", line) for line in lines)


def test_a_short_job_logs_nothing(spark: SparkSession, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level("INFO", logger="metaclip"),
        StageProgress(spark.sparkContext, lambda: "curate", lambda: None, list, None),
    ):
        spark.range(10).count()
    assert caplog.text == ""
    assert not any("_watch" in thread.name for thread in threading.enumerate())


def test_rows_are_shown_once_they_are_known(spark: SparkSession) -> None:
    """Spark counts the rows of a shuffle when a task that reads them ends."""
    terminal = Terminal()
    with StageProgress(spark.sparkContext, lambda: "curate", lambda: None, list, terminal):
        pairs = spark.sparkContext.parallelize(range(4000), 2).map(lambda n: (n % 4, n))
        pairs.partitionBy(4, int).foreachPartition(lambda _: time.sleep(1))
    shown = re.findall(r"compute: \d of \d tasks, ([\d,]+) rows read", terminal.getvalue())
    assert shown, terminal.getvalue()


def test_the_next_stage_is_the_first_that_has_not_begun() -> None:
    assert next_stage("sample_pairs", None, ()) == "write curated"
    assert next_stage("sample_pairs", "write curated", ()) == "write curation_counts"
    ended = {"write curated", "write curation_counts"}
    assert next_stage("sample_pairs", None, ended) == "write curations"
    assert next_stage("sample_pairs", "write curations", ended) is None
    assert next_stage("explain", "anything", ()) is None
    assert all(len(set(stages)) == len(stages) for stages in STAGES.values())


def test_durations_have_hours_only_where_needed() -> None:
    assert [format_duration(s) for s in (0.4, 61, 3661)] == ["0:00", "1:01", "1:01:01"]
