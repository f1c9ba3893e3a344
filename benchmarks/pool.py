"""Measure the flow over a large pool: eight copies of the captions whose URLs differ."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.inputs import find_input
from benchmarks.processes import KINDS
from benchmarks.stages import Bench, import_steps, prepare_workers

Figures = dict[str, Any]

_COPIES, _T = 8, 160.0


def run() -> Figures:
    """Print and return the CPU time of each stage a row of the pool."""
    steps = import_steps()
    prepare_workers()
    with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as folder:
        copies = Path(folder, "copies")
        copies.mkdir()
        _write_copies(copies)
        bench = Bench(folder)
        bench.files["pool"] = f"{copies}/*.parquet"
        try:
            bench.flow(steps, "pool", "import_pairs", t=_T)
        finally:
            bench.stop()
    return _report(bench)


def _write_copies(folder: Path) -> None:
    captions = pq.read_table(find_input("captions"))
    index = captions.column_names.index("url")
    for number in range(_COPIES):
        urls = pc.binary_join_element_wise(captions["url"], pa.scalar(f"?{number}"), "")
        copy = captions.set_column(index, "url", urls)
        pq.write_table(copy, folder / f"{number}.parquet")


def _report(bench: Bench) -> Figures:
    # The session and the metadata are not of the pool.
    stages = bench.results[2:]
    rows = max(stage["rows"] for stage in stages if stage["stage"].startswith("match"))
    figures = {
        stage["stage"].partition(" ")[0]: 1e6 * sum(stage[f"{kind}_cpu"] for kind in KINDS) / rows
        for stage in stages
    }
    each = ", ".join(f"{name} {figure:.1f}" for name, figure in figures.items())
    print(f"  {rows:,} pairs; CPU-us a pair: {each}, all {sum(figures.values()):.1f}")
    return {"pairs": rows, "cpu_us_a_pair": figures}
