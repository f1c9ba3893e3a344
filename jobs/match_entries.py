"""Match the texts of one crawl against the metadata; unique pairs with a match remain."""

import logging
import sys

from msgspec import UNSET

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.ingest.ledger import collect_files, require_coverage
from metaclip.matching.engine import build_engine
from metaclip.matching.languages import open_model
from metaclip.matching.unique_pairs import (
    choose_targets,
    find_matches,
    keep_unique,
    sum_accounts,
)
from metaclip.removals.requests import read_removals, scan_marked_pairs
from metaclip.report.summaries import MatchSummary
from metaclip.warehouse.lineage import (
    choose_metadata,
    match_inputs,
    match_partition,
    read_entry_texts,
)
from metaclip.warehouse.tables import MATCHES
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def match_entries(config: Config, warehouse: Warehouse) -> MatchSummary:
    """Match all files of the crawl `crawl.name` that were read, and replace its matches."""
    crawl, matching = config.crawl, config.matching
    model = open_model(config.languages)
    version = choose_metadata(warehouse, config.metadata.version)
    files = collect_files(warehouse, crawl.name)
    require_coverage(files, crawl.name, crawl.min_coverage)
    removals = read_removals(warehouse)
    removed = None if removals is None else removals.version
    inputs = match_inputs(warehouse, crawl.name, removed)
    entries = read_entry_texts(warehouse, version)
    engine = build_engine(matching.engine, entries, matching.spacing)
    found = find_matches(scan_marked_pairs(warehouse, crawl.name, removals), engine)
    rows = keep_unique(found, choose_targets(files), model, config.languages)
    draft = warehouse.write(MATCHES, rows, match_partition(version, matching.spacing, crawl.name))
    account = sum_accounts(draft.notes, crawl.name)
    warehouse.publish(draft, inputs)
    log.info("%s of %s unique pairs match", f"{account.matched:,}", f"{account.unique:,}")
    languages = (UNSET, UNSET) if model is None else (account.kept, account.others)
    return MatchSummary(**account.outcomes(), languages=languages[0], other_languages=languages[1])


if __name__ == "__main__":
    sys.exit(run_job("match_entries", __doc__, match_entries))
