"""Measure the growth of matching's cost with the length of texts and the number of entries."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pyarrow as pa

from benchmarks.inputs import ROOT, read_all_captions, read_wikipedia_words
from benchmarks.timing import median_cpu
from metaclip.matching.compiled.engine import CompiledEngine

Figures = dict[str, Any]

PLOT = ROOT / "bench-matching.png"
_LENGTHS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
_ENTRIES = (10_000, 30_000, 100_000, 300_000, 500_000, 1_000_000, 2_000_000)
_BYTES = 20_000_000
_ROUNDS = 5


def measure_scaling(engine: CompiledEngine, entries: list[str], texts: pa.Array) -> Figures:
    """Measure both; print tables and draw a plot."""
    lengths, sizes = _by_length(engine, texts), _by_entries(entries, texts)
    _draw(lengths, sizes)
    print(f"  plot: {PLOT}")
    return {"ns_per_byte_by_text_bytes": lengths, "us_per_text_by_entries": sizes}


def _by_length(engine: CompiledEngine, texts: pa.Array) -> dict[int, float]:
    """Return nanoseconds a byte for the same words in texts of each length."""
    words = " ".join(texts.to_pylist()).encode()[:_BYTES].decode(errors="ignore")
    batches = {length: _cut(words, length) for length in _LENGTHS}
    rivals: dict[str, Callable[[], object]] = {
        str(length): partial(engine.match, batch) for length, batch in batches.items()
    }
    seconds = median_cpu(rivals, _ROUNDS)
    total = len(words.encode())
    found = {length: 1e9 * seconds[str(length)] / total for length in _LENGTHS}
    print("  text bytes   " + "".join(f"{length:>10,}" for length in found))
    print("  ns/byte      " + "".join(f"{value:>10.2f}" for value in found.values()))
    print(f"  slowest to fastest: x {max(found.values()) / min(found.values()):.2f}")
    return found


def _cut(words: str, length: int) -> pa.Array:
    return pa.array([words[start : start + length] for start in range(0, len(words), length)])


def _by_entries(entries: list[str], texts: pa.Array) -> dict[int, float]:
    """Return microseconds a text for random parts of the entries and for longer lists."""
    pool = _shuffled(entries) + _shuffled(_more_entries(entries, texts))
    sizes = [size for size in _ENTRIES if size <= len(pool)]
    engines = {size: CompiledEngine.build(pool[:size], "reference") for size in sizes}
    rivals: dict[str, Callable[[], object]] = {
        str(size): partial(engine.match, texts) for size, engine in engines.items()
    }
    seconds = median_cpu(rivals, _ROUNDS)
    found = {size: 1e6 * seconds[str(size)] / len(texts) for size in sizes}
    matches = {size: len(engine.match(texts).values) for size, engine in engines.items()}
    print("  entries      " + "".join(f"{size:>10,}" for size in found))
    print("  us/text      " + "".join(f"{value:>10.3f}" for value in found.values()))
    print("  matches/text " + "".join(f"{n / len(texts):>10.1f}" for n in matches.values()))
    print("  arrays MB    " + "".join(f"{e.nbytes / 1e6:>10.1f}" for e in engines.values()))
    print(f"  most entries to fewest: x {found[sizes[-1]] / found[sizes[0]]:.2f}")
    return found


def _more_entries(entries: list[str], texts: pa.Array) -> list[str]:
    """Return further entries, as a longer list would have them.

    They are the other words of Wikipedia, and the pairs of neighbouring words of all captions
    that are not measured.
    """
    measured = set(texts.to_pylist())
    found = dict.fromkeys(read_wikipedia_words())
    for text in read_all_captions().to_pylist():
        if text not in measured:
            found.update(dict.fromkeys(map(" ".join, pairwise(text.split()))))
    known = set(entries)
    return [entry for entry in found if entry not in known]


def _shuffled(entries: list[str]) -> list[str]:
    return random.Random(0).sample(entries, len(entries))


def _draw(lengths: dict[int, float], sizes: dict[int, float]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    left.plot(list(lengths), list(lengths.values()), "o-")
    left.set(xlabel="bytes of a text", ylabel="CPU ns per byte", xscale="log", ylim=(0, None))
    right.plot(list(sizes), list(sizes.values()), "o-")
    right.set(xlabel="entries", ylabel="CPU µs per text", xscale="log", ylim=(0, None))
    figure.savefig(PLOT)
