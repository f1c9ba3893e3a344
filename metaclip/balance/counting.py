"""Count the pairs in which each entry was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from metaclip.balance.thresholds import Counts
from metaclip.errors import MetaclipError
from metaclip.warehouse.tasks import Tasks


def count_matches(matches: Tasks, entries: int) -> Counts:
    """Return the counts of all entries, indexed by entry id, from one pass over `matches`.

    A task also gives its number of matches, under the id -1; with these the counts are checked.

    Args:
        matches: tasks that yield the `entry_ids` of unique pairs.
        entries: number of entries.

    Raises:
        MetaclipError: the counts do not add up to the matches.
    """
    make_rows = matches.make_rows

    def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return count_rows(make_rows(batches), entries)

    parts = matches.given.mapInArrow(count, "entry_id int, count bigint")
    rows = parts.groupBy("entry_id").agg(F.sum("count").alias("count")).toArrow()
    ids, numbers = rows["entry_id"].to_numpy(), rows["count"].to_numpy()
    counts = _counts_of(ids[ids >= 0], numbers[ids >= 0], entries)
    matched = int(numbers[ids < 0].sum())
    if int(counts.sum()) != matched:
        raise MetaclipError(
            f"entry counts add up to {counts.sum()}, but there are {matched} matches"
        )
    return counts


def count_rows(batches: Iterable[pa.RecordBatch], entries: int) -> Iterator[pa.RecordBatch]:
    """Yield (entry_id, count) of the entries in rows with `entry_ids`, and their number as -1."""
    counts, matches = np.zeros(entries, dtype=np.int64), 0
    for rows in batches:
        lists = rows.column("entry_ids")
        matches += pc.sum(pc.list_value_length(lists)).as_py() or 0
        found = np.bincount(lists.flatten().to_numpy(), minlength=len(counts))
        found[: len(counts)] += counts
        counts = found
    ids = np.flatnonzero(counts)
    columns = np.append(ids, -1).astype(np.int32), np.append(counts[ids], matches)
    yield pa.RecordBatch.from_arrays([pa.array(c) for c in columns], ["entry_id", "count"])


def add_counts(tables: Iterable[pa.Table]) -> Counts:
    """Return the counts of all entries, indexed by entry id: the sums over `tables`."""
    rows = pa.concat_tables([table.select(["entry_id", "count"]) for table in tables])
    return _counts_of(rows["entry_id"].to_numpy(), rows["count"].to_numpy(), 0)


def _counts_of(ids: Counts, numbers: Counts, entries: int) -> Counts:
    """Return the sums of `numbers` by id, of `entries` ids or of all up to the largest."""
    result = np.zeros(max(entries, int(ids.max(initial=-1)) + 1), dtype=np.int64)
    np.add.at(result, ids, numbers)
    return result


def counts_table(counts: Counts) -> pa.Table:
    """Return (entry_id int, count bigint) of all entries."""
    ids = np.arange(len(counts), dtype=np.int32)
    return pa.table({"entry_id": ids, "count": counts})
