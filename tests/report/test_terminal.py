"""Commands on a terminal and off it: where the line of JSON goes, and how a refusal ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.runner import ASSIGNMENTS, Runner

pytestmark = pytest.mark.long

METACLIP = str(Path(sys.executable).with_name("metaclip"))
QUICKLY = [word for setting in ASSIGNMENTS for word in ("--set", setting)]


def command(run: Runner, job: str, *arguments: str) -> list[str]:
    return [METACLIP, job, "--set", f"warehouse={run.root}", *arguments, *QUICKLY]


def show(words: list[str]) -> str:
    """Run a command on a terminal of its own; return what it got, but for erasing live lines."""
    ours, theirs = os.openpty()
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # Linux reports the closed terminal as an error
            pass
    os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode().replace("\033[K", "")


def test_a_terminal_shows_the_report_and_json_on_demand(made: Runner) -> None:
    words = command(made, "explain", "--text", "the cat")
    shown = show(words)
    assert '"job"' not in shown
    assert "keep probability" in shown
    asked = show([*words, "--json"])
    lines = [line for line in asked.splitlines() if line.startswith('{"job"')]
    assert [json.loads(line)["job"] for line in lines] == ["explain"]
    assert "keep probability" in asked


def test_a_pipe_gets_the_line_of_json_first(made: Runner) -> None:
    words = command(made, "explain", "--text", "the cat")
    run = subprocess.run(words, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout.splitlines()[0])["job"] == "explain"
    assert "\r" not in run.stdout + run.stderr


def test_an_unknown_curation_and_a_foreign_folder_are_refused_with_one_line(
    made: Runner, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    for arguments, expected in (
        (["--curation", "none"], "expected one of the warehouse (default, large), found none"),
        (["--curation", "default", "--to", str(tmp_path)], "or an older report, found another"),
    ):
        words = command(made, "report_curation", *arguments)
        run = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout) == (2, "")
        last = run.stderr.splitlines()[-1]
        assert last.startswith("report_curation: ")
        assert expected in last
        assert "Traceback" not in run.stderr
        assert "\tat " not in run.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
