"""Files to rows of `extractions`: one commit for each batch, a file that kills its worker apart."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Sequence

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame

from metaclip.config.settings import Config
from metaclip.crawl.files.listing import SourceFile
from metaclip.crawl.files.stream import is_remote
from metaclip.ingest.file_rows import file_reader, file_rows
from metaclip.spark.progress import Progress
from metaclip.warehouse.tables import EXTRACTIONS
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

_SINGLE_FILES = 100
"""Files of a batch up to which each is a task of its own."""

# What Spark says of a worker that a signal ended (a segfault, the kernel's memory killer),
# and of an executor that its cluster manager ended for the memory it took.
_CRASHES = ("Python worker exited unexpectedly", "exited caused by one of the running tasks")


def write_pending(config: Config, warehouse: Warehouse, files: Sequence[SourceFile]) -> None:
    """Publish that `files` were asked for, before any of them is read."""
    if files:
        _write_status(config, warehouse, files, "pending")


def extract_files(
    config: Config, warehouse: Warehouse, files: Sequence[SourceFile], progress: Progress
) -> None:
    """Read `files`; one commit for each `crawl.batch_files` of them.

    A batch that kills a worker is read again in halves, until the file that does it is
    alone: that one is recorded as failed, `crashed`.
    """
    size = config.crawl.batch_files
    for begin in range(0, len(files), size):
        _extract(config, warehouse, files[begin : begin + size], progress)
        progress.tell()


def _extract(
    config: Config, warehouse: Warehouse, batch: Sequence[SourceFile], progress: Progress
) -> None:
    try:
        _extract_at_once(config, warehouse, batch, progress)
    except Py4JJavaError as error:
        if not any(words in str(error) for words in _CRASHES):
            raise
        if len(batch) == 1:
            log.info("%s: its worker crashed; recorded as failed", batch[0].path)
            _write_status(config, warehouse, batch, "failed", "crashed")
            return
        log.info("a worker crashed on one of %d files; reading them in halves", len(batch))
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            _extract(config, warehouse, half, progress)


def _extract_at_once(
    config: Config, warehouse: Warehouse, batch: Sequence[SourceFile], progress: Progress
) -> None:
    # Dealt by range(): repartition(n) leaves some tasks empty and doubles others.
    indices = warehouse.spark.range(0, len(batch), 1, _count_tasks(config, warehouse, batch))
    read = file_reader(batch, config.crawl.extraction, config.crawl.requests, progress.accumulator)
    rows = indices.mapInArrow(read, EXTRACTIONS.schema_without("crawl"))
    _write(config, warehouse, batch, rows)


def _count_tasks(config: Config, warehouse: Warehouse, batch: Sequence[SourceFile]) -> int:
    """Return one task a file, or two files a task in large batches, since tasks write files.

    Of remote files no more are read than may be asked for at one time.
    """
    limit = config.crawl.requests.concurrent
    tasks = max(min(len(batch), _SINGLE_FILES), math.ceil(len(batch) / 2))
    cores = _local_cores(warehouse.spark.sparkContext.master or "")
    if cores <= limit or not any(is_remote(file.url) for file in batch):
        return tasks
    return min(tasks, limit)


def _local_cores(master: str) -> float:
    """Return how many tasks a local master runs at most; those of a cluster may grow."""
    found = re.fullmatch(r"local(?:\[(\d+|\*)(?:, *\d+)?\])?", master)
    if not found:
        return math.inf
    return (os.cpu_count() or 1) if found[1] == "*" else int(found[1] or 1)


def _write_status(
    config: Config,
    warehouse: Warehouse,
    files: Sequence[SourceFile],
    status: str,
    error: str | None = None,
) -> None:
    columns = EXTRACTIONS.schema_without("crawl")
    rows = warehouse.spark.createDataFrame(file_rows(files, status, error), columns)
    _write(config, warehouse, files, rows)


def _write(
    config: Config, warehouse: Warehouse, files: Sequence[SourceFile], rows: DataFrame
) -> None:
    paths = [file.path for file in files]
    warehouse.replace(EXTRACTIONS, rows, {"crawl": config.crawl.name}, {}, paths)
