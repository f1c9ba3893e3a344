"""Values are read by YAML 1.2, and a job's command says what to quote."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metaclip.config.command_line import load_config
from metaclip.config.yaml_values import load_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10),
        ("0o10", 8),
        ("0x10", 16),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("no", "no"),
        ("2024-05-01", "2024-05-01"),
        ("1e3", 1000.0),
        ("true", True),
        ("~", None),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = load_yaml(text, "a test")
    assert (found, type(found)) == (value, type(value))


def test_keys_of_spark_may_leave_its_prefix_out(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("spark: {sql.shuffle.partitions: 8, spark.master: local}\n")
    config = load_config(f"{tmp_path}/a.yaml", ["spark.ui.enabled=false", "spark.spark.a.b=1"])
    names = {"spark.sql.shuffle.partitions", "spark.master", "spark.ui.enabled", "spark.a.b"}
    assert set(config.spark) == names


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["--set", "crawl.files=*.parquet"],
            "--set crawl.files=*.parquet: expected a value in YAML, found an open *; "
            "put it in quotes of its own: '\"*.parquet\"'",
        ),
        (
            ["--set", "crawl.files={a,b}.csv"],
            "--set crawl.files={a,b}.csv: expected a value in YAML, found an open {; "
            "put it in quotes of its own: '\"{a,b}.csv\"'",
        ),
        (["--set", "crawl.limit=1:30"], "crawl.limit=1:30: expected int | null, found str '1:30'"),
        (["--config", "twice.yaml"], "twice.yaml: expected YAML, found the key name twice"),
    ],
)
def test_a_command_says_what_to_quote(tmp_path: Path, words: list[str], line: str) -> None:
    (tmp_path / "twice.yaml").write_text("crawl:\n  name: a\n  files: b\n  name: c\n")
    command = [sys.executable, "-m", "metaclip", "import_pairs", *words]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert line in result.stderr
