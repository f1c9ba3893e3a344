"""A build that is killed in each of its stages ends, run again, with the same version."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import ANY

import pytest

from metaclip.jobs.build_metadata import build_metadata
from metaclip.warehouse.tables import METADATA, METADATA_VERSIONS
from tests.helpers.runner import ASSIGNMENTS, ROOT, Runner

DATA = ROOT / "tests" / "data"
STAGES = ["wiki_texts", "ngram_counts", "title_views", "metadata", "metadata_versions"]
SECONDS = 300


def sources(folder: Path) -> list[str]:
    views = folder / "pageviews-20260101-000000"
    views.write_text("".join(f"en Title_{number} {number} 0\n" for number in range(500)))
    return [
        f"build.wordnet={DATA / 'wordnet'}",
        f"build.wikipedia.dumps={DATA / 'wikipedia'}/*.bz2",
        "build.unigrams.min_count=5",
        "build.bigrams.min_count=5",
        f"build.titles.pageviews={views}",
    ]


def start(root: Path, settings: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "jobs/build_metadata.py"]
    for setting in [f"warehouse={root}", *settings, *ASSIGNMENTS]:
        command += ["--set", setting]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (root.parent / "output").open("wb") as output, (root.parent / "log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, start_new_session=True, stdout=output, stderr=log
        )


def kill_when_there(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Kill the job as soon as `folder` is there; return whether it still ran."""
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        if folder.exists():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.02)
    return False


@pytest.mark.long
def test_a_killed_build_is_taken_up_in_each_stage(run: Runner, tmp_path: Path) -> None:
    settings = sources(tmp_path)
    expected = run(build_metadata, *settings)["metadata_version"]
    root = tmp_path / "killed"
    killed = [stage for stage in STAGES if kill_when_there(start(root, settings), root / stage)]
    assert killed == STAGES
    process = start(root, settings)
    code = process.wait(SECONDS)
    assert (code, (tmp_path / "log").read_text().splitlines()[-1]) == (0, ANY)
    line = json.loads((tmp_path / "output").read_text().splitlines()[0])
    assert line["metadata_version"] == expected
    again = Runner(run.spark, root).warehouse
    for table in (METADATA, METADATA_VERSIONS):
        rows = again.read(table).select("metadata_version").distinct().collect()
        assert [row.metadata_version for row in rows] == [expected]


@pytest.mark.parametrize("leftover", ["_delta_log", "_delta_log/_staged_commits"])
def test_a_table_whose_creation_was_killed_is_created(run: Runner, leftover: str) -> None:
    table = run.root / "metadata"
    (table / leftover).mkdir(parents=True)
    (table / "_delta_log" / ".00000000000000000000.json.1.tmp").write_text("{")
    assert run(build_metadata, "build.numbers=3")["entries"] == 3
