"""Import a ready pool of image-text pairs (Parquet, CSV, TSV or JSONL)."""

import sys

from metaclip.application import Summary, log, run_job
from metaclip.config.settings import Config
from metaclip.crawl.files.listing import find_files
from metaclip.ingest.ledger import make_agenda, require_coverage, summarise_files
from metaclip.ingest.pools import read_pool
from metaclip.warehouse.tables import EXTRACTIONS
from metaclip.warehouse.warehouse import Warehouse


def import_pairs(config: Config, warehouse: Warehouse) -> Summary:
    """Read the files of `crawl.files` that are not done, all in one commit."""
    crawl = config.crawl
    agenda = make_agenda(warehouse, crawl.name, find_files(crawl), failed=crawl.retry == "failed")
    if agenda.todo:
        rows = read_pool(warehouse.spark, agenda.todo, config.import_.where)
        paths = [file.path for file in agenda.todo]
        warehouse.replace(EXTRACTIONS, rows, {"crawl": crawl.name}, {}, paths)
    log.info("import_pairs     %d files", len(agenda.todo))
    require_coverage(warehouse, crawl.name, crawl.min_coverage)
    return summarise_files(warehouse, crawl.name)


if __name__ == "__main__":
    sys.exit(run_job("import_pairs", __doc__, import_pairs))
