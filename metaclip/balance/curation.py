"""One curation: which rows it covers, with which counts, at which t."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from metaclip.balance.counting import count_entries
from metaclip.balance.sampling import keep_one_row_per_pair, t_from_size
from metaclip.balance.thresholds import Counts, t_from_tail_share
from metaclip.config import DEFAULT_T, BalanceSettings, Config
from metaclip.errors import InputError
from metaclip.ledger import list_crawls
from metaclip.lineage import choose_metadata, match_partition, require_fresh_counts
from metaclip.tables import ENTRY_COUNTS, MATCHES, METADATA
from metaclip.warehouse import Warehouse


@dataclass(frozen=True)
class Pool:
    """The matches that a curation is sampled from, their entry counts and their versions."""

    crawls: list[str]
    metadata_version: str
    matches: DataFrame
    counts: DataFrame
    input_versions: dict[str, int]


def open_pool(config: Config, warehouse: Warehouse) -> Pool:
    """Return the matches and counts of the crawls that `balance.crawls` names.

    Raises:
        InputError: a crawl that is not there, not matched with this metadata, or whose
            tables are older than their inputs.
    """
    version = choose_metadata(warehouse, config.metadata.version)
    existing = list_crawls(warehouse)
    crawls = sorted(set(config.balance.crawls)) or existing
    unknown = [crawl for crawl in crawls if crawl not in existing]
    if unknown or not crawls:
        known = ", ".join(existing) or "none"
        found = ", ".join(unknown) or "none"
        raise InputError("balance.crawls", f"crawls of the warehouse ({known})", found)
    versions = {"metadata": warehouse.version(METADATA)}
    for crawl in crawls:
        partition = match_partition(version, config.matching.spacing, crawl)
        versions.update(require_fresh_counts(warehouse, partition))
    chosen = (
        (F.col("metadata_version") == version)
        & (F.col("spacing") == config.matching.spacing)
        & F.col("crawl").isin(crawls)
    )
    matches = warehouse.read(MATCHES).where(chosen)
    counts = warehouse.read(ENTRY_COUNTS).where(chosen)
    counts = counts.groupBy("entry_id").agg(F.sum("count").alias("count"))
    if config.balance.dedup == "all" and len(crawls) > 1:
        matches = keep_one_row_per_pair(matches)
        entries = warehouse.read_partition(METADATA, {"metadata_version": version})
        counts = count_entries(matches, entries)
    return Pool(crawls, version, matches, counts, versions)


def choose_t(pool: Pool, counts: Counts, settings: BalanceSettings) -> float:
    """Return the t that the settings ask for: itself, from a tail share or from a size."""
    if settings.tail_share is not None:
        return t_from_tail_share(counts, settings.tail_share)
    if settings.size is not None:
        return t_from_size(pool.matches, counts, settings.size, settings.seed)
    return settings.t if settings.t is not None else DEFAULT_T
