"""Match the texts of one crawl against the metadata; unique pairs with a match remain."""

import sys

from metaclip.application import Summary, log, run_job
from metaclip.config import Config
from metaclip.errors import InputError
from metaclip.exchange.removals import mark_removed, read_removals
from metaclip.ledger import read_pairs, require_coverage
from metaclip.lineage import choose_metadata, match_partition
from metaclip.matching.build import build_engine
from metaclip.matching.column import match_column
from metaclip.matching.matches import count_unique, find_matches, keep_unique
from metaclip.tables import EXTRACTIONS, MATCHES, METADATA
from metaclip.warehouse import Warehouse

LOOK = 10_000
"""Pairs of the first look for a match: far more than it takes in any pool worth matching."""


def match_entries(config: Config, warehouse: Warehouse) -> Summary:
    """Match the crawl `crawl.name`, all files of it that were read, and replace its matches."""
    crawl, matching = config.crawl, config.matching
    version = choose_metadata(warehouse, config.metadata.version)
    require_coverage(warehouse, crawl.name, crawl.min_coverage)
    extracted = warehouse.last_change(EXTRACTIONS, {"crawl": crawl.name})
    assert extracted is not None  # a crawl with coverage was extracted
    entries = warehouse.read_partition(METADATA, {"metadata_version": version})
    texts = entries.orderBy("entry_id").select("entry").toArrow()["entry"].to_pylist()
    engine = build_engine(matching.engine, texts, matching.spacing)
    removals = read_removals(warehouse)
    pairs = mark_removed(read_pairs(warehouse, crawl.name), removals)
    staying = pairs.where("size(removed_by) = 0").drop("removed_by")
    match = match_column(warehouse.spark, engine)
    matches = find_matches(staying, match)
    total = pairs.count()
    # Seldom more than the first look, which ends without cutting a worker short.
    if not find_matches(staying.limit(LOOK), match).count() and not matches.count():
        raise InputError(
            f"crawl {crawl.name}",
            "texts with entries of the metadata",
            f"0 of {total} texts match",
            "is it the right list, and of the language of the texts?",
        )
    partition = match_partition(version, matching.spacing, crawl.name)
    inputs = {"extractions": extracted.version, "metadata": warehouse.version(METADATA)}
    if removals is not None:
        inputs["removals"] = removals.version
    warehouse.replace(MATCHES, keep_unique(matches), partition, inputs)
    unique, removed = count_unique(pairs)
    matched = warehouse.read_partition(MATCHES, partition).count()
    log.info("match_entries    %s of %s unique pairs match", f"{matched:,}", f"{unique:,}")
    return {
        "pairs": total,
        "unique_pairs": unique,
        "duplicates": total - unique,
        "no_match": unique - removed - matched,
        "removed": removed,
        "matched": matched,
    }


if __name__ == "__main__":
    sys.exit(run_job("match_entries", __doc__, match_entries))
