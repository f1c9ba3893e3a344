"""Import a ready pool of image-text pairs (Parquet, CSV, TSV or JSONL)."""

import logging
import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.crawl.files.listing import find_files
from metaclip.ingest.ledger import choose_files, collect_files, require_coverage, summarise_files
from metaclip.ingest.pools import read_pool
from metaclip.report.summaries import CrawlSummary
from metaclip.warehouse.tables import EXTRACTIONS
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def import_pairs(config: Config, warehouse: Warehouse) -> CrawlSummary:
    """Read the files of `crawl.files` that are not done, all in one commit."""
    crawl = config.crawl
    files = find_files(crawl)
    chosen = choose_files(warehouse, crawl.name, files, failed=crawl.retry == "failed")
    if chosen.to_read:
        rows = read_pool(warehouse.spark, chosen.to_read, config.import_.where)
        paths = [file.path for file in chosen.to_read]
        warehouse.replace(EXTRACTIONS, rows, {"crawl": crawl.name}, {}, paths)
    log.info("%d files", len(chosen.to_read))
    ledger = collect_files(warehouse, crawl.name)
    require_coverage(ledger, crawl.name, crawl.min_coverage)
    return summarise_files(ledger, crawl.name)


if __name__ == "__main__":
    sys.exit(run_job("import_pairs", __doc__, import_pairs))
