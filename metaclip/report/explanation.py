"""Declare the explanation of a pair or text, and render it for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class FoundEntry(Struct, frozen=True):
    """An entry found in a text; `positions` of its first character in the spaced text, from 0."""

    entry_id: int
    entry: str
    positions: list[int]
    count: int
    probability: float


class Judgement(Struct, frozen=True):
    """One curation's result for a text; draw and enters_at only where there is a pair."""

    curation: str
    t: float
    entries: list[FoundEntry]
    keep_probability: float
    draw: float | None
    enters_at: float | None
    kept: bool
    why: str


class Origin(Struct, frozen=True):
    """A row of `pairs` that has the text: its crawl, file, page and record."""

    crawl: str
    path: str
    pair_id: str
    image_id: str
    image_url: str
    text: str
    text_source: str | None
    page_url: str | None
    fetched_at: str | None
    warc_file: str | None
    warc_offset: int | None
    source_id: str | None


class Explained(Struct, frozen=True):
    """One text, of a pair or of none, as each curation judges it."""

    pair_id: str | None
    image_url: str | None
    text: str
    spaced_text: str
    curations: list[Judgement]
    found_at: list[Origin]


def render_explanation(explained: Sequence[Explained]) -> str:
    """Return the explanations of pairs or texts as lines for a person."""
    return "\n".join(line for one in explained for line in ["", *_render(one)])


def _render(one: Explained) -> list[str]:
    lines = []
    if one.pair_id is not None:
        lines += [f"Pair {one.pair_id}", f"  image   {one.image_url}"]
    lines += [f"  text    {one.text}", f"  spaced  [{one.spaced_text}]"]
    lines += [line for judged in one.curations for line in _render_judgement(judged)]
    if not one.curations:
        lines.append("  no curation yet: run sample_pairs")
    for row in one.found_at:
        page = f" on {row.page_url}" if row.page_url else ""
        offset = "" if row.warc_offset is None else f" at byte {row.warc_offset}"
        lines.append(
            f"  found in crawl {row.crawl}, file {row.path}"
            f" ({row.warc_file or 'a pool'}{offset}){page}"
        )
    return lines


def _render_judgement(judged: Judgement) -> list[str]:
    lines = [f"  curation {judged.curation}, t = {judged.t:.17g}"]
    if judged.entries:
        lines.append(f"    {'entry':<24}{'id':>8}{'count':>12}{'p':>10}  positions")
    for entry in judged.entries:
        positions = ", ".join(map(str, entry.positions))
        lines.append(
            f"    {entry.entry[:23]:<24}{entry.entry_id:>8}{entry.count:>12,}"
            f"{entry.probability:>10.6f}  {positions}"
        )
    lines.append(f"    keep probability  {judged.keep_probability:.17g}")
    for name, value in (("draw", judged.draw), ("enters at", judged.enters_at)):
        if value is not None:
            lines.append(f"    {name:<18}{value:.17g}")
    return [*lines, f"    {judged.why}"]
