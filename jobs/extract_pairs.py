"""Read WAT or WARC files into image-text pairs, with an account of every file."""

import sys
import time

from metaclip.application import Summary, log, run_job
from metaclip.config import Config
from metaclip.crawl.sources import SourceFile, list_files
from metaclip.crawl.task import file_reader, pending_rows
from metaclip.ledger import make_agenda, require_coverage, summarise_files
from metaclip.tables import EXTRACTIONS
from metaclip.warehouse import Warehouse


def extract_pairs(config: Config, warehouse: Warehouse) -> Summary:
    """Read the files of `crawl.files` that are not done, a commit for each batch of them."""
    crawl = config.crawl
    agenda = make_agenda(warehouse, crawl.name, list_files(crawl.files, crawl.prefix))
    if agenda.new:
        rows = warehouse.spark.createDataFrame(pending_rows(agenda.new), EXTRACTIONS.rest("crawl"))
        paths = [file.path for file in agenda.new]
        warehouse.replace(EXTRACTIONS, rows, {"crawl": crawl.name}, {}, paths)
    started, done = time.monotonic(), 0
    for begin in range(0, len(agenda.todo), crawl.batch_files):
        batch = agenda.todo[begin : begin + crawl.batch_files]
        _extract_batch(config, warehouse, batch)
        done += len(batch)
        rate = f"{done / (time.monotonic() - started):.2f} files/s"
        log.info("extract_pairs    %d of %d files, %s", done, len(agenda.todo), rate)
    require_coverage(warehouse, crawl.name, crawl.min_coverage)
    return summarise_files(warehouse, crawl.name)


def _extract_batch(config: Config, warehouse: Warehouse, files: list[SourceFile]) -> None:
    # One task a file, dealt by range(): repartition(n) leaves some empty and doubles others.
    indices = warehouse.spark.range(0, len(files), 1, len(files))
    rows = indices.mapInArrow(
        file_reader(files, config.crawl.extraction), EXTRACTIONS.rest("crawl")
    )
    paths = [file.path for file in files]
    warehouse.replace(EXTRACTIONS, rows, {"crawl": config.crawl.name}, {}, paths)


if __name__ == "__main__":
    sys.exit(run_job("extract_pairs", __doc__, extract_pairs))
