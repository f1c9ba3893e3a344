"""Measure CPU time of rivals in turn, so that other load on the machine affects all of them."""

from __future__ import annotations

import gc
import resource
import statistics
import time
from collections.abc import Callable, Mapping

import psutil


def median_cpu(rivals: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of each of `rivals`, run in turn, `rounds` times each.

    Kernels should be compiled before; the median ignores one slow first round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, run in rivals.items():
            gc.collect()
            started = cpu_seconds()
            run()
            seconds[name].append(cpu_seconds() - started)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and its children so far, ended and living ones."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = (child.cpu_times() for child in psutil.Process().children(recursive=True))
    children: float = sum(times.user + times.system for times in living)
    return time.process_time() + ended.ru_utime + ended.ru_stime + children
