"""List entries by name: the largest before and after, those never hit, groups of entries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LARGEST = 20
UNHIT = 60


@dataclass(frozen=True)
class NamedEntry:
    """One entry with its row of `curation_counts`; `language` is empty where it has none."""

    entry: str
    language: str
    count: int
    probability: float
    expected: float
    kept: int


@dataclass(frozen=True)
class EntryGroup:
    """The entries of one language or source: their number, hits and matches."""

    name: str
    entries: int
    hit_before: int
    hit_after: int
    before: int
    after: int


@dataclass(frozen=True)
class EntryLists:
    """Entries as a person reads them.

    Attributes:
        before, after: the largest entries of the pool and of the curation.
        unhit: some entries without a match in the pool.
        languages, sources: groups, largest first.
    """

    before: list[NamedEntry]
    after: list[NamedEntry]
    unhit: list[str]
    languages: list[EntryGroup]
    sources: list[EntryGroup]


def list_entries(counts: pa.Table, entries: pa.Table) -> EntryLists:
    """Return the lists of a curation.

    Args:
        counts: the rows of `curation_counts` of the curation, sorted by entry id.
        entries: the entries of its metadata with language and source, sorted by entry id.
    """
    named = entries
    for name in ("count", "probability", "expected", "kept"):
        named = named.append_column(name, counts[name])
    never_hit = named.filter(pc.field("count") == 0)["entry"]
    # Spread over a list that is sorted by source.
    spread = np.unique(np.linspace(0, max(0, len(never_hit) - 1), UNHIT).astype(np.int64))
    return EntryLists(
        before=_largest(named, "count"),
        after=_largest(named, "kept"),
        unhit=never_hit.take(spread[: len(never_hit)]).to_pylist(),
        languages=_group(named, "language"),
        sources=_group(named, "source"),
    )


def _largest(named: pa.Table, by: str) -> list[NamedEntry]:
    hit = named.filter(pc.field(by) > 0)
    order = pc.SelectKOptions(k=LARGEST, sort_keys=[(by, "descending"), ("entry_id", "ascending")])
    largest = hit.take(pc.select_k_unstable(hit, options=order))
    columns = ("entry", "language", "count", "probability", "expected", "kept")
    rows = largest.select(columns).to_pylist()
    return [NamedEntry(**{**row, "language": row["language"] or ""}) for row in rows]


def _group(named: pa.Table, column: str) -> list[EntryGroup]:
    figures = {
        "name": pc.fill_null(named[column], "none"),
        "hit_before": pc.cast(pc.greater(named["count"], 0), pa.int64()),
        "hit_after": pc.cast(pc.greater(named["kept"], 0), pa.int64()),
        "before": named["count"],
        "after": named["kept"],
    }
    sums = [(name, "sum") for name in figures if name != "name"]
    groups = pa.table(figures).group_by("name").aggregate([([], "count_all"), *sums])
    rows = groups.sort_by([("before_sum", "descending"), ("name", "ascending")]).to_pylist()
    return [
        EntryGroup(row["name"], row["count_all"], *(row[f"{name}_sum"] for name, _ in sums))
        for row in rows
    ]
