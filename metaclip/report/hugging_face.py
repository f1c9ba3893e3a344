"""Describe an export as the Hugging Face hub reads it: README.md with a YAML head."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from metaclip.report.card_facts import CardFacts

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
    (10_000_000_000, "1B<n<10B"),
    (100_000_000_000, "10B<n<100B"),
    (1_000_000_000_000, "100B<n<1T"),
)
"""The hub's size categories, each with the number of rows that it is below of."""


def render_readme(facts: CardFacts) -> str:
    """Return the card; the head holds what the hub indexes, the text what a person asks."""
    head = yaml.safe_dump(_head(facts), allow_unicode=True, sort_keys=False)
    body = [
        f"# {_plain(facts.name)}",
        facts.description,
        *_contact(facts),
        "## From files to curated pairs",
        _table(
            ("step", "number", "dropped"),
            [(step.name, f"{step.number:,}", _listed(step.drops)) for step in facts.steps],
        ),
        "## Crawls",
        _table(
            ("crawl", "files read", "pages", "pairs", "unique", "matched"),
            [
                (
                    crawl.read.crawl,
                    f"{crawl.read.status.get('done', 0):,} of {crawl.read.files:,}",
                    f"{crawl.read.pages:,}",
                    f"{crawl.read.pairs:,}",
                    f"{crawl.unique_pairs:,}",
                    f"{crawl.matched:,}",
                )
                for crawl in facts.funnel.crawls
            ],
        ),
        "## Balance",
        _table(("figure", "value"), _balance(facts)),
        "## Files",
        "- `images/*.parquet`: one row for each image; `caption` is the text with the greatest "
        "keep probability, `captions` holds all.",
        *(f"- `{file.name}`: {file.description}" for file in facts.counts),
    ]
    return f"---\n{head}---\n\n" + "\n\n".join(body) + "\n"


def _head(facts: CardFacts) -> dict[str, object]:
    head: dict[str, object] = {"pretty_name": facts.name}
    if facts.settings.license:
        head["license"] = facts.settings.license
    if facts.languages:
        head["language"] = list(facts.languages)
    head["size_categories"] = [next((name for most, name in _SIZES if facts.images < most), "n>1T")]
    data = [{"split": "train", "path": "images/*.parquet"}]
    head["configs"] = [{"config_name": "default", "data_files": data}]
    return head


def _contact(facts: CardFacts) -> list[str]:
    settings = facts.settings
    lines = [
        f"{name}: {_plain(value)}"
        for name, value in (
            ("Publisher", settings.creator),
            ("Contact and requests of removal", settings.contact),
            ("Licence", settings.license),
            ("Page", settings.url),
        )
        if value
    ]
    return ["\n".join(f"- {line}" for line in lines)] if lines else []


def _balance(facts: CardFacts) -> list[tuple[str, str]]:
    row = facts.row
    return [
        ("t", f"{row.t:.17g}"),
        ("tail share", f"{row.tail_share:.6f}"),
        ("expected size", f"{row.expected_size:,.1f} ± {row.expected_sd:,.1f}"),
        ("actual size", f"{row.actual_size:,}"),
        ("removed since", f"{row.removed:,}"),
        ("seed", str(row.seed)),
        ("metadata version", row.metadata_version),
        ("spacing", row.spacing),
        ("metaclip", row.package_version),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    line = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#" else char for char in line)
