"""Why a pair is in a curation, or is not: each step from its text to its draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Row
from pyspark.sql import functions as F

from metaclip.balance.counting import collect_counts
from metaclip.balance.probability import enters_at, keep_probability
from metaclip.balance.sampling import draw_column
from metaclip.balance.thresholds import Counts
from metaclip.config.settings import Spacing
from metaclip.matching.spacing import entry_pattern, space_text
from metaclip.warehouse.lineage import find_curation
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, CURATIONS, METADATA
from metaclip.warehouse.warehouse import Warehouse

Found = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One text, of a pair or of nobody, and the rows of `pairs` that have it."""

    text: str
    pair_id: str | None = None
    image_url: str | None = None
    origins: list[Found] = field(default_factory=list)


class Explainer:
    """Explains texts by the curations of a warehouse, each read once."""

    def __init__(self, warehouse: Warehouse, curation: str | None) -> None:
        """Explain by one curation, or by all there are (none before the first sample).

        Raises:
            InputError: there is no such curation.
        """
        self._warehouse = warehouse
        names = [curation] if curation else _list_curations(warehouse)
        self._curations = {name: find_curation(warehouse, name) for name in names}
        self._entries = cache(self._read_entries)
        self._counts = cache(self._read_counts)

    def explain(self, asked: Asked) -> Found:
        """Return, as JSON takes it, the spaced text and what each curation makes of it."""
        judged = [self._judge(asked, row) for row in self._curations.values()]
        return {
            "pair_id": asked.pair_id,
            "image_url": asked.image_url,
            "text": asked.text,
            "spaced_text": space_text(asked.text),
            "curations": judged,
            "found_at": asked.origins,
        }

    def _judge(self, asked: Asked, row: Row) -> Found:
        version, spacing = row.metadata_version, row.spacing
        counts = self._counts(row.curation)
        entries = find_entries(asked.text, self._entries(version), spacing)
        for entry in entries:
            count = int(counts[entry["entry_id"]])
            entry |= {"count": count, "probability": row.t / max(row.t, count)}
        ids = [entry["entry_id"] for entry in entries]
        kept = self._kept_row(asked.pair_id, row.curation)
        judged: Found = {"keep_probability": _keep(ids, counts, row.t) if ids else 0.0}
        judged |= {"draw": None, "enters_at": None}
        if kept is not None:
            judged = {name: kept[name] for name in ("keep_probability", "draw", "enters_at")}
        elif asked.pair_id is not None and ids:
            draw = self._draw(asked.pair_id, row)
            if draw is not None:
                judged |= {"draw": draw, "enters_at": _enter(ids, counts, draw)}
        return {
            "curation": row.curation,
            "t": row.t,
            "entries": entries,
            **judged,
            "kept": kept is not None,
            "why": _why(asked, ids, judged, kept is not None, row),
        }

    def _kept_row(self, pair_id: str | None, curation: str) -> Row | None:
        if pair_id is None:
            return None
        curated = self._warehouse.read_partition(CURATED, {"curation": curation})
        return curated.where(F.col("pair_id") == pair_id).orderBy("crawl").first()

    def _draw(self, pair_id: str, row: Row) -> float | None:
        if row.parent is not None:
            kept = self._kept_row(pair_id, row.parent)
            return kept.draw / kept.keep_probability if kept is not None else None
        frame = self._warehouse.spark.createDataFrame([(pair_id,)], "pair_id string")
        first = frame.select(draw_column(row.seed).alias("draw")).collect()[0]
        return float(first.draw)

    def _read_entries(self, version: str) -> list[str]:
        rows = self._warehouse.read_partition(METADATA, {"metadata_version": version})
        entries: list[str] = rows.orderBy("entry_id").select("entry").toArrow()["entry"].to_pylist()
        return entries

    def _read_counts(self, curation: str) -> Counts:
        rows = self._warehouse.read_partition(CURATION_COUNTS, {"curation": curation})
        return collect_counts(rows)


def find_entries(text: str, entries: Sequence[str], spacing: Spacing) -> list[Found]:
    """Return the entries that a text has, by looking for each of them.

    `positions` are those of the entry's first character in the spaced text, from 0.
    """
    spaced = space_text(text)
    found = []
    for entry_id, entry in enumerate(entries):
        pattern = entry_pattern(entry, spacing)
        if pattern in spaced:
            positions = [at + 1 for at in range(len(spaced)) if spaced.startswith(pattern, at)]
            found.append({"entry_id": entry_id, "entry": entry, "positions": positions})
    return found


def _list_curations(warehouse: Warehouse) -> list[str]:
    if not warehouse.exists(CURATIONS):
        return []
    return sorted(row.curation for row in warehouse.read(CURATIONS).select("curation").collect())


def _keep(ids: list[int], counts: Counts, t: float) -> float:
    column = pa.array([ids], pa.list_(pa.int32()))
    return float(keep_probability(column, counts.astype(np.float64), t)[0].as_py())


def _enter(ids: list[int], counts: Counts, draw: float) -> float:
    column = pa.array([ids], pa.list_(pa.int32()))
    entered = enters_at(column, counts.astype(np.float64), pa.array([draw]))
    return float(entered[0].as_py())


def _why(asked: Asked, ids: list[int], judged: Found, kept: bool, row: Row) -> str:
    """Return one sentence."""
    keep, draw = judged["keep_probability"], judged["draw"]
    crawls = {origin["crawl"] for origin in asked.origins}
    if kept:
        return f"kept: the draw {draw:.6g} is below the keep probability {keep:.6g}"
    if not ids:
        return "not kept: no entry is found in the text"
    if asked.pair_id is None:
        return f"a text alone has no draw; a pair with it is kept with probability {keep:.6g}"
    if draw is not None and draw >= keep:
        return f"not kept: the draw {draw:.6g} is not below the keep probability {keep:.6g}"
    if not crawls & set(row.crawls):
        return f"not kept: the pair is in none of the crawls {', '.join(row.crawls)}"
    return "not kept: it was not among the pairs that this curation was sampled from"
