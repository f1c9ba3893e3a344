"""The `sys.path` and the modules of Spark's Python workers."""

from __future__ import annotations

import subprocess
import sys

from metaclip.spark.worker_daemon import without_archives

_FIRST_BATCH = """
import sys
import pyarrow as pa
from metaclip.matching.engine import build_engine
from metaclip.spark.worker_daemon import import_for_workers

import_for_workers()
before = set(sys.modules)
build_engine("compiled", ["cat"], "any").match(pa.array(["a cat"]))
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(names & {"numba", "pandas", "scipy"}))
"""


def test_archives_leave_the_path_and_the_order_stays() -> None:
    paths = ["/work", "/spark/pyspark.zip", "/spark/core.jar", "/lib/python3.11", "/jars.d", ""]
    assert without_archives(paths) == ["/work", "/lib/python3.11", "/jars.d", ""]


def test_the_first_batch_of_a_worker_imports_nothing_large() -> None:
    """The first process may compile the kernel, which imports more."""
    for _ in range(2):
        found = subprocess.check_output([sys.executable, "-c", _FIRST_BATCH], text=True)
    assert found == "[]\n"
