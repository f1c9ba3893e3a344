"""Compare the second pass over the matches with reading and writing as many rows unchanged."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.inputs import ROOT
from benchmarks.stages import Bench, import_steps
from metaclip.balance.draws import drawn_frame
from metaclip.balance.expectation import SIZES, SUMS, expect, group_by_entry
from metaclip.balance.planning import group_by_origin
from metaclip.balance.sampling import sample, t_from_size
from metaclip.balance.thresholds import Counts, default_thresholds
from metaclip.curation.inputs import open_inputs
from metaclip.warehouse.tables import CURATED, METADATA
from metaclip.warehouse.warehouse import Warehouse

_CRAWL, _T, _ROUNDS = "captions", 200.0, 3
_TIMES = 4
"""The size of the larger pool, as a multiple of the smaller one, for the workers' memory."""


def run() -> dict[str, Any]:
    """Print and return ratios of CPU time, and the memory of workers on pools of two sizes."""
    steps = import_steps()
    os.environ["PYTHONPATH"] = str(ROOT)  # for the workers: this checkout, whatever is installed
    with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as folder:
        bench = Bench(folder)
        try:
            bench.check_workers()
            bench.version = bench.stage(steps["import_metadata"], _CRAWL, _T, "entries", {})[
                "metadata_version"
            ]
            for name, rows in (("import_pairs", "pairs"), ("match_entries", "matched")):
                done = bench.stage(steps[name], _CRAWL, _T, rows, {})
            bench.stage(steps["count_entries"], _CRAWL, _T, "matched", done)
            return _compare(bench)
        finally:
            bench.stop()


def _compare(bench: Bench) -> dict[str, Any]:
    config = bench.config(_CRAWL, _T)
    warehouse = Warehouse(bench.spark, config.warehouse, "bench", config.digest())
    pool = open_inputs(config, warehouse)
    matches, counts = pool.matches, pool.counts
    entries = warehouse.read_rows(METADATA, {}, ["entry_id", "language", "source"])
    groups = group_by_origin(entries.sort_by("entry_id"))[1]
    ts, total = default_thresholds(counts), matches.frame().count()
    kept = int(expect(pool.matches, counts, [_T], group_by_entry(counts), SIZES)[0, 0, 2])

    def write(rows: DataFrame, to: str) -> None:
        writer = rows.write.format("delta").mode("overwrite").option("optimizeWrite", "true")
        writer.save(f"{bench.folder}/written/{to}")

    def publish() -> None:
        rows = sample(matches, counts, _T)
        warehouse.replace(CURATED, rows, {"curation": "judged"}, {})

    as_many = F.pmod(F.xxhash64("pair_id", F.lit("bench")), F.lit(10**6)) < 10**6 * kept // total
    plain = matches.frame().drop("metadata_version", "spacing")
    work: dict[str, Callable[[], object]] = {
        "read and write": lambda: write(plain.where(as_many), "plain"),
        "second pass": publish,
        "sums by entry": lambda: expect(pool.matches, counts, [_T], group_by_entry(counts), SIZES),
        f"plan of {len(ts)} t": lambda: expect(pool.matches, counts, ts, groups, SUMS),
        "t from a size": lambda: t_from_size(pool.matches, counts, total // 2),
    }
    medians = _median_cpu(bench, work)
    print(f"  {total:,} rows, {kept:,} kept at t = {_T:g}; CPU, median of {_ROUNDS} in turn")
    for name, seconds in medians.items():
        ratio = seconds / medians["read and write"]
        print(
            f"  {name:<16}{seconds:>7.1f} s{1e6 * seconds / total:>7.1f} us/row{ratio:>7.2f} times"
        )
    memory = {
        f"{times * total} rows": _largest_worker(bench, _repeated(matches.frame(), times), counts)
        for times in (1, _TIMES)
    }
    print(f"  largest worker, USS in MB: {memory}")
    return {"rows": total, "kept": kept, "cpu_seconds": medians, "largest_worker_mb": memory}


def _median_cpu(bench: Bench, work: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median CPU seconds of all processes for each work, after a round to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(1 + _ROUNDS):
        for name, job in work.items():
            cpu = sum(bench.watch.cpu_seconds().values())
            job()
            taken[name].append(sum(bench.watch.cpu_seconds().values()) - cpu)
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}


def _repeated(rows: DataFrame, times: int) -> DataFrame:
    return reduce(DataFrame.unionByName, [rows] * times)


def _largest_worker(bench: Bench, rows: DataFrame, counts: Counts) -> int:
    """Sample all rows; return the peak of a worker's own memory in MB."""
    bench.watch.reset()
    given, make_rows, _ = sample(drawn_frame(rows, 0), counts, _T)

    def measure(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        kept = sum(rows.num_rows for rows in make_rows(batches))
        yield pa.RecordBatch.from_pydict({"kept": [kept]})

    given.mapInArrow(measure, "kept bigint").collect()
    return round(bench.watch.peaks["largest_worker_uss_mb"])
