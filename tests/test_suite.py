"""The suite itself: the same tests in every process, and helpers apart from tests."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


@pytest.mark.long
def test_two_processes_collect_the_same_tests() -> None:
    """pytest-xdist stops where the ids of two workers differ: by time, hash seed or process."""
    found = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist"]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        run = subprocess.run(
            command, cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=True
        )
        found.append([line for line in run.stdout.splitlines() if "::" in line])
        time.sleep(1.1)  # gzip and tar write the second
    assert found[0] == found[1] != []


def test_nothing_is_imported_from_a_test_module() -> None:
    wrong = []
    for file in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                last = node.module.rpartition(".")[2]
                if node.module.startswith("tests") and last.startswith(("test_", "conftest")):
                    wrong.append(f"{file.relative_to(TESTS)}: {node.module}")
    assert wrong == []


def test_test_folders_mirror_the_package() -> None:
    """Tests mirror the package; jobs have theirs in tests/spark."""
    package = TESTS.parent / "metaclip"
    others = {"spark", "cluster", "airflow", "docs", "helpers", "data"}
    folders = {path.name for path in TESTS.iterdir() if any(path.glob("*.py"))}
    assert {name for name in folders - others if not (package / name).is_dir()} == set()
