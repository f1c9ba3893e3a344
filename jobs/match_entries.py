"""Match the texts of one crawl against the metadata; unique pairs with a match remain."""

import logging
import sys

import pyarrow.compute as pc
from msgspec import UNSET
from pyspark.sql import functions as F

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.ingest.ledger import collect_files, read_pairs, require_coverage, scan_pairs
from metaclip.matching.engine import build_engine
from metaclip.matching.languages import open_model
from metaclip.matching.unique_pairs import (
    choose_targets,
    find_matches,
    keep_unique,
    sum_accounts,
)
from metaclip.removals.requests import Removals, mark_removed, read_removals
from metaclip.report.summaries import MatchSummary
from metaclip.warehouse.lineage import (
    choose_metadata,
    match_inputs,
    match_partition,
    read_entry_texts,
)
from metaclip.warehouse.tables import MATCHES
from metaclip.warehouse.tasks import Tasks
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
    found = find_matches(_read_pairs(warehouse, crawl.name, removals), engine)
    targets = choose_targets(pc.sum(files["pairs"]).as_py() or 0)
    rows = keep_unique(found, targets, model, config.languages)
    draft = warehouse.write(MATCHES, rows, match_partition(version, matching.spacing, crawl.name))
    account = sum_accounts(draft.notes, crawl.name)
    warehouse.publish(draft, inputs)
    log.info("%s of %s unique pairs match", f"{account.matched:,}", f"{account.unique:,}")
    languages = (UNSET, UNSET) if model is None else (account.kept, account.others)
    return MatchSummary(**account.outcomes(), languages=languages[0], other_languages=languages[1])


def _read_pairs(warehouse: Warehouse, crawl: str, removals: Removals | None) -> Tasks:
    """Return the tasks that yield the pairs of a crawl, with `removed` where there are removals."""
    if removals is None:
        return scan_pairs(warehouse, crawl)
    marked = mark_removed(read_pairs(warehouse, crawl), removals)
    return Tasks(marked.withColumn("removed", F.size("removed_by") > 0).drop("removed_by"), iter)


if __name__ == "__main__":
    sys.exit(run_job("match_entries", __doc__, match_entries))
