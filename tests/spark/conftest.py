"""One lean session for all tests of jobs, and a tiny real crawl."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from metaclip.command_line import load_config
from metaclip.config import Config
from metaclip.session import create_session
from metaclip.warehouse import Warehouse
from tests.crawl.archives import members

ROOT = Path(__file__).parents[2]
WAT = ROOT / "tests" / "data" / "wat" / "part.warc.wat.gz"
SETTINGS = {
    "spark.master": "local[2]",
    "spark.ui.enabled": False,
    "spark.sql.shuffle.partitions": 1,
    "spark.databricks.delta.snapshotPartitions": 1,
    # Queries over a few rows are sooner done than compiled or re-planned, which takes half
    # of the time. `test_command_in_another_process` runs with Spark's own settings.
    "spark.driver.extraJavaOptions": (
        "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC "
        "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
    ),
    "spark.sql.adaptive.enabled": False,
    "spark.sql.codegen.wholeStage": False,
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
# Those of them that a driver which spark-submit has started can still take.
LATE_SETTINGS = {
    key: value
    for key, value in SETTINGS.items()
    if not key.startswith(("spark.master", "spark.driver."))
}
# All of them as a command's own settings.
ASSIGNMENTS = [f"spark.{key}={str(value).lower()}" for key, value in SETTINGS.items()]
# Words of the first pages of WAT in several languages, a phrase, and one found nowhere.
_ENTRIES = (
    "in|-|und|the|a|of|de|mit|der|von|to|für|and|Logo|auf|on|la|die|©|im|en|for|at|bei|by|The|"
    "el|y|den|Die|Frau|des|Facebook|with|an|logo|Das|&|dem|ist|zu|Twitter|A|1|2020|"
    "in the|of the|no such words"
)
ENTRIES = _ENTRIES.split("|")

Step = Callable[[Config, Warehouse], dict[str, Any]]


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The session of all tests; its workers import this checkout, wherever they start."""
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    )
    session = create_session("metaclip tests", SETTINGS)
    yield session
    session.stop()


class Runner:
    """Runs the steps of jobs on the warehouse of one test."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self.spark, self.root = spark, root

    @property
    def warehouse(self) -> Warehouse:
        """The tables as the tests read them."""
        return Warehouse(self.spark, str(self.root), "test", "0")

    def __call__(self, step: Step, *assignments: str) -> dict[str, Any]:
        """Run `step` with `section.key=value` settings; return its summary."""
        config = load_config(None, [f"warehouse={self.root}", *assignments])
        warehouse = Warehouse(self.spark, config.warehouse, step.__name__, config.digest())
        return step(config, warehouse)

    def commits(self) -> list[str]:
        """Every commit of every table: nothing was published if this stays the same."""
        return sorted(
            str(path.relative_to(self.root)) for path in self.root.glob("*/_delta_log/*.json")
        )


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path) -> Runner:
    """A runner on a new warehouse."""
    return Runner(spark, tmp_path / "warehouse")


@pytest.fixture(scope="session")
def pages() -> list[bytes]:
    """The records of real pages, each of which is a small WAT of its own."""
    return members(WAT.read_bytes())[2:]


def write_files(folder: Path, contents: Sequence[bytes]) -> list[Path]:
    """Write one WAT for each of `contents`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:03}.warc.wat.gz" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    return files


@pytest.fixture(scope="session")
def wat(pages: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with 30 pages, some 300 pairs."""
    return write_files(tmp_path_factory.mktemp("wat"), [b"".join(pages[:30])])[0]


@pytest.fixture(scope="session")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of entries that real pages have."""
    file = tmp_path_factory.mktemp("metadata") / "entries.json"
    file.write_text(json.dumps(ENTRIES), encoding="utf-8")
    return file
