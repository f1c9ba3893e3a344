"""Measure an engine in a fresh process: `python -m benchmarks.worker ENGINE TEXTS`.

It prints `name value` lines. All memory is USS, in bytes, beyond a process that has imported
PyArrow and Numba.
"""

from __future__ import annotations

import importlib
import pickle
import re
import sys
import time
from pathlib import Path

import numba  # noqa: F401 - every worker that runs kernels imports it
import pyarrow as pa


def own_bytes() -> int:
    """Return the bytes of this process that it shares with no other (USS)."""
    rollup = Path("/proc/self/smaps_rollup").read_text()
    return 1024 * sum(int(found) for found in re.findall(r"Private_\w+:\s+(\d+)", rollup))


def main(engine_file: str, texts_file: str) -> None:
    """Decode the engine as PySpark does, and match one batch."""
    with pa.OSFile(texts_file) as source:
        texts = pa.ipc.open_file(source).get_batch(0).column(0)
    before = own_bytes()
    for module in ("compiled.engine", "pyahocorasick_engine"):
        importlib.import_module(f"metaclip.matching.{module}")
    print("modules_bytes", own_bytes() - before)
    cpu, wall = time.process_time(), time.perf_counter()
    with Path(engine_file).open("rb") as file:
        engine = pickle.load(file)
    print("decode_cpu_s", time.process_time() - cpu)
    print("decode_wall_s", time.perf_counter() - wall)
    print("decoded_bytes", own_bytes() - before)
    cpu = time.process_time()
    engine.match(texts)
    print("first_batch_cpu_s", time.process_time() - cpu)
    print("in_use_bytes", own_bytes() - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
