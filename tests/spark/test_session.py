"""The heap and the options of the JVM that a job starts yield to those that the user gave."""

from __future__ import annotations

from pathlib import Path

import pytest

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
