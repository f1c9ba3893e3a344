"""Sample CPU time and memory of a Spark application's processes, from /proc."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

import psutil

KINDS = ("jvm", "driver", "workers")
_INTERVAL = 0.5
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)


def _processes() -> list[tuple[str, Any]]:
    """Return this process, the JVM that it started, and the JVM's Python processes."""
    here = psutil.Process()
    found = [("driver", here)]
    for child in here.children(recursive=True):
        try:
            found.append(("jvm" if child.name() == "java" else "workers", child))
        except _GONE:
            continue
    return found


class Watch(threading.Thread):
    """Sample CPU time and memory in the background.

    CPU time is kept for each process. Spark's daemon kills idle workers, and as no process
    waits for them, the operating system drops their time.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[str, float] = {}
        self._own_cpu = 0.0
        self._cpu: dict[tuple[str, int, float], float] = {}
        self._lock = threading.Lock()
        self._done = threading.Event()

    def reset(self) -> None:
        """Forget the peaks."""
        with self._lock:
            self.peaks = {}
        self._sample()

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU time so far of each kind of process, without that of sampling."""
        self._sample()
        with self._lock:
            spent = dict.fromkeys(KINDS, 0.0)
            for (kind, _, _), seconds in self._cpu.items():
                spent[kind] += seconds
        spent["driver"] -= self._own_cpu
        return spent

    def stop(self) -> None:
        """Stop sampling."""
        self._done.set()
        self.join()

    def run(self) -> None:
        """Sample until stopped."""
        while not self._done.wait(_INTERVAL):
            began = time.thread_time()
            self._sample()
            self._own_cpu += time.thread_time() - began

    def _sample(self) -> None:
        sums: dict[str, float] = defaultdict(float)
        for kind, process in _processes():
            try:
                times = process.cpu_times()
                # USS takes a walk over all pages, too slow for a JVM, which shares little.
                jvm = kind == "jvm"
                memory = process.memory_info() if jvm else process.memory_full_info()
            except _GONE:
                continue
            with self._lock:
                self._cpu[kind, process.pid, process.create_time()] = times.user + times.system
            sums[f"{kind}_rss_mb"] += memory.rss / 1e6
            if not jvm:
                sums[f"{kind}_uss_mb"] += memory.uss / 1e6
            if kind == "workers":
                sums["python_processes"] += 1
                largest = max(sums["largest_worker_uss_mb"], memory.uss / 1e6)
                sums["largest_worker_uss_mb"] = largest
        with self._lock:
            for name, value in sums.items():
                self.peaks[name] = max(self.peaks.get(name, 0.0), value)
