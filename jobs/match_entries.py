"""Match the texts of one crawl against the metadata; unique pairs with a match remain."""

import sys
from collections.abc import Callable

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame

from metaclip.application import Summary, log, run_job
from metaclip.config.settings import Config, LanguageSettings
from metaclip.errors import InputError
from metaclip.ingest.ledger import read_pairs, require_coverage
from metaclip.matching.engine import build_engine
from metaclip.matching.languages import open_model
from metaclip.matching.spark_columns import language_column, match_column
from metaclip.matching.unique_pairs import (
    count_languages,
    count_unique,
    find_matches,
    keep_unique,
    mark_languages,
)
from metaclip.removals.requests import mark_removed, read_removals
from metaclip.warehouse.lineage import choose_metadata, match_partition
from metaclip.warehouse.tables import EXTRACTIONS, MATCHES, METADATA
from metaclip.warehouse.warehouse import Warehouse

LOOK = 10_000
"""Pairs of the first look for a match: far more than it takes in any pool worth matching."""


def match_entries(config: Config, warehouse: Warehouse) -> Summary:
    """Match the crawl `crawl.name`, all files of it that were read, and replace its matches."""
    crawl = config.crawl
    model = open_model(config.languages)
    version = choose_metadata(warehouse, config.metadata.version)
    require_coverage(warehouse, crawl.name, crawl.min_coverage)
    extracted = warehouse.last_change(EXTRACTIONS, {"crawl": crawl.name})
    assert extracted is not None  # a crawl with coverage was extracted
    inputs = {"extractions": extracted.version, "metadata": warehouse.version(METADATA)}
    removals = read_removals(warehouse)
    if removals is not None:
        inputs["removals"] = removals.version
    pairs = mark_removed(read_pairs(warehouse, crawl.name), removals)
    found = keep_unique(_match(config, warehouse, version, pairs))
    languages: dict[str, dict[str, int]] = {}
    if model is not None:
        identify = language_column(warehouse.spark, model)
        found, languages = _choose_languages(found, identify, config.languages)
    partition = match_partition(version, config.matching.spacing, crawl.name)
    warehouse.replace(MATCHES, found, partition, inputs)
    matched = warehouse.read_partition(MATCHES, partition).count()
    account = _account(pairs, matched, sum(languages.get("other_languages", {}).values()))
    unique = f"{account['unique_pairs']:,}"
    log.info("match_entries    %s of %s unique pairs match", f"{matched:,}", unique)
    return {**account, **languages}


def _match(config: Config, warehouse: Warehouse, version: str, pairs: DataFrame) -> DataFrame:
    """Return the pairs that stay and whose text has an entry; refuse if there are none."""
    matching = config.matching
    entries = warehouse.read_partition(METADATA, {"metadata_version": version})
    texts = entries.orderBy("entry_id").select("entry").toArrow()["entry"].to_pylist()
    match = match_column(warehouse.spark, build_engine(matching.engine, texts, matching.spacing))
    staying = pairs.where("size(removed_by) = 0").drop("removed_by")
    matches = find_matches(staying, match)
    # Seldom more than the first look, which ends without cutting a worker short.
    if not find_matches(staying.limit(LOOK), match).count() and not matches.count():
        raise InputError(
            f"crawl {config.crawl.name}",
            "texts with entries of the metadata",
            f"0 of {pairs.count()} texts match",
            "is it the right list, and of the language of the texts?",
        )
    return matches


def _account(pairs: DataFrame, matched: int, other_language: int) -> dict[str, int]:
    """Return where all pairs went: duplicates and the reasons add up to them."""
    total, unique, removed = count_unique(pairs)
    return {
        "pairs": total,
        "unique_pairs": unique,
        "duplicates": total - unique,
        "no_match": unique - removed - other_language - matched,
        "other_language": other_language,
        "removed": removed,
        "matched": matched,
    }


def _choose_languages(
    matches: DataFrame, identify: Callable[[Column], Column], settings: LanguageSettings
) -> tuple[DataFrame, dict[str, dict[str, int]]]:
    """Return the matches in languages that stay, and the counts of these and of the others."""
    # On disk, so that the dropped ones are counted without matching again.
    marked = mark_languages(matches, identify, settings).persist(StorageLevel.DISK_ONLY)
    kept, others = (count_languages(marked, wanted=wanted) for wanted in (True, False))
    if not kept:
        found = ", ".join(others)
        raise InputError("languages", "matched texts in languages that stay", f"only {found}")
    return marked.where("wanted").drop("wanted"), {"languages": kept, "other_languages": others}


if __name__ == "__main__":
    sys.exit(run_job("match_entries", __doc__, match_entries))
