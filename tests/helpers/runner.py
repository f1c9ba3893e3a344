"""Run the steps of jobs in a lean session, each test on a warehouse of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from msgspec import Struct, to_builtins
from pyspark.sql import SparkSession

from metaclip.config.command_line import load_config
from metaclip.config.settings import Config
from metaclip.warehouse.warehouse import Warehouse

ROOT = Path(__file__).parents[2]
WAT = ROOT / "tests" / "data" / "wat" / "part.warc.wat.gz"
SETTINGS = {
    "spark.master": "local[2]",
    "spark.ui.enabled": False,
    "spark.sql.shuffle.partitions": 1,
    # Spark runs a query over a few rows sooner than it compiles or re-plans it. Both take half
    # of the time. Long tests run commands with Spark's own settings.
    "spark.driver.extraJavaOptions": (
        "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC "
        "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
    ),
    "spark.sql.adaptive.enabled": False,
    "spark.sql.codegen.wholeStage": False,
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
# The settings that a driver which spark-submit has started can still take.
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

Step = Callable[[Config, Warehouse], Struct]


class Runner:
    """Run the steps of jobs on the warehouse of one test."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self.spark, self.root = spark, root

    @property
    def warehouse(self) -> Warehouse:
        """Return the tables as the tests read them."""
        return Warehouse(self.spark, str(self.root), "test", "0")

    def __call__(self, step: Step, *assignments: str) -> dict[str, Any]:
        """Run `step` with `section.key=value` settings; return its summary as JSON has it."""
        config = load_config(None, [f"warehouse={self.root}", *assignments])
        warehouse = Warehouse(self.spark, config.warehouse, step.__name__, config.digest())
        self.summary = step(config, warehouse)
        return cast(dict[str, Any], to_builtins(self.summary))

    def report(self, render: Callable[[Warehouse, Any], str]) -> str:
        """Return the report of the last step."""
        return render(self.warehouse, self.summary)

    def commits(self) -> list[str]:
        """Return every commit of every table: equal lists show that nothing was published."""
        return sorted(
            str(path.relative_to(self.root)) for path in self.root.glob("*/_delta_log/*.json")
        )


def write_files(folder: Path, contents: Sequence[bytes]) -> list[Path]:
    """Write one WAT for each of `contents`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:03}.warc.wat.gz" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    return files
