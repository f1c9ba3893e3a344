"""Compact the small files of a Delta table, and delete files that no recent version needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyspark.sql import SparkSession

from metaclip.warehouse.table import Table
from metaclip.warehouse.warehouse import Warehouse

# The settings refuse a short retention before Delta does, in one line.
_CHECK = "spark.databricks.delta.retentionDurationCheck.enabled"
# Tasks that list folders: 10,000 by default, minutes of them for a few folders.
_LISTERS = "spark.sql.sources.parallelPartitionDiscovery.parallelism"


def compact(warehouse: Warehouse, table: Table) -> dict[str, int]:
    """Compact the small files of each partition of `table`; no row changes.

    Returns:
        Number of files `removed` from the table's newest version, and `added` to it.

    Raises:
        MetaclipError: another job replaced the same rows at the same time.
    """
    # The commit names no partition, so tables derived from one stay current.
    with warehouse.committing(table, {}, {}) as delta:
        metrics = delta.optimize().executeCompaction().select("metrics.*").collect()[0]
    return {"removed": metrics.numFilesRemoved, "added": metrics.numFilesAdded}


def vacuum(warehouse: Warehouse, table: Table, hours: float) -> None:
    """Delete the files that no version of `table` of the last `hours` needs.

    Files of no version (left by failed writers) are deleted too, once they are that old.
    """
    listers = str(warehouse.spark.sparkContext.defaultParallelism)
    settings = {_CHECK: "false", _LISTERS: listers}
    with _set(warehouse.spark, settings), warehouse.committing(table, {}, {}) as delta:
        delta.vacuum(hours)


@contextmanager
def _set(spark: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Change settings of the session inside the context."""
    before = {key: spark.conf.get(key, None) for key in settings}
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, old in before.items():
            if old is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, old)
