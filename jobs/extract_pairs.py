"""Read WAT or WARC files into image-text pairs, with an account of every file."""

import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.crawl.files.listing import find_files
from metaclip.ingest.crawl_files import extract_files, write_pending
from metaclip.ingest.ledger import choose_files, collect_files, require_coverage, summarise_files
from metaclip.report.summaries import CrawlSummary
from metaclip.spark.progress import Progress
from metaclip.warehouse.warehouse import Warehouse


def extract_pairs(config: Config, warehouse: Warehouse) -> CrawlSummary:
    """Read the files of the crawl that are not done, a commit for each batch of them."""
    crawl, context = config.crawl, warehouse.spark.sparkContext
    files = find_files(crawl)
    chosen = choose_files(warehouse, crawl.name, files, failed=crawl.retry == "failed")
    write_pending(config, warehouse, chosen.new)
    before = len(files) - len(chosen.to_read)
    with Progress(context, "extract_pairs", len(files), before) as progress:
        extract_files(config, warehouse, chosen.to_read, progress)
    ledger = collect_files(warehouse, crawl.name)
    require_coverage(ledger, crawl.name, crawl.min_coverage)
    return summarise_files(ledger, crawl.name)


if __name__ == "__main__":
    sys.exit(run_job("extract_pairs", __doc__, extract_pairs))
