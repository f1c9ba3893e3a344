"""Time commands from the prompt until it is back: each job on five rows, and the demo."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.inputs import ROOT
from metaclip.setup.class_archive import write_five_pairs
from metaclip.spark.java import configured_executable, probe

_ROUNDS = 3
_JOBS = ("import_metadata", "import_pairs", "match_entries", "count_entries", "sample_pairs")


def run() -> dict[str, Any]:
    """Print and return the median seconds of each command; each round has a new warehouse."""
    seconds: dict[str, list[float]] = {}
    for _ in range(_ROUNDS):
        with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as folder:
            five = write_five_pairs(Path(folder))
            for job in _JOBS:
                seconds.setdefault(f"{job} on five rows", []).append(_time(job, *five))
            plain = _time("count_entries", *five, *_without_archive())
            seconds.setdefault("count_entries, no class archive", []).append(plain)
        with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as folder:
            demo = ("--config", "conf/demo.yaml", "--set", f"warehouse={folder}")
            seconds.setdefault("curate of the demo", []).append(_time("curate", *demo))
            seconds.setdefault("its report", []).append(_time("report_curation", *demo))
        with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as folder:
            demo = ("--config", "conf/demo.yaml", "--set", f"warehouse={folder}")
            both = _time("curate", "report_curation", *demo)
            seconds.setdefault("both in one JVM", []).append(both)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, times in seconds.items():
        spread = ", ".join(f"{taken:.1f}" for taken in times)
        print(f"  {name:32} {medians[name]:5.1f} s ({spread})")
    return {"seconds": seconds, "medians": medians}


def _without_archive() -> tuple[str, str]:
    """Return the setting by which Java maps its own archive in place of ours."""
    executable = configured_executable()
    java = executable and probe(executable)
    assert java
    option = f"-XX:SharedArchiveFile={java.home}/lib/server/classes.jsa"
    return "--set", f"spark.spark.driver.extraJavaOptions={option}"


def _time(*words: str) -> float:
    """Return the seconds that `metaclip` takes with these words."""
    started = time.monotonic()
    command = [sys.executable, "-m", "metaclip", *words]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.monotonic() - started
