"""The command `metaclip`, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metaclip.__main__ import list_jobs
from tests.helpers.runner import ROOT


def metaclip(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in an empty folder, with nothing of the user's environment."""
    command = Path(sys.executable).with_name("metaclip")
    return subprocess.run(
        [command, *arguments],
        cwd=folder,
        env={"PATH": f"{command.parent}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_help_lists_every_job_with_its_purpose(tmp_path: Path) -> None:
    run = metaclip(tmp_path, "--help")
    assert run.returncode == 0
    for file in (ROOT / "jobs").glob("[a-z]*.py"):
        purpose = file.read_text("utf-8").splitlines()[0].strip('"')
        assert f"  {file.stem:<18}{purpose}\n" in run.stdout


def test_path_prints_a_file_that_runs_alone(tmp_path: Path) -> None:
    """A copy of a job's file needs nothing beside itself but the installed package."""
    printed = metaclip(tmp_path, "path", "curate").stdout.strip()
    assert Path(printed).read_text() == (ROOT / "jobs" / "curate.py").read_text()
    alone = tmp_path / "alone.py"
    alone.write_text(Path(printed).read_text())
    run = subprocess.run([sys.executable, alone, "--help"], capture_output=True, text=True)
    assert run.returncode == 0
    assert "--set section.key=value" in run.stdout


def test_config_prints_all_settings_with_their_explanations(tmp_path: Path) -> None:
    assert metaclip(tmp_path, "config").stdout == (ROOT / "conf" / "default.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["curat"], "expected one of the jobs count_entries, "),
        (["path"], "found none; metaclip --help describes them"),
        (["path", "nothing"], "found nothing; "),
        (["count_entries", "--st", "a=1"], "command line: expected --config FILE and --set"),
        (["count_entries", "--set", "crwl.name=a"], "expected a known setting, found crwl"),
        (["count_entries", "--config", "/nowhere.yaml"], "expected a readable YAML file"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    run = metaclip(tmp_path, *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    [line] = run.stderr.splitlines()
    assert words in line


def test_a_missing_java_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    run = metaclip(tmp_path, "count_entries", JAVA_HOME=str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.splitlines()[-1].startswith(
        "count_entries: Java: expected version 17 or 21 in JAVA_HOME or on PATH, found no working"
    )


def test_a_warehouse_that_cannot_be_written_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """A file in the place of the folder: permissions don't bind root."""
    (tmp_path / "file").touch()
    run = metaclip(tmp_path, "count_entries", "--set", f"warehouse={tmp_path}/file/w")
    assert (run.returncode, run.stdout) == (2, "")
    assert "expected a folder that can be written, found" in run.stderr.splitlines()[-1]


def test_every_job_is_listed_once() -> None:
    assert set(list_jobs()) == {file.stem for file in (ROOT / "jobs").glob("[a-z]*.py")}
