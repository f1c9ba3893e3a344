"""Read WAT or WARC files into image-text pairs, with an account of every file."""

import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.crawl.files.listing import find_files
from metaclip.ingest.crawl_files import crawl_reader, ingest
from metaclip.ingest.pool.kinds import refuse_pool
from metaclip.report.summaries import CrawlSummary
from metaclip.warehouse.warehouse import Warehouse


def extract_pairs(config: Config, warehouse: Warehouse) -> CrawlSummary:
    """Read the files of the crawl that are not done, a commit for each batch of them."""
    files = find_files(config.crawl)
    refuse_pool(files)
    return ingest(config, warehouse, files, crawl_reader(config))


if __name__ == "__main__":
    sys.exit(run_job("extract_pairs", __doc__, extract_pairs))
