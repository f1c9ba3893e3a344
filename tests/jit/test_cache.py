"""Kernels are compiled once a machine, also where package and home are read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import metaclip
from metaclip.jit.cache import KERNEL_FOLDERS, cache_name, kernel_sources

_KEEP = """
import numpy as np
import pyarrow as pa
from metaclip.balance.probability import keep_probability
from metaclip.jit.cache import cache_folder
assert keep_probability(pa.array([[0]]), np.array([4.0]), 1.0).to_pylist() == [0.25]
print(cache_folder())
"""


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """Return a folder that holds the package, with a file at the path of its cache.

    Permission bits would not stop root.
    """
    package = Path(metaclip.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, tmp_path / "install" / "metaclip", ignore=ignored)
    for folder in ("metaclip", "metaclip/balance"):
        (tmp_path / "install" / folder / "__pycache__").touch()
    (tmp_path / "home").touch()
    (tmp_path / "scratch").mkdir(mode=0o700)
    return tmp_path


def _keep(root: Path, **settings: str) -> Path:
    """Run a kernel in a new process, with a file as its home; return the folder of its cache."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    given = {"PYTHONPATH": str(root / "install"), "TMPDIR": str(root / "scratch"), **settings}
    done = subprocess.run(
        [sys.executable, "-c", _KEEP],
        env={**kept, **given},
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(done.stdout.strip())


def _machine_code(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*.nb?")}


def test_a_read_only_install_without_a_home_keeps_its_machine_code(unwritable: Path) -> None:
    folder = _keep(unwritable, HOME=str(unwritable / "home"))
    assert folder.is_relative_to(unwritable / "scratch")
    compiled = _machine_code(folder)
    assert any("_keep" in name for name in compiled)
    assert _keep(unwritable) == folder  # no HOME at all
    assert _machine_code(folder) == compiled


def test_the_cache_is_where_the_user_names_it(unwritable: Path) -> None:
    wish = unwritable / "wish"
    assert _keep(unwritable, NUMBA_CACHE_DIR=str(wish)).is_relative_to(wish)
    assert list(unwritable.joinpath("scratch").iterdir()) == []


@pytest.mark.parametrize(
    "source", kernel_sources(), ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_a_change_of_a_kernel_file_changes_the_cache(source: Path, tmp_path: Path) -> None:
    package = Path(metaclip.__file__).parent
    for folder in KERNEL_FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package / folder, tmp_path / folder, ignore=ignored)
    assert cache_name(tmp_path) == cache_name()
    with (tmp_path / source.relative_to(package)).open("a") as file:
        file.write("\n")
    assert cache_name(tmp_path) != cache_name()


def test_every_module_that_compiles_is_in_a_kernel_folder() -> None:
    package = Path(metaclip.__file__).parent
    compiling = [
        file
        for file in package.rglob("*.py")
        if "metaclip.jit" in file.read_text() and not file.is_relative_to(package / "jit")
    ]
    assert compiling
    assert set(compiling) <= set(kernel_sources())
