"""Count, over one crawl's matches, the pairs that have each entry."""

import logging
import sys

from metaclip.application import run_job
from metaclip.balance import counting
from metaclip.config.settings import Config
from metaclip.report.summaries import CountSummary
from metaclip.warehouse.lineage import choose_metadata, match_partition, require_fresh_matches
from metaclip.warehouse.tables import ENTRY_COUNTS, MATCHES, METADATA
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def count_entries(config: Config, warehouse: Warehouse) -> CountSummary:
    """Replace the entry counts of the crawl `crawl.name`."""
    version = choose_metadata(warehouse, config.metadata.version)
    partition = match_partition(version, config.matching.spacing, config.crawl.name)
    matched = require_fresh_matches(warehouse, partition)
    matches = warehouse.read_partition(MATCHES, partition)
    entries = warehouse.read_partition(METADATA, {"metadata_version": version})
    counts = counting.count_entries(matches, entries).persist()
    total, all_entries, hit = counting.check_sums(counts, matches)
    warehouse.replace(ENTRY_COUNTS, counts, partition, {"matches": matched})
    counts.unpersist()
    log.info("%s matches, %s entries hit", f"{total:,}", f"{hit:,}")
    return CountSummary(total, all_entries, hit)


if __name__ == "__main__":
    sys.exit(run_job("count_entries", __doc__, count_entries))
