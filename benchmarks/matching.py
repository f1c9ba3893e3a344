"""Compare the compiled engine with the usual loop around pyahocorasick."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ahocorasick
import pyarrow as pa

from benchmarks.floor import hash_tokens
from benchmarks.inputs import ROOT, read_captions, read_entries
from benchmarks.scaling import measure_scaling
from benchmarks.timing import median_cpu
from benchmarks.transport import measure_stage
from metaclip.config.settings import EngineName
from metaclip.matching.compiled.engine import CompiledEngine
from metaclip.matching.engine import Engine, build_engine

TEXTS = 300_000
_BATCH = 10_000
"""Default of Spark's spark.sql.execution.arrow.maxRecordsPerBatch."""
_ROUNDS = 5
_COMPARED = ("build_cpu_s", "pickle_bytes", "decode_cpu_s", "in_use_bytes")

Figures = dict[str, Any]


def run() -> Figures:
    """Measure speed, building, size and memory; print and return the figures."""
    entries, texts = read_entries(), read_captions(TEXTS)
    size = f"{texts.nbytes / 1e6:.1f} MB"
    print(f"  {len(entries):,} entries, {len(texts):,} captions, {size}", flush=True)
    engine = CompiledEngine.build(entries, "reference")
    automaton = _pyahocorasick_automaton(entries)
    _check_same(engine, automaton, texts)
    speed = _speed(engine, automaton, texts)
    del automaton
    scaling = measure_scaling(engine, entries, texts)
    stage = measure_stage(engine)
    sizes = {name: _size(name, entries) for name in ("compiled", "pyahocorasick")}
    ratios = {
        key: sizes["pyahocorasick"][key] / value
        for key, value in sizes["compiled"].items()
        if key in _COMPARED and value
    }
    print("  compiled is less by: " + ", ".join(f"{k} x {v:.1f}" for k, v in ratios.items()))
    found = {"entries": len(entries), "texts": len(texts), "speed": speed}
    found |= {"scaling": scaling, "spark_stage": stage}
    return {**found, "sizes": sizes, "ratios": ratios}


def _speed(engine: Engine, automaton: ahocorasick.Automaton, texts: pa.Array) -> Figures:
    strings = texts.to_pylist()
    batches = [texts.slice(start, _BATCH) for start in range(0, len(texts), _BATCH)]
    rivals: dict[str, Callable[[], object]] = {
        "pyahocorasick loop": lambda: pyahocorasick_loop(automaton, strings),
        "compiled, one array": lambda: engine.match(texts),
        "compiled, batches": lambda: [engine.match(batch) for batch in batches],
        "floor": lambda: hash_tokens(texts),
    }
    hash_tokens(texts)  # compiles the kernel
    seconds = median_cpu(rivals, _ROUNDS)
    loop = seconds["pyahocorasick loop"]
    for name, taken in seconds.items():
        print(f"  {name:22} {1e6 * taken / len(texts):7.3f} us/text, x {loop / taken:.1f}")
    return {
        name: {"cpu_us_per_text": 1e6 * taken / len(texts), "ratio": loop / taken}
        for name, taken in seconds.items()
    }


def _pyahocorasick_automaton(entries: Sequence[str]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for entry_id, entry in enumerate(entries):
        automaton.add_word(f" {entry} ", entry_id)
    automaton.make_automaton()
    return automaton


def _space(text: str) -> str:
    text = f" {text} "
    for mark in ",.;:?!`":
        text = text.replace(mark, f" {mark} ")
    return text.replace("\t", " ").replace("\n", " ").replace("\r", " ")


def pyahocorasick_loop(automaton: ahocorasick.Automaton, strings: Sequence[str]) -> list[set[int]]:
    """Return the set of entry ids of each string."""
    return [{value for _, value in automaton.iter(_space(text))} for text in strings]


def _check_same(engine: Engine, automaton: ahocorasick.Automaton, texts: pa.Array) -> None:
    expected = [sorted(ids) for ids in pyahocorasick_loop(automaton, texts.to_pylist())]
    found = engine.match(texts)
    assert found.equals(pa.array(expected, pa.list_(pa.int32()))), "the engines differ"
    matched = sum(map(bool, expected))
    print(f"  same ids: {sum(map(len, expected)):,} matches in {matched:,} texts")


def _size(name: EngineName, entries: Sequence[str]) -> Figures:
    """Return the time to build the engine, and decoding time and memory in a new process."""
    seconds = []
    for _ in range(3):
        started = time.process_time()
        engine = build_engine(name, entries, "reference")
        seconds.append(time.process_time() - started)
    with tempfile.TemporaryDirectory() as folder:
        file, texts = Path(folder) / "engine.pickle", Path(folder) / "texts.arrow"
        file.write_bytes(pickle.dumps(engine, pickle.HIGHEST_PROTOCOL))
        with pa.OSFile(str(texts), "wb") as sink, pa.ipc.new_file(sink, _TEXTS) as writer:
            writer.write_batch(pa.record_batch([read_captions(_BATCH)], schema=_TEXTS))
        command = [sys.executable, "-m", "benchmarks.worker", str(file), str(texts)]
        runs = [_worker(command) for _ in range(3)]
        figures: Figures = {
            "build_cpu_s": sorted(seconds)[1],
            "array_bytes": engine.nbytes if isinstance(engine, CompiledEngine) else None,
            "pickle_bytes": file.stat().st_size,
            **{key: sorted(run[key] for run in runs)[1] for key in runs[0]},
        }
    print(f"  {name}: " + ", ".join(_shown(key, value) for key, value in figures.items() if value))
    return figures


_TEXTS = pa.schema([("text", pa.string())])


def _worker(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {key: float(value) for key, value in (line.split() for line in done.stdout.splitlines())}


def _shown(key: str, value: float) -> str:
    if key.endswith("_bytes"):
        return f"{key.removesuffix('_bytes')} {value / 1e6:.1f} MB"
    return f"{key} {value:.3f}"
