"""The command `metaclip`, as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from metaclip.__main__ import list_jobs
from tests.helpers.permissions import obey_permissions
from tests.helpers.runner import ASSIGNMENTS, ROOT


def metaclip(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in an empty folder, with nothing of the user's environment."""
    command = Path(sys.executable).with_name("metaclip")
    return subprocess.run(
        [command, *arguments],
        cwd=folder,
        env={"PATH": f"{command.parent}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=600,
        preexec_fn=obey_permissions,
    )


def test_help_lists_every_job_with_its_purpose(tmp_path: Path) -> None:
    run = metaclip(tmp_path, "--help")
    assert run.returncode == 0
    for file in (ROOT / "jobs").glob("[a-z]*.py"):
        purpose = file.read_text("utf-8").splitlines()[0].strip('"')
        assert re.search(rf"^  {file.stem} +{re.escape(purpose)}$", run.stdout, re.MULTILINE)


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
        (["curat"], "expected one of the jobs build_metadata, count_entries, "),
        (["curat"], ", found curat; did you mean curate? metaclip --help lists"),
        ([], "found none; metaclip --help lists all commands"),
        (["path"], "found none; metaclip --help lists all commands"),
        (["count_entries", "curat", "--set", "warehouse=x"], "found curat; did you mean curate?"),
        (["config", "all"], "expected nothing after config, found all"),
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
    home = str(tmp_path / "nothing")
    run = metaclip(tmp_path, "count_entries", JAVA_HOME=home, SPARK_CONF_DIR=str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    [line] = run.stderr.splitlines()
    found = f"found no such version at {home}/bin/java; install a JRE"
    wanted = "expected version 17 or 21 in JAVA_HOME or on PATH"
    assert line.startswith(f"count_entries: Java: {wanted}, {found}")


@pytest.mark.long
def test_several_jobs_share_a_jvm_and_stop_at_the_first_that_fails(
    tmp_path: Path, metadata: Path, wat: Path
) -> None:
    settings = [f"metadata.file={metadata}", f"crawl.files={wat}", "crawl.name=a", *ASSIGNMENTS]
    words = [word for one in settings for word in ("--set", one)]
    # sample_pairs fails: entries are not counted yet.
    jobs = ("import_metadata", "extract_pairs", "match_entries", "sample_pairs", "count_entries")
    run = metaclip(tmp_path, *jobs, *words)
    done = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    assert [summary["job"] for summary in done] == list(jobs[:3])
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith("sample_pairs: ")
    assert run.stderr.count("Using incubator modules") == 1  # once for each JVM


@pytest.mark.long
def test_a_folder_without_permission_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    warehouse = tmp_path / "closed"
    warehouse.mkdir(mode=0o500)
    words = [word for one in ASSIGNMENTS for word in ("--set", one)]
    run = metaclip(tmp_path, "count_entries", "--set", f"warehouse={warehouse}", *words)
    assert (run.returncode, run.stdout) == (2, "")
    line = run.stderr.splitlines()[-1]
    assert line.startswith(f"count_entries: warehouse {warehouse}: expected a folder that can be")
    assert "Permission denied" in line
    assert "Traceback" not in run.stderr
    assert "\tat " not in run.stderr
    assert list(warehouse.iterdir()) == []


def test_a_reader_that_has_read_enough_is_no_error(tmp_path: Path) -> None:
    """As `head` at the end of a pipe, which closes its end."""
    reader, writer = os.pipe()
    os.close(reader)
    command = Path(sys.executable).with_name("metaclip")
    run = subprocess.run([command, "config"], stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path)
    os.close(writer)
    assert (run.returncode, run.stderr) == (0, b"")


def test_every_job_is_listed_once() -> None:
    assert set(list_jobs()) == {file.stem for file in (ROOT / "jobs").glob("[a-z]*.py")}
