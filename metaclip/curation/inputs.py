"""Collect the inputs of a curation: matches, entry counts and versions; choose its t."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from msgspec import structs

from metaclip.balance.counting import add_counts, count_matches
from metaclip.balance.draws import DrawnMatches
from metaclip.balance.expectation import Size
from metaclip.balance.sampling import t_from_size
from metaclip.balance.thresholds import Counts, t_from_reference, t_from_tail_share
from metaclip.config.balance import DEFAULT_T, BalanceSettings
from metaclip.config.settings import Config
from metaclip.curation.matches import choose_texts, read_matches, read_surviving_matches
from metaclip.errors import InputError
from metaclip.ingest.ledger import list_crawls
from metaclip.report.summaries import InputSummary, SampleSummary
from metaclip.warehouse.lineage import (
    choose_metadata,
    find_curation,
    match_partition,
    require_fresh_counts,
)
from metaclip.warehouse.tables import ENTRY_COUNTS, EXTRACTIONS, METADATA
from metaclip.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Inputs:
    """The matches that a curation is sampled from, their entry counts and their versions.

    `counts` are indexed by entry id. `versions` are the Delta versions of the tables.
    """

    metadata_version: str
    matches: DrawnMatches
    counts: Counts
    versions: dict[str, int]
    summary: InputSummary

    def summarise_sample(self, curation: str, t: float, share: float, size: Size) -> SampleSummary:
        """Return the summary of a sample of these inputs."""
        return SampleSummary(
            **structs.asdict(self.summary),
            curation=curation,
            metadata_version=self.metadata_version,
            t=t,
            tail_share=share,
            expected_size=size.expected,
            expected_sd=size.sd,
            actual_size=size.actual,
        )


def open_inputs(config: Config, warehouse: Warehouse) -> Inputs:
    """Return the inputs that `balance` selects: whole crawls, or the survivors of a parent.

    Raises:
        InputError: a crawl or parent that is not there, a crawl not matched with this
            metadata, tables older than their inputs, a list that is not of the parent.
    """
    settings = config.balance
    make = _open_crawls if settings.parent is None else _open_survivors
    inputs = make(config, warehouse)
    unique = settings.dedup == "all" or len(inputs.summary.crawls) == 1
    chosen = choose_texts(inputs.matches, settings.texts_per_image, settings.seed, unique=unique)
    return replace(inputs, matches=chosen)


def _open_crawls(config: Config, warehouse: Warehouse) -> Inputs:
    version = choose_metadata(warehouse, config.metadata.version)
    crawls = sorted(set(config.balance.crawls)) or list_crawls(warehouse)
    begun = [crawl for crawl in crawls if warehouse.last_change(EXTRACTIONS, {"crawl": crawl})]
    if begun != crawls or not crawls:
        known = ", ".join(list_crawls(warehouse)) or "none"
        found = ", ".join(crawl for crawl in crawls if crawl not in begun) or "none"
        raise InputError("balance.crawls", f"crawls of the warehouse ({known})", found)
    versions = {"metadata": warehouse.version(METADATA)}
    for crawl in crawls:
        partition = match_partition(version, config.matching.spacing, crawl)
        versions.update(require_fresh_counts(warehouse, partition))
    spacing, unique = config.matching.spacing, config.balance.dedup == "all"
    seed = config.balance.seed
    matches = read_matches(warehouse, version, spacing, crawls, seed, unique=unique)
    if unique and len(crawls) > 1:
        counts = _count(warehouse, matches, version)
    else:
        partitions = [match_partition(version, spacing, crawl) for crawl in crawls]
        counts = add_counts(warehouse.read_rows(ENTRY_COUNTS, one) for one in partitions)
    return Inputs(version, matches, counts, versions, InputSummary(crawls=crawls))


def _open_survivors(config: Config, warehouse: Warehouse) -> Inputs:
    """Return the survivors of a curation, counted again, with their conditioned draws."""
    parent = find_curation(warehouse, str(config.balance.parent))
    _require_settings_of(parent.asDict(), config)
    files = config.balance.survivors
    matches, account = read_surviving_matches(warehouse, parent.curation, files)
    return Inputs(
        parent.metadata_version,
        matches,
        _count(warehouse, matches, parent.metadata_version),
        {
            f"curated/{parent.curation}": parent.curated_version,
            "metadata": warehouse.version(METADATA),
        },
        InputSummary(
            crawls=parent.crawls,
            parent=parent.curation,
            parent_size=parent.actual_size,
            **structs.asdict(account),
        ),
    )


def _require_settings_of(parent: dict[str, Any], config: Config) -> None:
    """Refuse settings that contradict the parent, whose rows and draws are used."""
    balance = config.balance
    asked = {
        "balance.crawls": (sorted(set(balance.crawls)) or parent["crawls"], parent["crawls"]),
        "balance.dedup": (balance.dedup, parent["dedup"]),
        "balance.seed": (balance.seed, parent["seed"]),
        "matching.spacing": (config.matching.spacing, parent["spacing"]),
        "metadata.version": (
            config.metadata.version or parent["metadata_version"],
            parent["metadata_version"],
        ),
    }
    for setting, (found, expected) in asked.items():
        if found != expected:
            raise InputError(setting, f"{expected}, as the parent has it", str(found))


def _count(warehouse: Warehouse, matches: DrawnMatches, metadata_version: str) -> Counts:
    entries = warehouse.count_rows(METADATA, {"metadata_version": metadata_version})
    return count_matches(matches.read(["entry_ids"]), entries)


def choose_t(inputs: Inputs, settings: BalanceSettings) -> float:
    """Return the t of the settings: given, or found from a tail share, a size or a ratio."""
    counts = inputs.counts
    if settings.tail_share is not None:
        return t_from_tail_share(counts, settings.tail_share)
    if settings.size is not None:
        return t_from_size(inputs.matches, counts, settings.size)
    if settings.reference_matches is not None:
        return t_from_reference(counts, settings.reference_matches, settings.reference_t)
    return settings.t if settings.t is not None else DEFAULT_T
