"""Describe the machine of a measurement."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.inputs import ROOT


def describe_machine() -> dict[str, str | int | float]:
    """Return CPU model, cores, memory, versions, commit and load."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        "spark": version("pyspark"),
        "delta": version("delta-spark"),
        "numba": version("numba"),
        "commit": commit.stdout.strip(),
        "load": round(os.getloadavg()[0], 2),
    }


def machine_line(machine: dict[str, str | int | float]) -> str:
    """Return the description in one line."""
    return (
        "{cpu}, {cores} cores, {memory_gb} GB; Python {python}, Spark {spark}, Delta {delta}, "
        "Numba {numba}; commit {commit}; load before {load}"
    ).format(**machine)
