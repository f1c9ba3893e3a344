"""Progress: a live line on a terminal, log lines without one."""

from __future__ import annotations

import io
import re
import time

import pytest
from pyspark.sql import SparkSession

from metaclip.spark.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_live_line_on_a_terminal(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress(spark.sparkContext, "extract_pairs", total=1000, before=990) as progress:
        done = progress.accumulator

        def read(path: int) -> None:
            done.add({f"{path}.gz": (100, 1_000_000_000)})

        spark.sparkContext.parallelize(range(4), 2).foreach(read)
        spark.sparkContext.parallelize(range(3), 1).foreach(read)  # three of them again
        patience = time.monotonic() + 60
        while "MB/s" not in terminal.getvalue() and time.monotonic() < patience:
            time.sleep(0.05)
        progress.tell()
    assert caplog.text == ""
    lines = [line for line in terminal.getvalue().split("\r\x1b[K") if line]
    assert len(lines) >= 2
    assert lines[-1].endswith("\n")
    pattern = r"extract_pairs    994 of 1,000 files, 400 pairs, (\d+\.\d) MB/s, (\d+):(\d\d) left\n"
    found = re.fullmatch(pattern, lines[-1])
    assert found
    # 4 GB in so many seconds; 6 files take one and a half times as long.
    seconds = 4000 / float(found[1])
    assert 60 * int(found[2]) + int(found[3]) == pytest.approx(1.5 * seconds, rel=0.01, abs=1)


def test_log_lines_without_a_terminal(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level("INFO", logger="metaclip"),
        Progress(spark.sparkContext, "extract_pairs", 3, 0) as progress,
    ):
        progress.tell()
    assert "0 of 3 files, 0 pairs, 0.0 MB/s, unknown time left" in caplog.text
