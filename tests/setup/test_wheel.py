"""The wheel alone, in an empty environment and an empty folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.helpers.runner import ENTRIES, ROOT, SETTINGS, WAT

CONTENTS = (
    "metaclip/__main__.py",
    "metaclip/config/default.yaml",
    "metaclip/jobs/curate.py",
    "metaclip/py.typed",
    "metaclip/setup/spark_conf/log4j2.properties",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder]
    subprocess.run([*pip, ROOT], check=True, timeout=300)
    return next(folder.glob("metaclip-*.whl"))


@pytest.mark.long
def test_the_wheel_has_jobs_settings_types_and_log_settings(wheel: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True
    )
    files = {line.split()[0] for line in run.stdout.splitlines()[1:]}
    assert set(CONTENTS) <= files
    assert not {name for name in files if name.startswith(("jobs", "tests", "benchmarks"))}


@pytest.mark.long
def test_a_wheel_alone_curates_the_same_rows_as_the_checkout(wheel: Path, tmp_path: Path) -> None:
    environment, empty = tmp_path / "environment", tmp_path / "empty"
    empty.mkdir()
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "-c", ROOT / "constraints.txt", wheel], check=True, timeout=600)
    entries = tmp_path / "entries.json"
    entries.write_text(json.dumps(ENTRIES), encoding="utf-8")
    found = []
    for command, folder in (
        ([environment / "bin" / "metaclip", "curate"], empty),
        ([Path(sys.executable).with_name("metaclip"), "curate"], tmp_path),
    ):
        settings = {"crawl.files": WAT, "metadata.file": entries, "balance.t": 20, **SPARK}
        words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        path = f"{Path(command[0]).parent}:/usr/bin:/bin"
        run = subprocess.run(
            [*command, *words],
            cwd=folder,
            env={"PATH": path, "HOME": str(Path.home())},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert run.returncode == 0, run.stderr
        found.append(read_curated(folder / "warehouse" / "curated"))
    assert found[0] == found[1] != []


SPARK = {f"spark.{key}": str(value).lower() for key, value in SETTINGS.items()}


def read_curated(table: Path) -> list[dict[str, object]]:
    """Return the rows of a table that was written once, from its Parquet files."""
    rows = [row for file in table.rglob("*.parquet") for row in pq.read_table(file).to_pylist()]
    return sorted(rows, key=lambda row: str(row["pair_id"]))
