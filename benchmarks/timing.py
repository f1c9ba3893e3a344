"""Measure CPU time of rivals in turn, so that other load on the machine affects all of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping


def median_cpu(rivals: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of each of `rivals`, run in turn, `rounds` times each.

    Kernels should be compiled before; the median ignores one slow first round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, run in rivals.items():
            gc.collect()
            started = time.process_time()
            run()
            seconds[name].append(time.process_time() - started)
    return {name: statistics.median(taken) for name, taken in seconds.items()}
