"""Match the texts of one crawl against the metadata; unique pairs with a match remain."""

import logging
import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.ingest.ledger import collect_files, read_pairs, require_coverage
from metaclip.matching.engine import build_engine
from metaclip.matching.languages import open_model
from metaclip.matching.unique_pairs import account_for_pairs, choose_languages, match_unique_pairs
from metaclip.removals.requests import mark_removed, read_removals
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
    require_coverage(collect_files(warehouse, crawl.name), crawl.name, crawl.min_coverage)
    removals = read_removals(warehouse)
    removed = None if removals is None else removals.version
    inputs = match_inputs(warehouse, crawl.name, removed)
    entries = read_entry_texts(warehouse, version)
    engine = build_engine(matching.engine, entries, matching.spacing)
    pairs = mark_removed(read_pairs(warehouse, crawl.name), removals)
    unique = match_unique_pairs(pairs, engine, crawl.name)
    chosen = choose_languages(unique, model, config.languages)
    partition = match_partition(version, matching.spacing, crawl.name)
    warehouse.replace(MATCHES, chosen.matches, partition, inputs)
    matched = warehouse.count_rows(MATCHES, partition)
    account = account_for_pairs(pairs, matched, chosen.dropped)
    log.info("%s of %s unique pairs match", f"{matched:,}", f"{account['unique_pairs']:,}")
    return MatchSummary(**account, languages=chosen.kept, other_languages=chosen.others)


if __name__ == "__main__":
    sys.exit(run_job("match_entries", __doc__, match_entries))
