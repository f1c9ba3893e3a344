"""Compare the matching stage in Spark with the same stage and an engine that reads no text."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from benchmarks.inputs import ROOT, read_captions
from benchmarks.processes import KINDS, Watch
from metaclip.matching.compiled.engine import CompiledEngine, to_lists
from metaclip.matching.engine import Engine
from metaclip.matching.shuffle import shuffle
from metaclip.matching.unique_pairs import find_matches
from metaclip.spark.session import create_session
from metaclip.warehouse.ids import PAIR_DIGITS
from metaclip.warehouse.scanning import BATCH_ROWS
from metaclip.warehouse.tables import PAIR_SCHEMA
from metaclip.warehouse.tasks import Tasks

Figures = dict[str, Any]

_TEXTS = 1_200_000
_FILES = 8
_WARM_UP = 8
"""Rounds in which the JVM compiles: after three it still takes a third more than after ten."""
_ROUNDS = 7


class Blind:
    """An engine that finds the first entry in any text: its stage is the transport alone."""

    def match(self, texts: pa.Array) -> pa.Array:
        """Return the id 0 for each text."""
        offsets = np.arange(len(texts) + 1, dtype=np.int64)
        return to_lists(offsets, np.zeros(len(texts), np.int32), None)


def measure_stage(engine: CompiledEngine) -> Figures:
    """Run both in turn; print and return CPU time of all processes, wall time and their ratios."""
    os.environ["PYTHONPATH"] = str(ROOT)  # for the workers: this checkout, whatever is installed
    with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as folder:
        texts = read_captions(_TEXTS)
        step = -(-len(texts) // _FILES)
        for start in range(0, len(texts), step):
            table = pa.table({"text": texts.slice(start, step)})
            pq.write_table(table, f"{folder}/{start}.parquet")
        spark = create_session("metaclip bench", {"spark.ui.enabled": "false"})
        watch = Watch()
        watch.start()
        try:
            return _compare(spark, watch, folder, engine, len(texts))
        finally:
            watch.stop()
            spark.stop()


def _compare(
    spark: SparkSession, watch: Watch, folder: str, engine: CompiledEngine, count: int
) -> Figures:
    columns: dict[str, Engine] = {"matching": engine, "transport": Blind()}
    runs: dict[str, list[tuple[dict[str, float], float]]] = {name: [] for name in columns}
    for number in range(_WARM_UP + _ROUNDS):
        for name, found_by in columns.items():
            taken = _run(spark, watch, folder, found_by)
            if number >= _WARM_UP:
                runs[name].append(taken)
    figures = {
        name: {
            "cpu_us_per_text": 1e6 * statistics.median(sum(c.values()) for c, _ in taken) / count,
            **{
                f"{kind}_us_per_text": 1e6 * statistics.median(c[kind] for c, _ in taken) / count
                for kind in KINDS
            },
            "wall_us_per_text": 1e6 * statistics.median(wall for _, wall in taken) / count,
        }
        for name, taken in runs.items()
    }
    for name, values in figures.items():
        shown = ", ".join(
            f"{key.split('_')[0]} {value:.2f} us/text" for key, value in values.items()
        )
        print(f"  Spark stage, {name:9} {shown}")
    ratios = {
        f"{kind}_ratio": figures["matching"][key] / figures["transport"][key]
        for kind, key in (("cpu", "cpu_us_per_text"), ("wall", "wall_us_per_text"))
    }
    print("  matching to transport: " + ", ".join(f"{k} x {v:.2f}" for k, v in ratios.items()))
    return {"texts": count, **figures, **ratios}


def _as_pairs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield texts as pairs of which nothing else is known."""
    for batch in batches:
        columns = {field.name: pa.nulls(batch.num_rows, field.type) for field in PAIR_SCHEMA}
        columns["pair_id"] = pa.repeat("0" * PAIR_DIGITS, batch.num_rows)
        columns["path"] = pa.nulls(batch.num_rows, pa.string())
        yield pa.RecordBatch.from_pydict({**columns, "text": batch.column("text")})


def _run(
    spark: SparkSession, watch: Watch, folder: str, engine: Engine
) -> tuple[dict[str, float], float]:
    """Return the CPU seconds of each kind of process, and wall seconds, of one run."""
    before, started = watch.cpu_seconds(), time.perf_counter()
    files = sorted(map(str, Path(folder).glob("*.parquet")))

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                yield from _as_pairs(pq.ParquetFile(files[index]).iter_batches(BATCH_ROWS))

    tasks = Tasks(spark.range(0, len(files), 1, len(files)), read)
    packs = shuffle(find_matches(tasks, engine), len(files))
    packs.write.format("noop").mode("overwrite").save()
    wall, after = time.perf_counter() - started, watch.cpu_seconds()
    return {kind: after[kind] - before[kind] for kind in KINDS}, wall
