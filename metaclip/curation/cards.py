"""Gather the facts and the entry counts that an exported curation is published with."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import Row

from metaclip.config.settings import CardSettings
from metaclip.curation.reopening import reopen_pool
from metaclip.report.card_facts import CardFacts, TextFile, count_languages
from metaclip.report.funnel import count_funnel
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, METADATA
from metaclip.warehouse.warehouse import Warehouse

_COUNTS = {
    "entry_counts.json": ("count", "pairs of the pool that have each entry"),
    "curated_entry_counts.json": ("kept", "pairs of the curation that have each entry"),
}


def gather_facts(
    warehouse: Warehouse,
    settings: CardSettings,
    curation: Row,
    images: int,
    counts: Sequence[TextFile],
) -> CardFacts:
    """Return the facts of a curation's cards.

    Args:
        curation: the curation's row of `curations`.
        images: the number of exported images.
        counts: the files of entry counts.
    """
    curated = warehouse.read_partition(CURATED, {"curation": curation.curation})
    # The list of a parent's survivors may be gone by now; the other figures do not need it.
    pool = reopen_pool(warehouse, curation).frame().count() if curation.parent is None else None
    funnel = count_funnel(warehouse, curation, pool)
    return CardFacts(settings, curation, funnel, images, count_languages(curated), counts)


def render_all_counts(warehouse: Warehouse, name: str, version: str) -> list[TextFile]:
    """Return the entry counts of the pool and of the curation `name`, each as a file."""
    counts = warehouse.read_rows(CURATION_COUNTS, {"curation": name})
    columns = ("entry_id", "entry", "language")
    entries = warehouse.read_rows(METADATA, {"metadata_version": version}, columns)
    return [
        TextFile(file, render_counts(counts, entries, column), description)
        for file, (column, description) in _COUNTS.items()
    ]


def render_counts(counts: pa.Table, entries: pa.Table, column: str) -> str:
    """Return a JSON object from each entry to its count, in the order of the ids.

    The paper's repository publishes counts in this form. Where the entries have several
    languages, the object holds one such object for each language.

    Args:
        counts: (entry_id, the column of that name).
        entries: (entry_id, entry, language).
    """
    rows = counts.select(["entry_id", column]).join(entries, "entry_id", join_type="inner")
    table = rows.sort_by("entry_id").select(["language", "entry", column])
    by_language: dict[str, dict[str, int]] = {}
    for language, entry, count in zip(*table.to_pydict().values(), strict=True):
        by_language.setdefault(language or "none", {})[entry] = count
    several = len(by_language) > 1
    shown = by_language if several else next(iter(by_language.values()), {})
    return json.dumps(shown, ensure_ascii=False, indent=0) + "\n"
