"""Jobs as commands: what they print, what they leave behind, and what they refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from metaclip.jobs.import_pairs import import_pairs
from tests.helpers.runner import ASSIGNMENTS, Runner

NO_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    "AWS_CONFIG_FILE": "/nowhere",
}


def command(
    folder: Path, job: str, *settings: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a job in `folder`, with the settings of the tests' own session."""
    words = [word for setting in (*ASSIGNMENTS, *settings) for word in ("--set", setting)]
    return subprocess.run(
        [sys.executable, "-m", "metaclip", job, *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def errors(result: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines of stderr without those of the JVM's start."""
    return [line for line in result.stderr.splitlines() if not line.startswith("WARNING")]


@pytest.mark.long
def test_a_wrong_condition_is_one_line(tmp_path: Path) -> None:
    """Spark parses this one and can't resolve it; no folder is left behind."""
    (tmp_path / "a.csv").write_text("url,text\nu1,a cat\n")
    where = "import.where=length(text) > array(1)"
    result = command(tmp_path, "import_pairs", "crawl.files=a.csv", where)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = errors(result)
    assert line.startswith("import_pairs: import.where: expected a Spark SQL condition, found ")
    assert {path.name for path in tmp_path.iterdir()} <= {"a.csv", "warehouse"}


@pytest.mark.long
def test_home_is_home_and_a_setting_of_spark_counts(tmp_path: Path) -> None:
    """Also: a list of entries may begin with a bracket, and no spark-warehouse is left."""
    for name in ("home", "work", "events"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "list").write_text("[sic]\ncat\n")
    result = command(
        tmp_path / "work",
        "import_metadata",
        *("warehouse=~/w", "metadata.file=list", "spark.sql.shuffle.partitions=8"),
        *("spark.eventLog.enabled=true", f"spark.eventLog.dir=file://{tmp_path}/events"),
        "spark.eventLog.compress=false",
        HOME=str(tmp_path / "home"),
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[0])["entries"] == 2
    assert (tmp_path / "home" / "w" / "metadata" / "_delta_log").is_dir()
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["list"]
    events = "".join(
        file.read_text() for file in (tmp_path / "events").rglob("*") if file.is_file()
    )
    assert '"spark.sql.shuffle.partitions":"8"' in events


@pytest.mark.long
def test_a_rerun_that_reads_nothing_says_why(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("url,text\nu1,a cat\n")
    run(import_pairs, f"crawl.files={tmp_path}/a.csv")
    result = command(tmp_path, "import_pairs", f"warehouse={run.root}", "crawl.files=a.csv")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[0])["pairs"] == 1
    assert "all 1 files are read; crawl.retry=all reads them again" in result.stderr


@pytest.mark.long
def test_maintenance_prints_its_summary_alone(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("url,text\nu1,a cat\n")
    run(import_pairs, f"crawl.files={tmp_path}/a.csv")
    result = command(tmp_path, "maintain_tables", f"warehouse={run.root}")
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 1
    assert json.loads(result.stdout)["job"] == "maintain_tables"
    assert "Deleted 0 files" in result.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("job", "setting", "line"),
    [
        ("import_metadata", "metadata.file=s3://nobodys/list", "found no credentials for S3"),
        ("import_metadata", "metadata.file=hf://datasets/a/b/list", "pip install huggingface_hub"),
        (
            "import_pairs",
            "import.where=length(text",
            "import.where: expected a Spark SQL condition",
        ),
        ("import_pairs", "import.where=txt = 'a'", "found no column txt"),
        ("import_pairs", "crawl.min_coverage=1", "rerun import_pairs (with crawl.retry=failed"),
        (
            "extract_pairs",
            "crawl.name=x",
            "expected WAT or WARC files, found a.csv; run import_pairs",
        ),
    ],
)
def test_a_refusal_is_one_line(tmp_path: Path, job: str, setting: str, line: str) -> None:
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "a.csv").write_text("url,text\nu1,a cat\n")
    (tmp_path / "pool" / "b.csv.gz").write_bytes(b"\x1f\x8bdamaged")
    settings = ("crawl.files=pool", "metadata.file=list", setting)
    result = command(tmp_path, job, *settings, **NO_CREDENTIALS)
    assert (result.returncode, result.stdout) == (2, "")
    assert line in errors(result)[-1]
    assert "Traceback" not in result.stderr
    assert "\tat " not in result.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", 'entry,score\n"a, b",2\ncat,\n'),
        ("a.jsonl", '{"entry": "cat"}\n{"entry": "dog"}\n'),
        ("a.txt", '["cat"]\ndog\n'),
    ],
)
def test_each_form_of_a_list_is_imported(tmp_path: Path, name: str, data: str) -> None:
    (tmp_path / name).write_text(data)
    result = command(tmp_path, "import_metadata", f"metadata.file={name}")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[0])["entries"] == 2
