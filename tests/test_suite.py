"""The suite itself: the same tests in every process, none skipped, helpers apart from tests."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SKIPS = ("skip", "skipif", "importorskip", "xfail", "skipTest")


def start_collection(hash_seed: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist"]
    # A worker of pytest-xdist passes its own options on by the environment.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return subprocess.Popen(
        [*command, "-p", "no:cacheprovider"],
        cwd=TESTS.parent,
        env=kept | {"PYTHONHASHSEED": hash_seed},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.long
def test_two_processes_collect_the_same_tests() -> None:
    """pytest-xdist stops where the ids of two workers differ: by time, hash seed or process."""
    first = start_collection("1")
    time.sleep(1.1)  # gzip and tar write the second
    second = start_collection("2")
    ids = [
        [line for line in run.communicate()[0].splitlines() if "::" in line]
        for run in (first, second)
    ]
    assert (first.returncode, second.returncode) == (0, 0)
    assert ids[0] == ids[1]
    assert len(ids[0]) > 1000


def parse_tests() -> Iterator[tuple[Path, ast.AST]]:
    for file in sorted(TESTS.rglob("*.py")):
        yield file, ast.parse(file.read_text("utf-8"))


def imported_modules(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the full name of each module or name that `tree`, a module in `package`, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join(filter(None, [*(parents if node.level else ()), node.module]))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def in_test_modules(names: Iterator[str]) -> list[str]:
    """Return the names that lie in a test module or a conftest."""
    return [
        name
        for name in names
        if name.partition(".")[0] in ("tests", "conftest")
        and any(part.startswith("test_") or part == "conftest" for part in name.split("."))
    ]


def test_imports_of_test_modules_are_found_in_every_form() -> None:
    forms = (
        "import tests.spark.test_kills",
        "from tests.spark.test_kills import wait",
        "from tests.spark import test_kills",
        "from .test_kills import wait",
        "from ..spark import test_kills",
        "from . import conftest",
        "import conftest",
    )
    for form in forms:
        assert in_test_modules(imported_modules(ast.parse(form), "tests.spark")), form
    allowed = ast.parse("from tests.helpers.runner import Runner\nfrom . import twins\nimport os")
    assert in_test_modules(imported_modules(allowed, "tests.spark")) == []


def test_nothing_is_imported_from_a_test_module() -> None:
    found = {
        str(file.relative_to(TESTS)): in_test_modules(
            imported_modules(tree, ".".join(file.parent.relative_to(TESTS.parent).parts))
        )
        for file, tree in parse_tests()
    }
    assert {file: names for file, names in found.items() if names} == {}


def test_no_test_can_be_skipped() -> None:
    """A skipped test proves nothing; what takes long or large inputs is marked so."""
    found = [
        f"{file.relative_to(TESTS)}:{node.lineno} {node.attr}"
        for file, tree in parse_tests()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in SKIPS
    ]
    assert found == []


def test_test_folders_mirror_the_package() -> None:
    """Tests mirror the package; jobs have theirs in tests/spark."""
    package = TESTS.parent / "metaclip"
    others = {"spark", "cluster", "airflow", "readers", "docs", "helpers", "data"}
    folders = {path.name for path in TESTS.iterdir() if any(path.glob("*.py"))}
    assert {name for name in folders - others if not (package / name).is_dir()} == set()


def test_one_process_runs_a_file() -> None:
    """Two processes would each build the fixtures that the tests of a file share."""
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "-p", "no:cacheprovider"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    printed = subprocess.check_output(
        [*command, "tests/config"], cwd=TESTS.parent, env=kept, text=True
    )
    found = set(re.findall(r"^\[(gw\d)\] .* PASSED (tests/config/\w+\.py)::", printed, re.M))
    files = [file for _, file in found]
    assert len(files) == len(set(files)) == 2
