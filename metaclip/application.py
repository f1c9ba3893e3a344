"""Run a job as a command: settings, session, one line of result, exit code."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, TypeVar, cast

import msgspec
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from metaclip.config.command_line import parse_arguments
from metaclip.config.settings import Config
from metaclip.errors import MetaclipError, root_cause
from metaclip.redaction import Formatter, redact
from metaclip.spark.session import create_session
from metaclip.spark.stage_progress import StageProgress
from metaclip.warehouse.openlineage import lineage_events
from metaclip.warehouse.views import NamedTables
from metaclip.warehouse.warehouse import Warehouse

S = TypeVar("S", bound=msgspec.Struct)
Step = Callable[[Config, Warehouse], S]
"""A job's work: it returns the job's summary."""
Report = Callable[[Warehouse, S], str]
"""The text for a person that follows the line of JSON."""

_LOG_FORMAT = "%(asctime)s %(job)-16s %(message)s"


def run_job(
    name: str,
    description: str,
    step: Step[S],
    *,
    flags: Mapping[str, str] | None = None,
    report: Report[S] | None = None,
) -> int:
    """Run one job from the command line and return its exit code.

    Prints one JSON line (the summary, the seconds of each stage, Spark's account of the
    tasks) and then the report. A terminal shows the line with `--json` only. A failure is one
    line on stderr, the last that is written: exit code 2 where the settings or inputs are
    wrong, else 1.

    Args:
        flags: settings with a flag of their own, as the flag's name to `section.key`.
    """
    _set_up_logging()
    with job_named(name):
        started = time.monotonic()
        spark: SparkSession | None = None
        failure, code = "", 0
        try:
            config = parse_arguments(description, flags=flags)
            spark = create_session(f"metaclip {name}", config.spark)
            printed = _run(name, step, report, config, spark, started)
        except (MetaclipError, PySparkException, Py4JError) as error:
            failure = redact(f"{name}: {describe(error)}")
            code = error.exit_code if isinstance(error, MetaclipError) else 1
        if spark is not None:
            spark.stop()
    if failure:
        print(failure, file=_stderr(), flush=True)
    elif printed:
        print(printed, flush=True)
    return code


def _run(
    name: str,
    step: Step[S],
    report: Report[S] | None,
    config: Config,
    spark: SparkSession,
    started: float,
) -> str:
    """Run the step and show its progress; return the line of JSON and the report."""
    warehouse = Warehouse(spark, config.warehouse, name, config.digest())
    stages = {"start": time.monotonic() - started}
    warehouse.require_writable()
    with _show_progress(warehouse), lineage_events(warehouse, name):
        summary = step(config, warehouse)
    tasks = account_for_tasks(spark)
    text = report(warehouse, summary) if report else ""
    if "--json" not in sys.argv[1:] and _on_terminal(sys.stdout):
        return text
    times = _account_for_time(stages | warehouse.seconds, time.monotonic() - started)
    line = redact(json.dumps({"job": name, **msgspec.to_builtins(summary), **tasks, **times}))
    return "\n".join(filter(None, (line, text)))


def _show_progress(warehouse: Warehouse) -> StageProgress:
    """Return the progress of the job that runs, to be entered as a context."""
    return StageProgress(
        warehouse.spark.sparkContext,
        job=lambda: _job_name.current,
        stage=lambda: warehouse.current,
        ended=lambda: warehouse.seconds,
        stream=_stderr() if _on_terminal(sys.stderr) else None,
    )


def open_warehouse(root: str, settings: Mapping[str, object] | None = None) -> NamedTables:
    """Return the warehouse at `root`, in the running session or in a new one.

    Args:
        root: a folder, or a URL that Hadoop can read.
        settings: settings of Spark, which override the package's.

    Raises:
        InputError: Spark can't start, or `root` can't be read.
    """
    return NamedTables(create_session("metaclip", settings), root, "notebook", "")


class _JobName(logging.Filter):
    """Adds the name of the running job to each record."""

    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.job = self.current
        return True


_job_name = _JobName()


@contextmanager
def job_named(name: str) -> Iterator[None]:
    """Put the name of a job in front of each line that is logged meanwhile."""
    before, _job_name.current = _job_name.current, name
    try:
        yield
    finally:
        _job_name.current = before


def run_step(step: Step[S], config: Config, warehouse: Warehouse) -> S:
    """Return the summary of another job's step, whose name its log lines have."""
    with job_named(step.__name__):
        return step(config, warehouse)


def _set_up_logging() -> None:
    handler = logging.StreamHandler(_stderr())
    handler.addFilter(_job_name)
    # A line that is logged takes the place of the live line.
    erase = "\r\033[K" if sys.stderr.isatty() else ""
    handler.setFormatter(Formatter(erase + _LOG_FORMAT, "%H:%M:%S"))
    logging.basicConfig(handlers=[handler])
    # A job that spark-submit runs, or `metaclip JOB`, logs as __main__.
    for logger in ("metaclip", "__main__"):
        logging.getLogger(logger).setLevel(logging.INFO)
    # PySpark logs each exception that it raises, Java stack trace and all, to stderr.
    for logger in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)


def _account_for_time(stages: dict[str, float], seconds: float) -> dict[str, object]:
    """Return the seconds of each stage, of what is between them, and of all."""
    taken = {**stages, "other": seconds - sum(stages.values())}
    return {
        "stages": {stage: round(part, 3) for stage, part in taken.items()},
        "seconds": round(seconds, 3),
    }


def account_for_tasks(spark: SparkSession) -> dict[str, int | float]:
    """Return Spark's own account of all tasks: their number, failures, seconds and bytes."""
    store: Any = spark._jsc.sc().statusStore()
    listed = store.executorList(False)
    # Each by its id, since in the list the driver's duration is the application's age.
    names = [listed.apply(index).id() for index in range(listed.size())]
    found = [store.executorSummary(name) for name in names]
    return {
        "tasks": sum(one.totalTasks() for one in found),
        "failed_tasks": sum(one.failedTasks() for one in found),
        "task_seconds": sum(one.totalDuration() for one in found) / 1000,
        "input_bytes": sum(one.totalInputBytes() for one in found),
        "shuffle_bytes": sum(one.totalShuffleWrite() for one in found),
    }


class _DriverStderr(io.TextIOBase):
    """The stderr of spark-submit, which gives its own stdout to both streams of Python."""

    def write(self, text: str) -> int:
        """Print `text` there."""
        try:
            SparkContext._ensure_initialized()
            jvm: Any = SparkContext._jvm
            jvm.java.lang.System.err.print(text)
        except (Py4JError, OSError):  # the driver is gone
            sys.stderr.write(text)
        return len(text)


def _submitted() -> bool:
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _stderr() -> TextIO:
    return cast(TextIO, _DriverStderr()) if _submitted() else sys.stderr


def _on_terminal(stream: TextIO) -> bool:
    """Return whether a person reads the stream; spark-submit alone knows its own terminal."""
    if not _submitted():
        return stream.isatty()
    jvm: Any = SparkContext._jvm
    return jvm is not None and jvm.java.lang.System.console() is not None


def describe(error: Exception) -> str:
    """Return the one line that gives the reason; for Java's exceptions the deepest cause."""
    if isinstance(error, MetaclipError):
        return str(error)
    if isinstance(error, Py4JJavaError):
        return root_cause(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    python = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception"))]
    return (python or lines or [type(error).__name__])[-1 if python else 0]
