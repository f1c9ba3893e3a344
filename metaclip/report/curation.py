"""Gather all figures of one curation, or of two that are compared."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from metaclip.balance.draws import DrawnMatches
from metaclip.balance.thresholds import Counts
from metaclip.errors import InputError
from metaclip.report.distributions import Distributions, count_distributions
from metaclip.report.entry_figures import EntryFigures, compute_entries
from metaclip.report.entry_lists import EntryLists, list_entries
from metaclip.report.funnel import Funnel, count_funnel, count_overlaps
from metaclip.report.provenance import Provenance, describe_provenance
from metaclip.report.samples import SampledPair, sample_for_reading
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, METADATA
from metaclip.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Comparison:
    """Another curation of the same metadata: its size and counts, and the pairs of both."""

    name: str
    t: float
    tail_share: float
    size: int
    shared: int
    only_here: int
    only_there: int
    counts: Counts
    kept: Counts


@dataclass(frozen=True)
class CurationReport:
    """Everything that the page shows.

    `row` is the curation's row of `curations`. `overlaps` is empty for one crawl.
    """

    row: Row
    funnel: Funnel
    entries: EntryFigures
    lists: EntryLists
    distributions: Distributions
    overlaps: list[list[int]]
    samples: list[SampledPair]
    provenance: Provenance
    against: Comparison | None


@dataclass(frozen=True)
class _Tables:
    """The rows of one curation; its counts in the driver, sorted by entry id."""

    row: Row
    curated: DataFrame
    counts: pa.Table


def gather_report(
    warehouse: Warehouse, row: Row, pool: DrawnMatches, against: Row | None = None
) -> CurationReport:
    """Return the figures of a curation; of pairs, the driver holds sums alone.

    Args:
        row: the curation's row of `curations`.
        pool: the rows that it was sampled from.
        against: the row of another curation.

    Raises:
        InputError: the pool does not give the curation's counts, or the two curations are
            of different metadata.
    """
    if against is not None and against.metadata_version != row.metadata_version:
        found = f"{row.metadata_version} and {against.metadata_version}"
        raise InputError("report.against", "a curation of the same metadata", found)
    ours = _open(warehouse, row)
    metadata = {"metadata_version": row.metadata_version}
    columns = ("entry_id", "entry", "language", "source")
    listed = warehouse.read_rows(METADATA, metadata, columns).sort_by("entry_id")
    entries = compute_entries(pool, ours.counts, row.t)
    _require_same_pool(row, entries)
    distributions = count_distributions(pool.frame(), ours.curated)
    return CurationReport(
        row=row,
        funnel=count_funnel(warehouse, row, sum(bar.before for bar in distributions.matches)),
        entries=entries,
        lists=list_entries(ours.counts, listed),
        distributions=distributions,
        overlaps=count_overlaps(warehouse, row) if len(row.crawls) > 1 else [],
        samples=sample_for_reading(ours.curated, entries.counts, listed),
        provenance=describe_provenance(warehouse.root, row),
        against=None if against is None else _compare(ours, _open(warehouse, against)),
    )


def _open(warehouse: Warehouse, row: Row) -> _Tables:
    partition = {"curation": row.curation}
    curated = warehouse.read_partition(CURATED, partition)
    columns = ("entry_id", "count", "probability", "expected", "kept")
    counts = warehouse.read_rows(CURATION_COUNTS, partition, columns).sort_by("entry_id")
    return _Tables(row, curated, counts)


def _require_same_pool(row: Row, entries: EntryFigures) -> None:
    """Refuse tables that hold other rows than those the curation was sampled from.

    The draws of the pool give the curation's counts again, or the pool has changed.
    """
    differing = int((entries.kept != entries.recounted).sum())
    if differing:
        raise InputError(
            f"curation {row.curation}",
            "the matches that it was sampled from",
            f"others: {differing:,} of {len(entries.kept):,} entries have other counts",
            f"run sample_pairs with balance.curation={row.curation}",
        )


def _compare(ours: _Tables, theirs: _Tables) -> Comparison:
    """Return how another curation differs. A pair of several crawls counts once."""
    here, there = (
        tables.curated.select("pair_id").distinct().withColumn(side, F.lit(1))
        for tables, side in ((ours, "here"), (theirs, "there"))
    )
    both = here.join(there, on="pair_id", how="full")
    is_here, is_there = F.col("here").isNotNull(), F.col("there").isNotNull()
    [shared, only_here, only_there] = both.agg(
        F.count_if(is_here & is_there), F.count_if(~is_there), F.count_if(~is_here)
    ).collect()[0]
    count, kept = (theirs.counts[name].to_numpy() for name in ("count", "kept"))
    row = theirs.row
    return Comparison(
        row.curation,
        row.t,
        row.tail_share,
        row.actual_size,
        shared,
        only_here,
        only_there,
        count,
        kept,
    )
