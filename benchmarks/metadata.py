"""Measure how fast a dump gives texts and counts, in Spark and in one plain process.

The dump is a multistream file of 1, 2, 4 and 8 copies of real pages with its index. Of ROUNDS the
least CPU time counts. A stage costs `a + b x copies`: b, by least squares, is the cost of one
more copy, and the largest distance of a measured point from the line is printed too.
"""

from __future__ import annotations

import bz2
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.inputs import ROOT, find_input
from benchmarks.processes import KINDS, Watch
from metaclip.config.metadata import WikipediaSettings
from metaclip.metadata.input_files import list_source
from metaclip.metadata.ngram_counts import stage_counts
from metaclip.metadata.wikipedia import dump_parts
from metaclip.metadata.wikipedia.page_texts import account_of_dumps, read_texts, stage_dumps
from metaclip.metadata.wikipedia.wikitext import wikitext_to_text
from metaclip.spark.session import create_session
from metaclip.warehouse.warehouse import Warehouse
from tests.helpers.dumps import page_elements, slow_pages, write_multistream
from tests.helpers.metadata_twins import count_segments, split_texts

COPIES = (1, 2, 4, 8)
ROUNDS = 2
PAGES_PER_STREAM = 20
PART_BYTES = 1 << 20
"""A real range has 16 MB, more than all copies: smaller ones run in parallel."""
STAGES = ("texts", "counts")

Figures = dict[str, Any]


def run() -> Figures:
    """Measure all sizes; print their figures, and those of the plain process."""
    os.environ["PYTHONPATH"] = str(ROOT)  # for the workers: this checkout, whatever is installed
    source = find_input("dump")
    plain = _measure_plain(source)
    with tempfile.TemporaryDirectory(prefix="metaclip-dumps-") as folder:
        dump_parts.PART_BYTES = PART_BYTES
        pages = page_elements(source.read_bytes())
        for copies in COPIES:
            write_multistream(_dump(Path(folder), copies), pages * copies, PAGES_PER_STREAM)
        measured = _measure_spark(Path(folder))
    return {"plain": plain, "spark": measured, "one_more_copy": _report(plain, measured)}


def _dump(folder: Path, copies: int) -> Path:
    return folder / f"wiki{copies}-pages-articles-multistream.xml.bz2"


def _measure_plain(source: Path) -> Figures:
    """Return the CPU seconds of the same parser and tokeniser on the plain dump."""
    data = source.read_bytes()
    megabytes = len(bz2.decompress(data)) / 1e6
    wikitext_to_text("")  # imports the parser
    started = time.process_time()
    articles = [
        text for *_, space, redirect, text in slow_pages(data) if space == 0 and not redirect
    ]
    texts = [wikitext_to_text(text) for text in articles]
    parsed = time.process_time()
    words, bigrams = count_segments(split_texts(texts))
    counted = time.process_time()
    print(
        f"  plain process: {megabytes:.1f} MB of XML, {len(articles)} articles, "
        f"{words.total():,} words, {len(words) + len(bigrams):,} counts\n"
        f"    texts  {megabytes / (parsed - started):6.2f} MB/s\n"
        f"    counts {megabytes / (counted - parsed):6.2f} MB/s",
        flush=True,
    )
    return {
        "xml_mb": megabytes,
        "words": words.total(),
        "texts": parsed - started,
        "counts": counted - parsed,
    }


def _measure_spark(folder: Path) -> list[Figures]:
    """Build texts and counts of each number of copies, after an unmeasured run."""
    spark = create_session(
        "metaclip dumps", {"spark.ui.enabled": False, "spark.sql.shuffle.partitions": 4}
    )
    watch = Watch()
    watch.start()
    measured: list[Figures] = []
    rounds = [(turn, copies) for turn in range(ROUNDS) for copies in COPIES]
    try:
        for turn, copies in (("warm", 2), *rounds):
            warehouse = Warehouse(spark, str(folder / f"{turn}-{copies}"), "build_metadata", "0")
            figures = _build(warehouse, watch, _dump(folder, copies))
            if turn != "warm":
                measured.append({"copies": copies, **figures})
    finally:
        watch.stop()
        spark.stop()
    return measured


def _build(warehouse: Warehouse, watch: Watch, file: Path) -> Figures:
    files = list_source(str(file), "dump")
    found: list[str] = []

    def texts() -> None:
        found.extend(stage_dumps(warehouse, files, WikipediaSettings()))

    def counts() -> None:
        stage_counts(warehouse, "bench", read_texts(warehouse, found))

    figures = {"texts": _spent(watch, texts), "counts": _spent(watch, counts)}
    return {"account": account_of_dumps(warehouse, found), **figures}


def _spent(watch: Watch, work: Callable[[], None]) -> Figures:
    """Return CPU and wall seconds of `work`, and the memory of the largest Python process."""
    watch.reset()
    before, started = watch.cpu_seconds(), time.monotonic()
    work()
    after, seconds = watch.cpu_seconds(), time.monotonic() - started
    spent = {f"{kind}_cpu": after[kind] - before[kind] for kind in KINDS}
    peaks = {name: round(value) for name, value in watch.peaks.items()}
    return {"cpu_s": sum(spent.values()), "seconds": seconds, **spent, **peaks}


def _report(plain: Figures, measured: list[Figures]) -> Figures:
    """Print the cost of each size; return that of one more copy."""
    slopes: Figures = {}
    for stage in STAGES:
        print(f"  {stage} in Spark")
        rows = [_least(measured, copies, stage) for copies in COPIES]
        for copies, row in zip(COPIES, rows, strict=True):
            megabytes = copies * plain["xml_mb"]
            print(
                f"    {copies} copies: {megabytes / row['cpu_s']:5.2f} MB/s a core, "
                f"{megabytes / row['seconds']:5.2f} MB/s, CPU s: jvm {row['jvm_cpu']:.1f} "
                f"workers {row['workers_cpu']:.1f}, largest of {row['python_processes']} "
                f"Python processes {row['largest_worker_uss_mb']} MB"
            )
        costs = np.asarray([row["cpu_s"] for row in rows])
        slope, start = np.polyfit(COPIES, costs, 1)
        off = np.abs(costs - (start + slope * np.asarray(COPIES))).max() / costs.max()
        print(
            f"    one more copy: {slope:.2f} CPU-s, {plain['xml_mb'] / slope:.2f} MB/s a core "
            f"(plain {plain['xml_mb'] / plain[stage]:.2f}), {off:.1%} off the line"
        )
        slopes[stage] = {"cpu_s": slope, "start_cpu_s": start, "off_line": off}
    return slopes


def _least(measured: list[Figures], copies: int, stage: str) -> Figures:
    rows: list[Figures] = [row[stage] for row in measured if row["copies"] == copies]
    return min(rows, key=lambda row: float(row["cpu_s"]))
