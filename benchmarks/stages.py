"""Measure the whole flow as the jobs run it: rows, seconds, CPU and memory of each stage."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from msgspec import to_builtins

from benchmarks.inputs import ROOT, find_input
from benchmarks.processes import KINDS, Watch
from metaclip.application import Step
from metaclip.config.command_line import load_config
from metaclip.config.settings import Config, with_metadata_version
from metaclip.spark.session import create_session
from metaclip.warehouse.warehouse import Warehouse

Result = dict[str, Any]

_SPARK = ("spark.ui.enabled=false", "spark.sql.shuffle.partitions=4")


def run() -> list[Result]:
    """Run the flow over the captions and over the crawl file; print a line for each stage."""
    steps = import_steps()
    prepare_workers()
    with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as folder:
        bench = Bench(folder)
        try:
            bench.check_workers()
            # The large one first: it warms up the JVM for the small one.
            bench.flow(steps, "captions", "import_pairs", t=200)
            bench.flow(steps, "wat", "extract_pairs", t=20)
        finally:
            bench.stop()
    return bench.results


def prepare_workers() -> None:
    """Compile the kernels, which would take the first match half a minute; as `make setup` does."""
    subprocess.run([sys.executable, "-m", "metaclip.setup.kernels"], cwd=ROOT, check=True)
    os.environ["PYTHONPATH"] = str(ROOT)  # this checkout, whatever is installed


def import_steps() -> dict[str, Step[Any]]:
    """Return the steps of the jobs by their names."""
    from metaclip.jobs.count_entries import count_entries
    from metaclip.jobs.extract_pairs import extract_pairs
    from metaclip.jobs.import_metadata import import_metadata
    from metaclip.jobs.import_pairs import import_pairs
    from metaclip.jobs.match_entries import match_entries
    from metaclip.jobs.sample_pairs import sample_pairs

    steps: tuple[Step[Any], ...] = (
        import_metadata,
        extract_pairs,
        import_pairs,
        match_entries,
        count_entries,
        sample_pairs,
    )
    return {step.__name__: step for step in steps}


Figures = dict[str, Any]


class Bench:
    """One Spark application and the figures of its stages."""

    def __init__(self, folder: str) -> None:
        self.results: list[Result] = []
        self.folder, self.version = folder, ""
        self.files = {name: str(find_input(name)) for name in ("wat", "captions")}
        """The crawl files of each flow."""
        self.watch = Watch()
        self.watch.start()
        print(_HEADER)
        self.spark: Any = None
        self.measure("session", self._start)

    def _start(self) -> Figures:
        self.spark = create_session("metaclip bench", self.config("none", t=1).spark)
        return {"rows": 0}

    def stop(self) -> None:
        """End the application."""
        self.watch.stop()
        if self.spark is not None:
            self.spark.stop()

    def check_workers(self) -> None:
        """Check that workers run the code of this checkout."""

        def where(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            import metaclip

            for _ in batches:
                yield pa.RecordBatch.from_pydict({"file": [metaclip.__file__]})

        files = self.spark.range(0, 1, 1, 1).mapInArrow(where, "file string").collect()
        assert files[0].file.startswith(str(ROOT)), files

    def config(self, crawl: str, t: float) -> Config:
        """Return the settings of one crawl, as from a command line."""
        given = {
            "warehouse": self.folder,
            "crawl.name": crawl,
            "crawl.files": self.files.get(crawl, "[]"),
            "metadata.file": str(find_input("metadata")),
            "balance.curation": crawl,
            "balance.crawls": f"[{crawl}]",
            "balance.t": t,
        }
        assignments = [f"{key}={value}" for key, value in given.items()]
        spark = dict(setting.split("=") for setting in _SPARK)
        config = load_config(None, [*assignments, f"spark={spark}"])
        return with_metadata_version(config, self.version) if self.version else config

    def flow(self, steps: dict[str, Step[Any]], crawl: str, read: str, t: float) -> None:
        """Run all stages over one crawl; only the first flow imports the metadata."""
        if not self.version:
            done = self.stage(steps["import_metadata"], crawl, t, "entries", {})
            self.version = done["metadata_version"]
        rows = "pairs" if read == "extract_pairs" else "records"
        self.stage(steps[read], crawl, t, rows, {})
        done = self.stage(steps["match_entries"], crawl, t, "pairs", {})
        self.stage(steps["count_entries"], crawl, t, "matched", done)
        self.stage(steps["sample_pairs"], crawl, t, "matched", done)

    def stage(self, step: Step[Any], crawl: str, t: float, rows: str, before: Figures) -> Figures:
        """Run one job's step; `rows` is the field of its or an earlier summary that counts rows."""
        name, config = step.__name__, self.config(crawl, t)
        warehouse = Warehouse(self.spark, config.warehouse, name, config.digest())

        def work() -> Figures:
            summary = to_builtins(step(config, warehouse))
            return {"rows": {**before, **summary}[rows], **summary}

        return self.measure(f"{name} ({crawl})", work)

    def measure(self, name: str, work: Callable[[], Figures]) -> Figures:
        """Run `work`; print and keep its figures, and return its summary."""
        self.watch.reset()
        cpu, started = self.watch.cpu_seconds(), time.monotonic()
        summary = work()
        seconds, after = time.monotonic() - started, self.watch.cpu_seconds()
        spent = {f"{kind}_cpu": round(after[kind] - cpu[kind], 2) for kind in KINDS}
        rows = summary["rows"]
        result = {
            "stage": name,
            "rows": rows,
            "seconds": round(seconds, 2),
            "rows_per_second": round(rows / seconds),
            "cpu_us_per_row": round(1e6 * sum(spent.values()) / rows, 1) if rows else None,
            **spent,
            **{key: round(value) for key, value in sorted(self.watch.peaks.items())},
        }
        self.results.append(result)
        print(_LINE.format(**{**dict.fromkeys(_PEAKS, 0), **result}), flush=True)
        return summary


_PEAKS = (
    *(f"{kind}_{measure}_mb" for kind in KINDS for measure in ("rss", "uss")),
    "largest_worker_uss_mb",
    "python_processes",
)
_HEADER = (
    "  stage                          rows       s    rows/s CPU us/row"
    " | CPU s: jvm driver workers | peak MB, RSS or RSS/USS: jvm driver workers "
    "(largest worker USS, processes)"
)
_LINE = (
    "  {stage:26} {rows:>9,} {seconds:>7.1f} {rows_per_second:>9,} {cpu_us_per_row!s:>10}"
    " | {jvm_cpu:>8.1f} {driver_cpu:>6.1f} {workers_cpu:>7.1f}"
    " | {jvm_rss_mb} {driver_rss_mb}/{driver_uss_mb} "
    "{workers_rss_mb}/{workers_uss_mb} ({largest_worker_uss_mb}, {python_processes})"
)
