"""An explanation as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def render_explanation(explained: Sequence[dict[str, Any]]) -> str:
    """Return the report of pairs or texts that were explained."""
    return "\n".join(line for one in explained for line in ["", *_render(one)])


def _render(one: dict[str, Any]) -> list[str]:
    lines = []
    if one["pair_id"] is not None:
        lines += [f"Pair {one['pair_id']}", f"  image   {one['image_url']}"]
    lines += [f"  text    {one['text']}", f"  spaced  [{one['spaced_text']}]"]
    lines += [line for judged in one["curations"] for line in _render_curation(judged)]
    if not one["curations"]:
        lines.append("  no curation yet: run sample_pairs")
    for row in one["found_at"]:
        page = f" on {row['page_url']}" if row["page_url"] else ""
        offset = "" if row["warc_offset"] is None else f" at byte {row['warc_offset']}"
        lines.append(
            f"  found in crawl {row['crawl']}, file {row['path']}"
            f" ({row['warc_file'] or 'a pool'}{offset}){page}"
        )
    return lines


def _render_curation(judged: dict[str, Any]) -> list[str]:
    lines = [f"  curation {judged['curation']}, t = {judged['t']:.17g}"]
    if judged["entries"]:
        lines.append(f"    {'entry':<24}{'id':>8}{'count':>12}{'p':>10}  positions")
    for entry in judged["entries"]:
        positions = ", ".join(map(str, entry["positions"]))
        lines.append(
            f"    {entry['entry'][:23]:<24}{entry['entry_id']:>8}{entry['count']:>12,}"
            f"{entry['probability']:>10.6f}  {positions}"
        )
    lines.append(f"    keep probability  {judged['keep_probability']:.17g}")
    for name in ("draw", "enters_at"):
        if judged[name] is not None:
            lines.append(f"    {name.replace('_', ' '):<18}{judged[name]:.17g}")
    return [*lines, f"    {judged['why']}"]
