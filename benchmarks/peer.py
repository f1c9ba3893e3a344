"""Run one tool over crawl files, warm, once for each line of stdin, and print what it took.

Started by `benchmarks.peers` with the tool's name, its folder, the list of entries and settings of
the JVM. The chain runs in an environment of its own, where the package is not installed.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.processes import Watch

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Run = Callable[[str, list[str], Callable[[str], None]], dict[str, int]]
"""A flow: from a name and crawl files to numbers of rows; it calls back at the end of a stage."""
_SPARK = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.showConsoleProgress": "false",
    "spark.master": "local[2]",
}
_T = 20.0
_COLUMNS = ["uid", "url", "alt", "cc_filename", "page_url"]


def _session() -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("peer")
    for key, value in _SPARK.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _cc2dataset(folder: str, metadata: str) -> Run:
    """Return what cc2dataset does: extract, drop duplicates, write; its own code reads a file."""
    from cc2dataset.main import process_wat  # type: ignore[import-not-found]

    spark = _session()

    def extract(paths: Iterable[str]) -> Iterator[tuple[str, ...]]:
        from loguru import logger  # type: ignore[import-not-found]

        logger.remove()
        for path in paths:
            yield from process_wat(path, "image")

    def run(name: str, files: list[str], ended: Callable[[str], None]) -> dict[str, int]:
        rows = spark.sparkContext.parallelize(files, len(files)).mapPartitions(extract)
        pairs = rows.toDF(_COLUMNS).dropDuplicates(["uid"])
        # Its 256 files at least would cost small inputs more.
        pairs.repartition(4).write.mode("overwrite").parquet(f"{folder}/{name}/pairs")
        pairs = spark.read.parquet(f"{folder}/{name}/pairs")
        done = {"pairs": pairs.count()}
        ended("cc2dataset")
        return done

    return run


_automaton: Any = None


def _match(rows: Iterable[Any], metadata: str) -> Iterator[tuple[str, str, list[int]]]:
    """Yield the pairs with an entry; a worker builds its automaton once."""
    global _automaton
    if _automaton is None:
        import ahocorasick
        import pyarrow.parquet as pq

        _automaton = ahocorasick.Automaton()
        entries = pq.read_table(metadata, columns=["entry"])["entry"].to_pylist()
        for number, entry in enumerate(entries):
            _automaton.add_word(f" {entry} ", number)
        _automaton.make_automaton()
    for row in rows:
        text = f" {row.alt} "
        for mark in ",.;:?!`":
            text = text.replace(mark, f" {mark} ")
        for space in "\t\n\r":
            text = text.replace(space, " ")
        ids = {number for _, number in _automaton.iter(text)}
        if ids:
            yield row.url, row.alt, sorted(ids)


def _chain(folder: str, metadata: str) -> Run:
    """Return cc2dataset, then the paper's steps as a user would write them."""
    from pyspark.sql import functions as F

    extract, spark = _cc2dataset(folder, metadata), _session()

    def run(name: str, files: list[str], ended: Callable[[str], None]) -> dict[str, int]:
        done, to = extract(name, files, ended), f"{folder}/{name}"
        pairs = spark.read.parquet(f"{to}/pairs").rdd
        found = pairs.mapPartitions(lambda rows: _match(rows, metadata))
        schema = "url string, text string, ids array<int>"
        spark.createDataFrame(found, schema).write.mode("overwrite").parquet(f"{to}/matches")
        matches = spark.read.parquet(f"{to}/matches")
        counted = matches.select(F.explode("ids").alias("id")).groupBy("id").count().collect()
        counts = spark.sparkContext.broadcast({row["id"]: row["count"] for row in counted})

        def toss(rows: Iterable[Any]) -> Iterator[Any]:
            for row in rows:
                if any(random.random() < _T / max(_T, counts.value[entry]) for entry in row.ids):
                    yield row

        kept = spark.createDataFrame(matches.rdd.mapPartitions(toss), schema)
        kept.write.mode("overwrite").parquet(f"{to}/curated")
        done["matched"] = matches.count()
        ended("chain")
        return done

    return run


def _ours(folder: str, metadata: str) -> Run:
    """Return our four stages; the list of entries is imported before."""
    from msgspec import Struct, structs

    from benchmarks.stages import import_steps
    from metaclip.config.command_line import load_config
    from metaclip.spark.session import create_session
    from metaclip.warehouse.warehouse import Warehouse

    steps, spark = import_steps(), create_session("peer", _SPARK)

    def step(name: str, crawl: str, files: list[str]) -> Struct:
        given = {
            "warehouse": folder,
            "crawl.name": crawl,
            "crawl.files": files,
            "metadata.file": metadata,
            "balance.crawls": [crawl],
            "balance.curation": crawl,
            "balance.t": _T,
        }
        config = load_config(None, [f"{key}={json.dumps(value)}" for key, value in given.items()])
        done: Struct = steps[name](
            config, Warehouse(spark, config.warehouse, name, config.digest())
        )
        return done

    step("import_metadata", "none", [])

    def run(name: str, files: list[str], ended: Callable[[str], None]) -> dict[str, int]:
        summaries = {}
        for stage in ("extract_pairs", "match_entries", "count_entries", "sample_pairs"):
            summaries[stage] = step(stage, name, files)
            ended(stage)
        done = structs.asdict(summaries["match_entries"])
        return {"pairs": done["unique_pairs"], "matched": done["matched"]}

    return run


def _note(watch: Watch, before: float, spent: dict[str, float], stage: str) -> None:
    """Note the CPU seconds from `before` to the end of a stage."""
    spent[stage] = sum(watch.cpu_seconds().values()) - before


def main() -> None:
    """Answer each line of stdin, {"name", "files"}, by the rows and CPU seconds of a run."""
    tool, folder, metadata, jvm = sys.argv[1:]
    _SPARK.update(json.loads(jvm))
    run = {"ours": _ours, "chain": _chain}[tool](folder, metadata)
    Path(folder).mkdir(exist_ok=True)
    watch = Watch()
    watch.start()
    for line in sys.stdin:
        asked, before = json.loads(line), watch.cpu_seconds()
        spent: dict[str, float] = {}
        rows = run(
            asked["name"], asked["files"], partial(_note, watch, sum(before.values()), spent)
        )
        print(json.dumps({**rows, "cpu_s": spent}), flush=True)
    watch.stop()
