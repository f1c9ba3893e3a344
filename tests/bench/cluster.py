"""One and two executors of one core on a real standalone cluster: seconds of each job, memory."""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import psutil

from tests.bench.inputs import find_input
from tests.cluster.applications import Application, Submitted
from tests.cluster.processes import Cluster, wait_for
from tests.crawl.archives import with_other_hosts

# So many that the work which is shared outweighs the driver's own.
COPIES = 32
ROUNDS = 2
JOBS = {
    "extract_pairs": "write extractions",
    "match_entries": "write matches",
    "count_entries": "write entry_counts",
    "sample_pairs": "write curated",
}
"""Each job's largest stage, which ends with a commit."""
SETTINGS = ("balance.t=20", "crawl.name=pages", "spark.spark.sql.shuffle.partitions=4")

Figures = dict[str, Any]
_ALL = "all but the start"


def run() -> Figures:
    """Run the flow on one and on two executors; print the seconds of each stage and the ratio."""
    with tempfile.TemporaryDirectory(prefix="metaclip-bench-") as name:
        folder = Path(name)
        data = find_input("wat").read_bytes()
        for number in range(COPIES):
            copy = folder / f"{number}.warc.wat.gz"
            copy.write_bytes(with_other_hosts(data, number))
        taken = _measure(folder)
    print(f"  {COPIES} copies of the crawl file; seconds on one and on two executors")
    for job, stage in JOBS.items():
        for part in (stage, _ALL):
            one, two = (taken[count][job]["seconds"][part] for count in (1, 2))
            print(f"    {job:14} {part:20} {one:7.1f} {two:7.1f}, x {one / two:.2f}")
    for kind in ("executor", "workers"):
        largest = max(taken[2][job][f"{kind}_mb"] for job in JOBS)
        print(f"  largest {kind}: {largest:.0f} MB")
    return {"seconds": taken}


def _measure(folder: Path) -> dict[int, dict[str, Figures]]:
    """Return each job's figures on one and on two executors, of several runs the shortest.

    One after the other, job by job, so that what else the machine does meets both alike.
    """
    taken: dict[int, dict[str, Figures]] = {1: {}, 2: {}}
    cluster = Cluster(folder, Path(sys.executable), 2)
    try:
        for turn in range(ROUNDS):
            for job in ("import_metadata", *JOBS):
                for executors, best in taken.items():
                    found = _job(cluster, job, executors, folder / f"{turn}-{executors}")
                    before = best.get(job, found)
                    best[job] = min(found, before, key=lambda one: one["seconds"][_ALL])
    finally:
        cluster.stop()
    return taken


def _job(cluster: Cluster, job: str, executors: int, warehouse: Path) -> Figures:
    wait_for(lambda: cluster.cores_used() == 0)
    files = f"crawl.files={cluster.folder}/*.wat.gz"
    given = (f"warehouse={warehouse}", files, f"metadata.file={find_input('metadata')}")
    application = Submitted(cluster, job, *given, *SETTINGS, cores=executors)
    peaks = {"executor_mb": 0.0, "workers_mb": 0.0}
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(application, peaks, done))
    watch.start()
    line = application.finish()
    done.set()
    watch.join()
    whole = {_ALL: line["seconds"] - line["stages"]["start"]}
    return {"seconds": {**line["stages"], **whole}, **peaks, "line": line}


def _watch(application: Application, peaks: dict[str, float], done: threading.Event) -> None:
    """Keep the largest resident JVM of an executor, and its Python processes' own memory."""
    while not done.wait(0.5):
        for jvm in application.executors().values():
            try:
                python = sum(one.memory_full_info().uss for one in jvm.children(True))
                sizes = {"executor_mb": jvm.memory_info().rss / 1e6, "workers_mb": python / 1e6}
            except psutil.Error:
                continue
            peaks.update({kind: max(peaks[kind], size) for kind, size in sizes.items()})
