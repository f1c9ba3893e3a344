"""Render the summary of a list of entries: figures of each source, and what lint found."""

from __future__ import annotations

from metaclip.report.summaries import MetadataSummary
from metaclip.warehouse.warehouse import Warehouse

_SHOWN = 60


def render_metadata(_: Warehouse, summary: MetadataSummary) -> str:
    """Return the lines for a terminal that follow the line of JSON."""
    lines = [f"{summary.entries:,} entries, version {summary.metadata_version}"]
    if summary.sources:
        figures = summary.sources.get("figures")
        assert isinstance(figures, dict)
        for source, account in figures.items():
            dropped = sum(account["dropped"].values())
            lines.append(
                f"  {source:<8} {account['added']:>9,} added of {account['candidates']:,}: "
                f"{account['known']:,} known, {account['cut']:,} cut, {dropped:,} dropped"
            )
    for check, finding in summary.lint.items():
        examples = ", ".join(repr(example[:_SHOWN]) for example in finding.examples)
        lines.append(f"  lint: {finding.count:,} {check.replace('_', ' ')}, such as {examples}")
        if finding.matches_under:
            others = finding.matches_under.items()
            found = ", ".join(f"{count:,} under {spacing}" for spacing, count in others)
            lines.append(f"        of these can match: {found}")
    return "\n".join(lines)
