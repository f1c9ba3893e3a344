"""Estimate the cost of a crawl: core-hours, shuffle and storage, from rates measured here.

The flow runs on 1, 2, 4, 8 and 16 copies of the crawl file whose URLs differ, in ROUNDS, of
which the least CPU time counts. A stage costs `a + b x copies`: b, by least squares, is the
cost of one more copy. The largest distance of a measured point from the line is printed too.

    core-hours of a crawl = files x pages a file x b / pages of a copy / 3600
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import SparkSession

from benchmarks.extraction import extract_all
from benchmarks.inputs import find_input
from benchmarks.processes import KINDS, Watch
from benchmarks.stages import import_steps, prepare_workers
from metaclip.application import Step, account_for_tasks
from metaclip.config.command_line import load_config
from metaclip.crawl.extraction import FileAccount
from metaclip.spark.session import create_session
from metaclip.warehouse.warehouse import Warehouse
from tests.helpers.archives import with_other_hosts

COPIES = (1, 2, 4, 8, 16)
ROUNDS = 5
STAGES = ("extract_pairs", "match_entries", "count_entries", "sample_pairs")
FILES, PAGES_PER_FILE, CRAWLS = 90_000, 2.64e9 / 90_000, 100
"""Those of CC-MAIN-2024-51, by its announcement: 2.64 billion pages in 90,000 files."""

Figures = dict[str, Any]


def run() -> Figures:
    """Measure all sizes; print them and the estimate for crawls."""
    steps = import_steps()
    prepare_workers()
    data = find_input("wat").read_bytes()
    account = extract_all(data)
    with tempfile.TemporaryDirectory(prefix="metaclip-cost-") as folder:
        for number in range(max(COPIES)):
            copy = Path(folder, f"{number:02}.warc.wat.gz")
            copy.write_bytes(with_other_hosts(data, number))
        measured = _measure(steps, Path(folder))
    return _report(measured, account)


def _measure(steps: dict[str, Step[Any]], folder: Path) -> list[Figures]:
    """Run the flow on each number of copies, after an unmeasured run on all of them."""
    spark = create_session("metaclip cost", {"spark.ui.enabled": False, **_SPARK})
    watch = Watch()
    watch.start()
    results = []
    rounds = [(f"round-{turn}-{count}", count) for turn in range(ROUNDS) for count in COPIES]
    try:
        for crawl, copies in (("warm", max(COPIES)), *rounds):
            files = [str(folder / f"{number:02}.warc.wat.gz") for number in range(copies)]
            config = load_config(
                None,
                [
                    f"warehouse={folder}/warehouse",
                    f"crawl.name={crawl}",
                    f"crawl.files={files}",
                    f"metadata.file={find_input('metadata')}",
                    f"balance.crawls=[{crawl}]",
                    f"balance.curation={crawl}",
                    "balance.t=20",
                ],
            )
            names = ("import_metadata", *STAGES) if crawl == "warm" else STAGES
            for name in names:
                warehouse = Warehouse(spark, config.warehouse, name, config.digest())
                before, shuffled = watch.cpu_seconds(), _shuffled(spark)
                steps[name](config, warehouse)
                if crawl != "warm":
                    after = watch.cpu_seconds()
                    spent = {kind: round(after[kind] - before[kind], 3) for kind in KINDS}
                    result = {"copies": copies, "stage": name, "cpu_s": sum(spent.values())}
                    result["shuffle_bytes"] = _shuffled(spark) - shuffled
                    stored = _stored(folder, name, crawl)
                    results.append({**result, **spent, "stored_bytes": stored})
    finally:
        watch.stop()
        spark.stop()
    return results


_SPARK = {"spark.sql.shuffle.partitions": 4}
_TABLES = {
    "extract_pairs": ("extractions",),
    "match_entries": ("matches",),
    "count_entries": ("entry_counts",),
    "sample_pairs": ("curated", "curation_counts"),
}


def _shuffled(spark: SparkSession) -> int:
    return int(account_for_tasks(spark)["shuffle_bytes"])


def _stored(folder: Path, stage: str, crawl: str) -> int:
    """Return the bytes of the partitions that a stage wrote for one crawl."""
    found = [
        file.stat().st_size
        for table in _TABLES[stage]
        for file in (folder / "warehouse" / table).rglob("*.parquet")
        if {f"crawl={crawl}", f"curation={crawl}"} & set(file.parts)
    ]
    return sum(found)


def _fit(copies: list[int], costs: list[float]) -> tuple[float, float, float]:
    """Return slope, start, and the largest distance from the line as a part of the largest cost."""
    slope, start = np.polyfit(copies, costs, 1)
    off = np.abs(np.asarray(costs) - (start + slope * np.asarray(copies))).max()
    return float(slope), float(start), float(off / max(costs)) if max(costs) else 0.0


def _slopes(measured: list[Figures], account: FileAccount) -> dict[str, Figures]:
    """Print the costs of each stage; return those of one more copy."""
    counted = ", ".join(map(str, COPIES))
    print(f"  CPU seconds of {counted} copies of {account.pages:,} pages, {account.pairs:,} pairs")
    slopes: dict[str, Figures] = {}
    for stage in STAGES:
        runs = sorted(
            (row for row in measured if row["stage"] == stage), key=lambda row: -row["cpu_s"]
        )
        # A dictionary keeps the last of each size, the least.
        rows = [{row["copies"]: row for row in runs}[copies] for copies in COPIES]
        fits = {
            name: _fit(list(COPIES), [row[name] for row in rows])
            for name in ("cpu_s", *KINDS, "shuffle_bytes", "stored_bytes")
        }
        slopes[stage] = {name: slope for name, (slope, _, _) in fits.items()}
        slopes[stage]["fixed"], slopes[stage]["off_line"] = fits["cpu_s"][1:]
        costs = " ".join(f"{row['cpu_s']:8.2f}" for row in rows)
        print(
            f"    {stage:14}{costs}; one more: {fits['cpu_s'][0]:.3f} s, "
            f"fixed {fits['cpu_s'][1]:.1f} s, {fits['cpu_s'][2]:.1%} off the line"
        )
    return slopes


def _report(measured: list[Figures], account: FileAccount) -> Figures:
    slopes = _slopes(measured, account)
    per_file = PAGES_PER_FILE / account.pages
    print(f"  A WAT file has {PAGES_PER_FILE:,.0f} pages: {per_file:.2f} copies")
    totals = dict.fromkeys(("cpu_s", *KINDS, "shuffle_bytes", "stored_bytes"), 0.0)
    for stage in STAGES:
        for name in totals:
            totals[name] += slopes[stage][name] * per_file
        kinds = ", ".join(f"{kind} {slopes[stage][kind] * per_file:.2f}" for kind in KINDS)
        print(
            f"    {stage:14}{slopes[stage]['cpu_s'] * per_file:8.2f} core-seconds a file: {kinds}"
        )
    fixed = sum(slopes[stage]["fixed"] for stage in STAGES)
    print(
        f"    all {totals['cpu_s']:.1f} core-seconds a file, {fixed:.1f} fixed; shuffle "
        f"{totals['shuffle_bytes'] / 1e6:.0f} MB, tables {totals['stored_bytes'] / 1e6:.0f} MB"
    )
    for crawls in (1, CRAWLS):
        hours = crawls * FILES * totals["cpu_s"] / 3600
        print(
            f"  {crawls} crawl(s) of {FILES:,} files: {hours:,.0f} core-hours "
            f"({FILES:,} x {totals['cpu_s']:.1f} / 3600 x {crawls}), shuffle "
            f"{crawls * FILES * totals['shuffle_bytes'] / 1e12:,.1f} TB, "
            f"storage {crawls * FILES * totals['stored_bytes'] / 1e12:,.1f} TB"
        )
    return {"measured": measured, "one_more_copy": slopes, "a_file": totals}
