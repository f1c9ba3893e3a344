"""The heap and the options of the JVM that a job starts, and the archive of classes it maps."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from metaclip.spark.home import CLASS_ARCHIVE, PYSPARK_HOME
from metaclip.spark.java import default_executable
from metaclip.spark.session import jvm_settings

OPTIONS = "spark.driver.defaultJavaOptions"


@pytest.fixture(autouse=True)
def no_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave an environment without options and without the user's defaults."""
    for name in ("SPARK_SUBMIT_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))


def test_a_collector_is_chosen_where_none_is_named() -> None:
    assert "-XX:+UseParallelGC" in jvm_settings({})[OPTIONS]


def test_a_named_collector_stays_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"spark.driver.extraJavaOptions": "-XX:+UseSerialGC"}
    assert "GC" not in jvm_settings(named)[OPTIONS]
    monkeypatch.setenv("SPARK_SUBMIT_OPTS", "-XX:+UseG1GC")
    assert "GC" not in jvm_settings({})[OPTIONS]


def test_the_users_defaults_of_spark_stay(tmp_path: Path) -> None:
    defaults = tmp_path / "spark-defaults.conf"
    defaults.write_text(f"spark.driver.memory 2g\n{OPTIONS} -Da=b\n", encoding="utf-8")
    assert jvm_settings({}) == {}


def test_the_session_maps_the_archive_of_classes(spark: SparkSession) -> None:
    """As the kernel lists it; `metaclip setup` made the archive."""
    jvm = spark._jvm
    assert jvm is not None
    maps = Path(f"/proc/{jvm.ProcessHandle.current().pid()}/maps").read_text("utf-8")
    assert str(CLASS_ARCHIVE) in maps


@pytest.mark.parametrize("folder", ["nowhere", "with-a-file"])
def test_an_archive_of_another_class_path_is_passed_over_in_silence(
    tmp_path: Path, folder: str
) -> None:
    (tmp_path / "with-a-file").mkdir()
    (tmp_path / "with-a-file" / "log4j2.properties").touch()
    options = shlex.split(jvm_settings({})[OPTIONS])
    assert f"-XX:SharedArchiveFile={CLASS_ARCHIVE}" in options
    path = f"{tmp_path / folder}/:{PYSPARK_HOME}/jars/*"
    java = str(default_executable())
    run = subprocess.run(
        [java, *options, "-cp", path, "org.apache.spark.launcher.Main"], capture_output=True
    )
    assert run.stdout == b""
    assert b"Not enough arguments" in run.stderr
