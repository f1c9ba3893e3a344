"""The worker's `sys.path`."""

from __future__ import annotations

from metaclip.spark.worker_daemon import without_archives


def test_only_archives_go_and_the_order_stays() -> None:
    paths = ["/work", "/spark/pyspark.zip", "/spark/core.jar", "/lib/python3.11", "/jars.d", ""]
    assert without_archives(paths) == ["/work", "/lib/python3.11", "/jars.d", ""]
