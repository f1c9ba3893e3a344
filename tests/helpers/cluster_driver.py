"""One application that runs many steps: `driver.py SETTINGS`, then a line of JSON for each.

So the tests pay once for a JVM and executors that are warm. Lines hold the step's name and
its assignments; so do the answers its summary and the seconds of its stages, or the error
that a job would end with.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "jobs")]

from metaclip.application import describe  # noqa: E402
from metaclip.config.command_line import load_config  # noqa: E402
from metaclip.errors import MetaclipError  # noqa: E402
from metaclip.spark.session import create_session  # noqa: E402
from metaclip.warehouse.warehouse import Warehouse  # noqa: E402


def answer(spark: Any, name: str, assignments: list[str]) -> dict[str, Any]:
    """Run one step as its job would."""
    step = getattr(importlib.import_module(name), name)
    config = load_config(None, assignments)
    warehouse = Warehouse(spark, config.warehouse, name, config.digest())
    try:
        return {"summary": step(config, warehouse), "stages": warehouse.seconds}
    except (MetaclipError, PySparkException, Py4JError) as error:
        return {"error": describe(error)}


def main() -> None:
    """Run steps until there are no more lines."""
    spark = create_session("metaclip cluster tests", json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(answer(spark, *json.loads(line))), flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
