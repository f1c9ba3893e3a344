"""Read files into `extractions`: one commit a batch, and a file that kills its worker apart."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from metaclip.config.settings import Config
from metaclip.crawl.files.listing import SourceFile
from metaclip.crawl.files.stream import is_remote
from metaclip.errors import InputError
from metaclip.ingest.file_rows import file_reader, status_rows
from metaclip.ingest.ledger import choose_files, collect_files, require_coverage
from metaclip.report.crawl_sums import summarise_files
from metaclip.report.summaries import CrawlSummary
from metaclip.spark.progress import Progress, ProgressAccumulator
from metaclip.warehouse.tables import EXTRACTIONS
from metaclip.warehouse.tasks import Tasks
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

_SINGLE_FILES = 100
"""Files of a batch up to which each is a task of its own."""

# Spark's words for a worker that a signal ended (a segfault, the kernel's memory killer),
# and for an executor that its cluster manager ended for the memory it took.
_CRASHES = ("Python worker exited unexpectedly", "exited caused by one of the running tasks")


@dataclass(frozen=True)
class Reader:
    """One way to read files: those of a crawl, or those of a pool.

    Args:
        tasks: from the indices of files, the files and the progress to the tasks that make rows
            of EXTRACTIONS without `crawl`. Called once for each batch of files.
        check: refuses the files that are to be read before anything is written.
        explain: the refusal for an error of Spark's, if its cause is in the settings.
        read_as: names the settings that rows depend on; files that were read with others
            are read again. None where no settings count.
    """

    job: str
    tasks: Callable[[DataFrame, Sequence[SourceFile], ProgressAccumulator], Tasks]
    check: Callable[[Sequence[SourceFile]], None]
    explain: Callable[[Exception], InputError | None] = lambda error: None
    read_as: str | None = None


def crawl_reader(config: Config) -> Reader:
    """Return the reader of WAT and WARC files."""

    def tasks(
        indices: DataFrame, files: Sequence[SourceFile], progress: ProgressAccumulator
    ) -> Tasks:
        crawl = config.crawl
        read = file_reader(files, crawl.extraction, crawl.requests, progress)
        return Tasks(indices, read)

    return Reader("extract_pairs", tasks, lambda files: None)


def ingest(
    config: Config, warehouse: Warehouse, files: Sequence[SourceFile], reader: Reader
) -> CrawlSummary:
    """Read the files that are not done, a commit for each `crawl.batch_files` of them.

    A batch that kills a worker is read again in halves, until the file that does it is
    alone: that one is recorded as failed, `crashed`.

    Raises:
        InputError: the reader refuses the files, or too few could be read.
    """
    crawl = config.crawl
    chosen = choose_files(warehouse, crawl, files, reader.read_as)
    if chosen.to_read:
        reader.check(chosen.to_read)
    else:
        log.info("all %d files are read; crawl.retry=all reads them again", len(files))
    if chosen.new:
        _write_status(config, warehouse, chosen.new, "pending")
    before = len(files) - len(chosen.to_read)
    context, size = warehouse.spark.sparkContext, crawl.batch_files
    with Progress(context, reader.job, len(files), before) as progress:
        for begin in range(0, len(chosen.to_read), size):
            batch = chosen.to_read[begin : begin + size]
            _Ingestion(config, warehouse, reader, progress).read(batch)
            progress.tell()
    ledger = collect_files(warehouse, crawl.name)
    require_coverage(ledger, crawl.name, crawl.min_coverage, reader.job)
    return summarise_files(ledger, crawl.name)


@dataclass(frozen=True)
class _Ingestion:
    """One run of a reader."""

    config: Config
    warehouse: Warehouse
    reader: Reader
    progress: Progress

    def read(self, batch: Sequence[SourceFile]) -> None:
        """Read a batch and publish it, or its halves where a worker crashes."""
        try:
            self._read_at_once(batch)
        except (Py4JJavaError, PySparkException) as error:
            if not any(words in str(error) for words in _CRASHES):
                raise self.reader.explain(error) or error from None
            if len(batch) == 1:
                log.info("%s: its worker crashed; recorded as failed", batch[0].path)
                _write_status(self.config, self.warehouse, batch, "failed", "crashed")
                return
            log.info("a worker crashed on one of %d files; reading them in halves", len(batch))
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                self.read(half)

    def _read_at_once(self, batch: Sequence[SourceFile]) -> None:
        spark = self.warehouse.spark
        # Dealt by range(): repartition(n) leaves some tasks empty and doubles others.
        tasks = count_tasks(self.config, self.warehouse, batch)
        indices = spark.range(0, len(batch), 1, tasks)
        rows = self.reader.tasks(indices, batch, self.progress.accumulator)
        _write(self.config, self.warehouse, batch, rows)


def count_tasks(config: Config, warehouse: Warehouse, batch: Sequence[SourceFile]) -> int:
    """Return one task a file, or two files a task in large batches, since tasks write files.

    Remote files get no more tasks than requests may run at one time.
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
    rows = status_rows(files, status, error)
    _write(config, warehouse, files, rows)


def _write(
    config: Config, warehouse: Warehouse, files: Sequence[SourceFile], rows: Tasks | pa.Table
) -> None:
    paths = [file.path for file in files]
    warehouse.replace(EXTRACTIONS, rows, {"crawl": config.crawl.name}, {}, paths)
