"""Render the end of a run of the whole flow for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET

from metaclip.report.summaries import CrawlSummary, CurateSummary, MatchSummary
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, METADATA
from metaclip.warehouse.warehouse import Warehouse

_EXAMPLE = ("keep_probability", "pair_id", "text")
_EXAMPLES = 5
_ORDERS = {
    "head": [("keep_probability", "ascending"), ("pair_id", "ascending")],
    "tail": [("keep_probability", "descending"), ("pair_id", "ascending")],
}


def render_curation(warehouse: Warehouse, done: CurateSummary) -> str:
    """Return the figures of a finished curation, its largest entries and some captions."""
    sampled = done.sample_pairs
    return "\n".join(
        [
            "",
            f"Curation {sampled.curation} of {', '.join(sampled.crawls)}",
            *(f"  {name:<16}{value}" for name, value in _figures(done)),
            "",
            *_largest_entries(warehouse, sampled.curation, sampled.metadata_version),
            "",
            *_examples(warehouse, sampled.curation),
            "",
            f"The tables lie in {warehouse.root}. To open them in Python:",
            "",
            "    import metaclip",
            f'    warehouse = metaclip.open_warehouse("{warehouse.root}")',
            '    warehouse["curated"].show()',
        ]
    )


def _figures(done: CurateSummary) -> list[tuple[str, str]]:
    files, matched, counted = done.files, done.match_entries, done.count_entries
    sampled = done.sample_pairs
    return [
        ("files", f"{files.files:,} ({_listed(files.status)})"),
        ("records", f"{files.records:,}, pages {files.pages:,}{_dropped(files.dropped_records)}"),
        (
            "images",
            f"{files.images:,}, kept {files.images_kept:,}"
            f"{_lazy(files)}{_dropped(files.dropped_images)}",
        ),
        ("pairs", f"{files.pairs:,}"),
        ("unique pairs", f"{matched.unique_pairs:,}"),
        ("matched pairs", f"{matched.matched:,}"),
        *_languages(matched),
        ("matches", f"{counted.matches:,}"),
        ("entries hit", f"{counted.entries_hit:,} of {counted.entries:,}"),
        ("t", f"{sampled.t:.17g}"),
        ("tail share", f"{sampled.tail_share:.4f}"),
        ("expected size", f"{sampled.expected_size:,.1f} ± {sampled.expected_sd:,.1f}"),
        ("actual size", f"{sampled.actual_size:,}"),
    ]


def _languages(matched: MatchSummary) -> list[tuple[str, str]]:
    if matched.languages is UNSET:
        return []
    dropped = matched.other_languages
    text = f"; dropped {_listed(dropped)}" if dropped else ""
    return [("languages", f"{_listed(matched.languages)}{text}")]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def _lazy(files: CrawlSummary) -> str:
    return f" ({files.lazy_images:,} of them lazy)" if files.lazy_images else ""


def _dropped(counts: dict[str, int]) -> str:
    return f", dropped {_listed(counts)}" if counts else ""


def _largest_entries(warehouse: Warehouse, curation: str, version: str) -> list[str]:
    order = [("count", "descending"), ("entry_id", "ascending")]
    counts = warehouse.read_rows(CURATION_COUNTS, {"curation": curation})
    top = counts.take(pc.select_k_unstable(counts, 10, order)).sort_by(order)
    listed = warehouse.read_rows(METADATA, {"metadata_version": version}, ["entry_id", "entry"])
    named = listed.filter(pc.is_in(listed["entry_id"], top["entry_id"])).to_pylist()
    entries = {row["entry_id"]: row["entry"] for row in named}
    lines = [f"  {'largest entries':<24}{'count':>10}{'p':>10}{'expected':>12}{'kept':>8}"]
    for row in top.to_pylist():
        lines.append(
            f"  {entries[row['entry_id']][:22]:<24}{row['count']:>10,}{row['probability']:>10.4f}"
            f"{row['expected']:>12,.1f}{row['kept']:>8,}"
        )
    return lines


def _examples(warehouse: Warehouse, curation: str) -> list[str]:
    """Return five captions of the head and five of the tail, by their keep probability."""
    given, make_rows, _ = warehouse.scan(CURATED, {"curation": curation}, _EXAMPLE)

    def choose(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in make_rows(batches):
            for side, order in _ORDERS.items():
                first = rows.take(pc.select_k_unstable(rows, _EXAMPLES, order))
                yield first.append_column("side", pa.repeat(side, first.num_rows))

    schema = "keep_probability double, pair_id string, text string, side string"
    found = given.mapInArrow(choose, schema).toArrow()
    lines = []
    for side, order in _ORDERS.items():
        lines.append(f"  captions of the {side}, with their keep probability")
        chosen = found.filter(pc.field("side") == side).sort_by(order).slice(0, _EXAMPLES)
        for row in chosen.to_pylist():
            lines.append(f"    {row['keep_probability']:.3f}  {row['text'][:90]}")
    return lines
