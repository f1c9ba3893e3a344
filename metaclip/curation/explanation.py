"""Explain why a pair is in a curation or not: each step from its text to its draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
import pyarrow as pa
from pyspark.sql import Row
from pyspark.sql import functions as F

from metaclip.balance.counting import add_counts
from metaclip.balance.draws import draws
from metaclip.balance.probability import enters_at, keep_probability
from metaclip.balance.thresholds import Counts
from metaclip.config.settings import ExplainSettings, Spacing
from metaclip.errors import InputError
from metaclip.matching.spacing import entry_pattern, space_text
from metaclip.removals.requests import keys_of, read_removals
from metaclip.report.explanation import Explained, FoundEntry, Judgement, Origin
from metaclip.warehouse.ids import pair_id
from metaclip.warehouse.lineage import find_curation, list_curations, read_entry_texts
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, EXTRACTIONS
from metaclip.warehouse.views import read_view
from metaclip.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Question:
    """One text to explain, of a pair or of none, and the rows of `pairs` that have it."""

    text: str
    pair_id: str | None = None
    image_url: str | None = None
    origins: list[Origin] = field(default_factory=list)


def find_questions(settings: ExplainSettings, warehouse: Warehouse) -> list[Question]:
    """Return a question for each pair that the settings ask about; a text needs no pair.

    Raises:
        InputError: nothing is asked, or there is no such pair.
    """
    pair, image, text = settings.pair, settings.image, settings.text
    if (pair is None) == (image is None and text is None):
        raise InputError("explain", "either --pair, or --image, --text or both", "neither or more")
    if text is not None:
        wanted = None if image is None else pair_id(image, text)
        origins = _read_origins(warehouse, "pair_id", [wanted] if wanted else [])
        return [Question(text, wanted, image, origins)]
    kind, value = ("pair_id", pair) if pair is not None else ("image_url", image)
    keys = keys_of(kind, str(value))
    origins = _read_origins(warehouse, kind.replace("_url", "_id"), keys)
    if not origins:
        removals = read_removals(warehouse)
        removed = removals is not None and removals.keys.where(F.col("key").isin(keys)).count()
        found = "one that was removed" if removed else "none"
        raise InputError(f"--{'pair' if pair else 'image'} {value}", "a pair of the pool", found)
    questions: dict[str, Question] = {}
    for row in origins:
        new = Question(row.text, row.pair_id, row.image_url)
        questions.setdefault(row.pair_id, new).origins.append(row)
    return list(questions.values())


def _read_origins(warehouse: Warehouse, column: str, keys: Sequence[str]) -> list[Origin]:
    if not keys or not warehouse.exists(EXTRACTIONS):
        return []
    pairs = read_view(warehouse, "pairs").where(F.col(column).isin(list(keys)))
    rows = pairs.orderBy("pair_id", "crawl", "path", "page_url")
    times = rows.withColumn("fetched_at", F.col("fetched_at").cast("string"))
    return [Origin(**row.asDict()) for row in times.collect()]


class Explainer:
    """Explains texts by the curations of a warehouse, each read once."""

    def __init__(self, warehouse: Warehouse, curation: str | None) -> None:
        """Explain by one curation, or by all there are (none before the first sample).

        Raises:
            InputError: there is no such curation.
        """
        self._warehouse = warehouse
        names = [curation] if curation else list_curations(warehouse)
        self._curations = {name: find_curation(warehouse, name) for name in names}
        self._entries = cache(partial(read_entry_texts, warehouse))
        self._counts = cache(self._read_counts)

    def explain(self, question: Question) -> Explained:
        """Return the spaced text, and each curation's judgement of it."""
        return Explained(
            pair_id=question.pair_id,
            image_url=question.image_url,
            text=question.text,
            spaced_text=space_text(question.text),
            curations=[self._judge(question, row) for row in self._curations.values()],
            found_at=question.origins,
        )

    def _judge(self, question: Question, row: Row) -> Judgement:
        counts = self._counts(row.curation)
        found = find_entries(question.text, self._entries(row.metadata_version), row.spacing)
        ids = [entry_id for entry_id, _, _ in found]
        kept = self._kept_row(question.pair_id, row.curation)
        keep, draw, enters = self._numbers(question.pair_id, ids, counts, row, kept)
        return Judgement(
            curation=row.curation,
            t=row.t,
            entries=[
                FoundEntry(*entry, int(counts[entry[0]]), row.t / max(row.t, int(counts[entry[0]])))
                for entry in found
            ],
            keep_probability=keep,
            draw=draw,
            enters_at=enters,
            kept=kept is not None,
            why=_why(question, ids, keep, draw, kept is not None, row.crawls),
        )

    def _numbers(
        self, pair: str | None, ids: list[int], counts: Counts, row: Row, kept: Row | None
    ) -> tuple[float, float | None, float | None]:
        """Return keep probability, draw and enters_at; of a kept pair as `curated` has them."""
        if kept is not None:
            return kept.keep_probability, kept.draw, kept.enters_at
        if not ids:
            return 0.0, None, None
        keep = _keep(ids, counts, row.t)
        draw = None if pair is None else self._draw(pair, row)
        return keep, draw, None if draw is None else _enter(ids, counts, draw)

    def _kept_row(self, pair: str | None, curation: str) -> Row | None:
        if pair is None:
            return None
        curated = self._warehouse.read_partition(CURATED, {"curation": curation})
        return curated.where(F.col("pair_id") == pair).orderBy("crawl").first()

    def _draw(self, pair: str, row: Row) -> float | None:
        if row.parent is not None:
            kept = self._kept_row(pair, row.parent)
            return kept.draw / kept.keep_probability if kept is not None else None
        return float(draws(pa.array([pair]), row.seed)[0].as_py())

    def _read_counts(self, curation: str) -> Counts:
        return add_counts([self._warehouse.read_rows(CURATION_COUNTS, {"curation": curation})])


def find_entries(
    text: str, entries: Sequence[str], spacing: Spacing
) -> list[tuple[int, str, list[int]]]:
    """Return (entry_id, entry, positions) of the entries in a text, by a search for each.

    Positions are those of the entry's first character in the spaced text, from 0.
    """
    spaced = space_text(text)
    found = []
    for entry_id, entry in enumerate(entries):
        pattern = entry_pattern(entry, spacing)
        if pattern in spaced:
            positions = [at + 1 for at in range(len(spaced)) if spaced.startswith(pattern, at)]
            found.append((entry_id, entry, positions))
    return found


def _keep(ids: list[int], counts: Counts, t: float) -> float:
    column = pa.array([ids], pa.list_(pa.int32()))
    return float(keep_probability(column, counts.astype(np.float64), t)[0].as_py())


def _enter(ids: list[int], counts: Counts, draw: float) -> float:
    column = pa.array([ids], pa.list_(pa.int32()))
    entered = enters_at(column, counts.astype(np.float64), pa.array([draw]))
    return float(entered[0].as_py())


def _why(
    question: Question,
    ids: list[int],
    keep: float,
    draw: float | None,
    kept: bool,
    crawls: Sequence[str],
) -> str:
    """Return the reason in one sentence."""
    if kept:
        return f"kept: the draw {draw:.6g} is below the keep probability {keep:.6g}"
    if not ids:
        return "not kept: no entry is found in the text"
    if question.pair_id is None:
        return f"a text alone has no draw; a pair with it is kept with probability {keep:.6g}"
    if draw is not None and draw >= keep:
        return f"not kept: the draw {draw:.6g} is not below the keep probability {keep:.6g}"
    if not {origin.crawl for origin in question.origins} & set(crawls):
        return f"not kept: the pair is in none of the crawls {', '.join(crawls)}"
    return "not kept: it was not among the pairs that this curation was sampled from"
