"""The one place that makes a Spark session, the same for jobs, tests and notebooks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pyspark
from delta import configure_spark_with_delta_pip
from pyspark import SparkConf
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from metaclip.errors import InputError
from metaclip.redaction import SPARK_REGEX

DELTA_PACKAGE = "io.delta:delta-spark_4.1_2.13:4.4.0"

SETTINGS: dict[str, str] = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # mapInArrow binds columns by position; without this a swapped pair of columns passes.
    "spark.sql.execution.arrow.pyspark.validateSchema.enabled": "true",
    # All times are UTC, whatever the machine's clock shows.
    "spark.sql.session.timeZone": "UTC",
    # Workers without Spark's archives on sys.path, which Python reads again for each task.
    "spark.python.daemon.module": "metaclip.spark.worker_daemon",
    # PySpark's own bar would run over the lines that jobs write of themselves.
    "spark.ui.showConsoleProgress": "false",
    # A file is read by one task at a time; a second, speculative reader only costs requests.
    "spark.speculation": "false",
    # Delta's default of 50 makes each small commit take seconds.
    "spark.databricks.delta.snapshotPartitions": "2",
    # Also the command line, where a URL may have a user and a password.
    "spark.redaction.regex": SPARK_REGEX,
    # Spares the sort before a write partitioned by kind (pairs beside their files' account).
    "spark.sql.maxConcurrentOutputFileWriters": "4",
}


def create_session(name: str, settings: Mapping[str, object] | None = None) -> SparkSession:
    """Return the session of the job `name`; `settings` go over ours, as they are.

    The master is spark-submit's, or Spark's default of `local[*]`.

    Raises:
        InputError: no Java, or Delta's jars are neither here nor to be had.
    """
    # Workers must be the environment's own Python; a cluster's spark.pyspark.python wins.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(name)
    for key, value in {**SETTINGS, **(settings or {})}.items():
        builder = builder.config(key, _as_text(value))
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if not submitted:
        _require_java()
        if not _jars_installed() and "spark.jars.packages" not in (settings or {}):
            builder = configure_spark_with_delta_pip(builder)
    elif not (_jars_installed() or _jars_submitted()):
        raise InputError(
            "spark-submit",
            "Delta's jars on the class path",
            "none",
            f"add --packages {DELTA_PACKAGE}, or run `metaclip setup` once",
        )
    return _start(builder)


def _start(builder: SparkSession.Builder) -> SparkSession:
    try:
        return builder.getOrCreate()
    except PySparkRuntimeError as error:
        raise InputError(
            "session", "Spark to start", str(error).splitlines()[0], "the lines above say why"
        ) from None


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _jars_installed() -> bool:
    home = Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)
    return any((home / "jars").glob("delta-spark_*.jar"))


def _jars_submitted() -> bool:
    conf = SparkConf()
    places = ("spark.jars", "spark.driver.extraClassPath")
    return any("delta-spark" in (conf.get(place) or "") for place in places)


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else "java"
    try:
        subprocess.run([java, "-version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise InputError(
            "Java",
            "version 17 or 21 in JAVA_HOME or on PATH",
            f"no working {java}",
            "install a JRE (Debian: openjdk-17-jre-headless) or set JAVA_HOME",
        ) from None
