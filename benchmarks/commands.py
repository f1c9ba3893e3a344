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

_ROUNDS = 3
_JOBS = ("import_metadata", "import_pairs", "match_entries", "count_entries", "sample_pairs")
_PAIRS = """\
url,text
http://example.org/1.jpg,a red fox
http://example.org/2.jpg,a fox in the snow
http://example.org/3.jpg,the snow
http://example.org/4.jpg,two trees
http://example.org/5.jpg,a tree
"""
_ENTRIES = "fox\nsnow\ntree\nred fox\n"


def run() -> dict[str, Any]:
    """Print and return the median seconds of each command; each round has a new warehouse."""
    seconds: dict[str, list[float]] = {}
    for _ in range(_ROUNDS):
        with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as folder:
            five = _write_five(Path(folder))
            for job in _JOBS:
                seconds.setdefault(f"{job} on five rows", []).append(_time(job, *five))
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


def _write_five(folder: Path) -> tuple[str, ...]:
    """Write five pairs and a list of entries; return the settings of a flow over them."""
    pairs, entries = folder / "pairs.csv", folder / "entries.txt"
    pairs.write_text(_PAIRS, encoding="utf-8")
    entries.write_text(_ENTRIES, encoding="utf-8")
    settings = {
        "warehouse": folder / "warehouse",
        "crawl.name": "five",
        "crawl.files": pairs,
        "metadata.file": entries,
        "spark.spark.ui.enabled": "false",
    }
    return tuple(word for key, value in settings.items() for word in ("--set", f"{key}={value}"))


def _time(*words: str) -> float:
    """Return the seconds that `metaclip` takes with these words."""
    started = time.monotonic()
    command = [sys.executable, "-m", "metaclip", *words]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.monotonic() - started
