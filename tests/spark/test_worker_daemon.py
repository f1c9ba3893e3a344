"""The `sys.path` of Spark's Python workers."""

from __future__ import annotations

from metaclip.spark.worker_daemon import without_archives


def test_archives_leave_the_path_and_the_order_stays() -> None:
    paths = ["/work", "/spark/pyspark.zip", "/spark/core.jar", "/lib/python3.11", "/jars.d", ""]
    assert without_archives(paths) == ["/work", "/lib/python3.11", "/jars.d", ""]
