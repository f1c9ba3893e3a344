"""CPU time and memory of a Spark application's processes, from /proc."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

import psutil  # type: ignore[import-untyped]

KINDS = ("jvm", "driver", "workers")
_INTERVAL = 0.25
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)


def _processes() -> list[tuple[str, Any]]:
    """Return this process, the JVM it started, and the JVM's Python processes."""
    here = psutil.Process()
    found = [("driver", here)]
    for child in here.children(recursive=True):
        try:
            found.append(("jvm" if child.name() == "java" else "workers", child))
        except _GONE:
            continue
    return found


def cpu_seconds() -> dict[str, float]:
    """Return the CPU time so far of each kind of process.

    Workers that ended count: whoever waited for them (the daemon, the JVM) has their time.
    """
    spent = dict.fromkeys(KINDS, 0.0)
    for kind, process in _processes():
        try:
            times = process.cpu_times()
        except _GONE:
            continue
        spent[kind] += times.user + times.system
        ended = times.children_user + times.children_system
        spent["workers"] += ended if kind != "driver" else 0.0
    return spent


class Watch(threading.Thread):
    """Samples memory in the background; `cpu` is what that cost."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.cpu = 0.0
        self.peaks: dict[str, float] = {}
        self._lock = threading.Lock()
        self._done = threading.Event()

    def reset(self) -> None:
        """Forget the peaks."""
        with self._lock:
            self.peaks = {}
        self._sample()

    def stop(self) -> None:
        """Sample no more."""
        self._done.set()
        self.join()

    def run(self) -> None:
        """Sample until stopped."""
        while not self._done.wait(_INTERVAL):
            began = time.thread_time()
            self._sample()
            self.cpu += time.thread_time() - began

    def _sample(self) -> None:
        sums: dict[str, float] = defaultdict(float)
        for kind, process in _processes():
            try:
                memory = process.memory_full_info()
            except _GONE:
                continue
            sums[f"{kind}_rss_mb"] += memory.rss / 1e6
            sums[f"{kind}_uss_mb"] += memory.uss / 1e6
            if kind == "workers":
                sums["python_processes"] += 1
                largest = max(sums["largest_worker_uss_mb"], memory.uss / 1e6)
                sums["largest_worker_uss_mb"] = largest
        with self._lock:
            for name, value in sums.items():
                self.peaks[name] = max(self.peaks.get(name, 0.0), value)
