"""How every job runs as a command: settings, session, one line of result, exit code."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO, cast

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from metaclip.config.command_line import parse_arguments
from metaclip.config.settings import Config
from metaclip.errors import MetaclipError, root_cause
from metaclip.redaction import Formatter, redact
from metaclip.spark.session import create_session
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger("metaclip")

Summary = dict[str, Any]
Step = Callable[[Config, Warehouse], Summary]


def run_job(name: str, description: str, step: Step, flags: Mapping[str, str] | None = None) -> int:
    """Run one job from the command line, with `flags` of its own, and return its exit code.

    Prints one JSON line (what was read, written and dropped, the seconds of each stage, and
    Spark's account of the tasks) and, where the summary has a `report`, that text after it.
    A failure is one line on stderr, the
    last that is written: exit code 2 for what the user can mend in settings and inputs,
    else 1.
    """
    handler = logging.StreamHandler(_stderr())
    handler.setFormatter(Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(handlers=[handler])
    log.setLevel(logging.INFO)
    # PySpark logs each exception that it raises, Java stack trace and all, to stderr.
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
    started = time.monotonic()
    spark: SparkSession | None = None
    try:
        config = parse_arguments(description, flags=flags)
        spark = create_session(f"metaclip {name}", config.spark)
        warehouse = Warehouse(spark, config.warehouse, name, config.digest())
        stages = {"start": time.monotonic() - started}
        warehouse.require_writable()
        summary = step(config, warehouse)
        stages |= warehouse.seconds
        tasks = account_for_tasks(spark)
    except (MetaclipError, PySparkException, Py4JError) as error:
        failure: str | None = redact(f"{name}: {describe(error)}")
        code = error.exit_code if isinstance(error, MetaclipError) else 1
    else:
        failure, code = None, 0
    if spark is not None:
        spark.stop()
    if failure is not None:
        print(failure, file=_stderr(), flush=True)
        return code
    report = summary.pop("report", None)
    times = _account_for_time(stages, time.monotonic() - started)
    print(redact(json.dumps({"job": name, **summary, **tasks, **times})), flush=True)
    if report:
        print(report, flush=True)
    return code


def _account_for_time(stages: dict[str, float], seconds: float) -> Summary:
    """Return the seconds of each stage, of what is between them, and of all."""
    taken = {**stages, "other": seconds - sum(stages.values())}
    return {
        "stages": {stage: round(part, 3) for stage, part in taken.items()},
        "seconds": round(seconds, 3),
    }


def account_for_tasks(spark: SparkSession) -> Summary:
    """Return what Spark itself says of all tasks: their number, failures, seconds and bytes."""
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


def _stderr() -> TextIO:
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    return cast(TextIO, _DriverStderr()) if submitted else sys.stderr


def describe(error: Exception) -> str:
    """Return the one line that says why; of Java's exceptions the deepest cause."""
    if isinstance(error, MetaclipError):
        return str(error)
    if isinstance(error, Py4JJavaError):
        return root_cause(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    python = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception"))]
    return (python or lines or [type(error).__name__])[-1 if python else 0]
