"""Count, over one crawl's matches, the pairs that have each entry."""

import logging
import sys

from metaclip.application import run_job
from metaclip.balance.counting import count_matches, counts_table
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
    matches = warehouse.scan(MATCHES, partition, ["entry_ids"])
    entries = warehouse.count_rows(METADATA, {"metadata_version": version})
    with warehouse.stage(f"write {ENTRY_COUNTS.name}"):
        counts = count_matches(matches, entries)
    warehouse.replace(ENTRY_COUNTS, counts_table(counts), partition, {"matches": matched})
    total, hit = int(counts.sum()), int((counts > 0).sum())
    log.info("%s matches, %s entries hit", f"{total:,}", f"{hit:,}")
    return CountSummary(total, entries, hit)


if __name__ == "__main__":
    sys.exit(run_job("count_entries", __doc__, count_entries))
