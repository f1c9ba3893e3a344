"""Create the Spark session, the same for jobs, tests and notebooks."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from tempfile import gettempdir

from pyspark import SparkConf
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from metaclip.errors import InputError
from metaclip.redaction import SPARK_REGEX
from metaclip.spark.home import CLASS_ARCHIVE, LOG_SETTINGS, conf_folder, spark_home
from metaclip.spark.jars import DELTA, DELTA_PACKAGE, fetch
from metaclip.spark.java import require_java

log = logging.getLogger(__name__)

SETTINGS: dict[str, str] = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # mapInArrow binds columns by position; without this a swapped pair of columns passes.
    "spark.sql.execution.arrow.pyspark.validateSchema.enabled": "true",
    # All times are UTC, whatever the machine's clock shows.
    "spark.sql.session.timeZone": "UTC",
    # Workers without Spark's archives on sys.path, which Python reads again for each task.
    "spark.python.daemon.module": "metaclip.spark.worker_daemon",
    # Workers that read and write Parquet: 30 MB less each than by Arrow's default, and sooner done.
    "spark.executorEnv.ARROW_DEFAULT_MEMORY_POOL": "jemalloc",
    # Larger arrays, such as an engine's, are given back once they are freed; glibc would raise
    # this bound at the first of them, and keep the next ones.
    "spark.executorEnv.MALLOC_MMAP_THRESHOLD_": "8388608",
    # PySpark's own bar would run over the lines that jobs write of themselves.
    "spark.ui.showConsoleProgress": "false",
    # A file is read by one task at a time; a second, speculative reader only costs requests.
    "spark.speculation": "false",
    # Delta's default of 50 makes each small commit take seconds.
    "spark.databricks.delta.snapshotPartitions": "1",
    # Also the command line, where a URL may have a user and a password.
    "spark.redaction.regex": SPARK_REGEX,
    # Spark makes this folder, which stays empty, in the working folder of the command else.
    "spark.sql.warehouse.dir": f"{gettempdir()}/metaclip-spark-warehouse",
    # A third less room than snappy takes. Shuffles keep LZ4, whose blocks have checksums: with
    # zstd a damaged shuffle file fails the job, where it is written again with LZ4.
    "spark.sql.parquet.compression.codec": "zstd",
    # A larger one would be part of each plan, which Spark walks through many times a query.
    "spark.sql.execution.arrow.localRelationThreshold": "1m",
}

_LARGEST_HEAP = 4 << 30
"""Bytes of the heap of a JVM that Python starts; less where the machine has less than 16 GB."""

# Java's optimising compiler took 39 % of the CPU time of a warm session with small inputs. It gets
# what runs ten times as often as by default, which a large input reaches soon.
_QUICK_START = (
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=150000",
    "-XX:Tier4BackEdgeThreshold=400000",
)


def create_session(name: str, settings: Mapping[str, object] | None = None) -> SparkSession:
    """Return the session of the job `name`; `settings` override ours.

    The master is spark-submit's, or Spark's default of `local[*]`.

    Raises:
        InputError: there is no suitable Java, or spark-submit has no jars of Delta.
        MetaclipError: the jars of Delta could not be fetched.
    """
    # Workers must be the environment's own Python; a cluster's spark.pyspark.python wins.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    given = {key: _as_text(value) for key, value in {**SETTINGS, **(settings or {})}.items()}
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        _require_submitted_jars()
    elif SparkSession.getActiveSession() is None:
        require_java()
        _use_log_settings()
        given = _with_jars({**jvm_settings(given), **given})
    builder = SparkSession.builder.appName(name)
    for key, value in given.items():
        builder = builder.config(key, value)
    return _start(builder)


def jvm_settings(given: Mapping[str, str]) -> dict[str, str]:
    """Return the heap and options of a JVM that runs tasks beside the driver on this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    heap = max(1 << 30, min(_LARGEST_HEAP, memory // 4))
    elsewhere = _given_elsewhere()
    options = list(_QUICK_START)
    # Java refuses two collectors.
    if "GC" not in given.get("spark.driver.extraJavaOptions", "") + elsewhere:
        options.append("-XX:+UseParallelGC")
    if CLASS_ARCHIVE.exists():
        # Java would print a line for an archive that it can't use.
        options += [f'"-XX:SharedArchiveFile={CLASS_ARCHIVE}"', "-Xlog:cds*=off"]
    settings = {
        "spark.driver.memory": f"{heap >> 20}m",
        "spark.driver.defaultJavaOptions": " ".join(options),
    }
    return {key: value for key, value in settings.items() if key not in elsewhere}


def _given_elsewhere() -> str:
    """Return the options of Java in the environment, and the user's own defaults of Spark."""
    names = ("SPARK_SUBMIT_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
    defaults = conf_folder() / "spark-defaults.conf"
    lines = defaults.read_text("utf-8").splitlines() if defaults.exists() else []
    # Spark's own template has examples in comments.
    set_there = [line for line in lines if not line.lstrip().startswith("#")]
    return " ".join([*(os.environ.get(name, "") for name in names), *set_there])


def _start(builder: SparkSession.Builder) -> SparkSession:
    try:
        return builder.getOrCreate()
    except PySparkRuntimeError as error:
        raise InputError(
            "session", "Spark to start", str(error).splitlines()[0], "see the lines above"
        ) from None


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _jars_installed() -> bool:
    return any((spark_home() / "jars").glob("delta-spark_*.jar"))


def _with_jars(settings: dict[str, str]) -> dict[str, str]:
    """Return `settings` with the jars of Delta, where neither they nor the environment name them.

    Not by `spark.jars.packages`, for which Spark would print Ivy's page, and a stack trace
    where Maven can't be reached.
    """
    named = [settings.get(key, "") for key in ("spark.jars", "spark.jars.packages")]
    if _jars_installed() or any("delta-spark" in value for value in named):
        return settings
    log.info("Delta's jars come from Maven at each start; `metaclip setup` installs them")
    jars = [*filter(None, [settings.get("spark.jars")]), *map(str, fetch(DELTA))]
    return {**settings, "spark.jars": ",".join(jars)}


def _require_submitted_jars() -> None:
    conf = SparkConf()
    places = ("spark.jars", "spark.driver.extraClassPath")
    if _jars_installed() or any("delta-spark" in (conf.get(place) or "") for place in places):
        return
    raise InputError(
        "spark-submit",
        "Delta's jars on the class path",
        "none",
        f"add --packages {DELTA_PACKAGE}, or run `metaclip setup` once",
    )


def _use_log_settings() -> None:
    """Give the JVM the package's log settings, where Spark's folder has none."""
    if not (conf_folder() / LOG_SETTINGS.name).exists():
        option = f'"-Dlog4j2.configurationFile={LOG_SETTINGS}"'
        given = os.environ.get("SPARK_SUBMIT_OPTS", "")
        if option not in given:
            os.environ["SPARK_SUBMIT_OPTS"] = f"{given} {option}".strip()
