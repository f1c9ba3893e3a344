"""Measure the flow on one and two executors of a standalone cluster: seconds a stage, memory.

Executors are warm, since those of a real crawl work for hours: a flow runs twice in one
application, and the second run counts. The limit is the machine's own cores: an executor of
one core has a Python worker beside its JVM, and the driver works between stages. So the number
of busy cores is printed too.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.inputs import find_input
from tests.helpers.archives import with_other_hosts
from tests.helpers.cluster_applications import Session
from tests.helpers.cluster_processes import Cluster, wait_for

COPIES = 32
"""Copies of the crawl file, enough that the shared work outweighs the driver's."""
JOBS = ("extract_pairs", "match_entries", "count_entries", "sample_pairs")
SPARK = {
    "spark.driver.memory": "1500m",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.files.maxPartitionBytes": "4m",
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "4m",
    "spark.databricks.delta.optimizeWrite.binSize": "4m",
}
"""Files and tasks of 4 MB: with the defaults of 128 MB and more, this input would be one task."""
_ALL = "all"

Figures = dict[str, Any]


def run() -> Figures:
    """Run the flow on one and on two executors; print the seconds of each stage and the ratio."""
    with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as name:
        folder = Path(name)
        data = find_input("wat").read_bytes()
        for number in range(COPIES):
            copy = folder / f"{number}.warc.wat.gz"
            copy.write_bytes(with_other_hosts(data, number))
        cluster = Cluster(folder, Path(sys.executable), 2)
        try:
            taken = {executors: _run_warm(cluster, executors) for executors in (1, 2)}
        finally:
            cluster.stop()
    _report(taken)
    return {"executors": taken}


def _run_warm(cluster: Cluster, executors: int) -> Figures:
    """Return the figures of a flow in an application that ran it once before."""
    wait_for(lambda: cluster.cores_used() == 0)
    session = Session(cluster, SPARK, executors)
    warehouse, files = f"warehouse={session.folder}/w", f"crawl.files={cluster.folder}/*.wat.gz"
    try:
        session.run("import_metadata", warehouse, f"metadata.file={find_input('metadata')}")
        for crawl in ("cold", "warm"):
            balance = (f"balance.crawls=[{crawl}]", "balance.t=20")
            found = _run_flow(session, (warehouse, files, f"crawl.name={crawl}", *balance))
    finally:
        session.stop()
    return found


def _run_flow(session: Session, settings: tuple[str, ...]) -> Figures:
    peaks = {"executor_mb": 0.0, "workers_mb": 0.0}
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(session, peaks, done))
    watch.start()
    try:
        return {job: _run_job(session, job, settings) for job in JOBS} | peaks
    finally:
        done.set()
        watch.join()


def _run_job(session: Session, job: str, settings: tuple[str, ...]) -> Figures:
    """Return the seconds of each stage that ends with a commit and of all, and busy cores."""
    before, started = _cpu_seconds(), time.monotonic()
    stages = session.run(job, *settings)["stages"]
    seconds = time.monotonic() - started
    return {**stages, _ALL: seconds, "busy_cores": (_cpu_seconds() - before) / seconds}


def _cpu_seconds() -> float:
    """Return the busy seconds of all cores since the machine started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _watch(session: Session, peaks: dict[str, float], done: threading.Event) -> None:
    """Keep the peaks of an executor's resident JVM and of its Python processes' own memory."""
    while not done.wait(1):
        for jvm in session.executors().values():
            try:
                python = sum(one.memory_full_info().uss for one in jvm.children(True))
                sizes = {"executor_mb": jvm.memory_info().rss / 1e6, "workers_mb": python / 1e6}
            except psutil.Error:
                continue
            peaks.update({kind: max(peaks[kind], size) for kind, size in sizes.items()})


def _report(taken: dict[int, Figures]) -> None:
    print(f"  {COPIES} copies of the crawl file; seconds on one and on two executors of one core")
    for job in JOBS:
        one, two = taken[1][job], taken[2][job]
        for stage in (name for name in one if name != "busy_cores"):
            ratio = f"x {one[stage] / two[stage]:.2f}"
            print(f"    {job:14} {stage:22} {one[stage]:7.1f} {two[stage]:7.1f}  {ratio}")
        print(f"    {job:14} {'busy cores':22} {one['busy_cores']:7.1f} {two['busy_cores']:7.1f}")
    for kind in ("executor", "workers"):
        print(f"  largest {kind}: {taken[2][f'{kind}_mb']:.0f} MB")
