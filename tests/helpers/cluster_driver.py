"""Run many steps in one application: `cluster_driver.py SETTINGS`, a line of JSON for each step.

So the tests pay once for a JVM and warm executors. A line holds the name of a step and its
assignments; the answer holds its summary and the seconds of its stages, or the error of the job.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from metaclip.application import describe  # noqa: E402
from metaclip.config.command_line import load_config  # noqa: E402
from metaclip.errors import MetaclipError  # noqa: E402
from metaclip.spark.session import create_session  # noqa: E402
from metaclip.warehouse.warehouse import Warehouse  # noqa: E402


def answer(spark: Any, name: str, assignments: list[str]) -> dict[str, Any]:
    """Run one step as its job would."""
    step = getattr(importlib.import_module(f"metaclip.jobs.{name}"), name)
    config = load_config(None, assignments)
    warehouse = Warehouse(spark, config.warehouse, name, config.digest())
    try:
        summary = msgspec.to_builtins(step(config, warehouse))
    except (MetaclipError, PySparkException, Py4JError) as error:
        return {"error": describe(error)}
    return {"summary": summary, "stages": warehouse.seconds}


def main() -> None:
    """Run steps until there are no more lines."""
    spark = create_session("metaclip cluster tests", json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(answer(spark, *json.loads(line))), flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
