"""Import a ready pool of image-text pairs (Parquet, CSV, TSV, JSONL or JSON)."""

import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.crawl.files.listing import find_files
from metaclip.ingest.crawl_files import ingest
from metaclip.ingest.pools import pool_reader
from metaclip.report.summaries import CrawlSummary
from metaclip.warehouse.warehouse import Warehouse


def import_pairs(config: Config, warehouse: Warehouse) -> CrawlSummary:
    """Read the files of the pool that are not done, a commit for each batch of them."""
    files = find_files(config.crawl)
    return ingest(config, warehouse, files, pool_reader(config, warehouse.spark))


if __name__ == "__main__":
    sys.exit(run_job("import_pairs", __doc__, import_pairs))
