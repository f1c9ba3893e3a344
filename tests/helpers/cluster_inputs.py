"""Describe the inputs of the cluster's tests, and digest the tables that it writes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from tests.helpers.cluster_processes import ROOT

DATA = ROOT / "tests" / "data"
T = 200
WATS, CAPTION_COPIES = 4, 6
FLOW = ("match_entries", "count_entries", "sample_pairs")
SPARK = {
    "spark.sql.shuffle.partitions": "4",
    # Compiling queries over so few rows would take half of the time.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Several files and several tasks for what would fit into one.
    "spark.databricks.delta.optimizeWrite.binSize": "4m",
    "spark.sql.files.maxPartitionBytes": "4m",
    "spark.sql.files.openCostInBytes": "0",
    "spark.sql.shuffle.orderIndependentChecksum.enabled": "true",
    "spark.sql.shuffle.orderIndependentChecksum.enableFullRetryOnMismatch": "true",
}


class SmallDisk(NamedTuple):
    """A file system of 200 MB in a namespace, which any user may create.

    `path` is its folder for the processes that `enter` starts, `seen` its folder for others.
    """

    path: Path
    seen: Path
    enter: list[str]


class Inputs(NamedTuple):
    """Settings that name real pages, captions and entries; the URLs of the copies differ."""

    pages: str
    captions: str
    metadata: str


class Quiet(NamedTuple):
    """An undisturbed run: its warehouse before the captions were matched, and after.

    `pages` is the digest of the curation of the pages alone, `all` the one with captions.
    """

    before: Path
    after: Path
    pages: str
    all: str


def settings(warehouse: Path | str, crawl: str) -> list[str]:
    """Return the settings of all jobs."""
    spark = [f"spark.{key}={value}" for key, value in SPARK.items()]
    return [f"warehouse={warehouse}", f"crawl.name={crawl}", f"balance.t={T}", *spark]


def read_rows(table: Path) -> list[dict[str, Any]]:
    """Return the rows of a Delta table by its log, read without Spark or Delta."""
    files: dict[str, dict[str, str | None]] = {}
    for commit in sorted((table / "_delta_log").glob("*.json")):
        for line in commit.read_text().splitlines():
            for action, body in json.loads(line).items():
                if action == "add":
                    files[body["path"]] = body["partitionValues"]
                elif action == "remove":
                    del files[body["path"]]
    rows: list[dict[str, Any]] = []
    for path, partition in files.items():
        found = pq.ParquetFile(table / path).read().to_pylist()
        rows += [{**row, **partition} for row in found]
    return rows


def digest(warehouse: Path) -> str:
    """Return a hash over all columns of `curated`, `curation_counts` and `curations`.

    Times and Delta versions are left out. Sums of floats have nine digits, since the order of
    work decides their last bit.
    """
    without = ("created_at", "input_versions", "curated_version", "config")
    sums = ("expected", "expected_size", "expected_sd")
    lines = []
    for table in ("curated", "curation_counts", "curations"):
        for row in read_rows(warehouse / table):
            kept = {name: value for name, value in row.items() if name not in without}
            kept |= {name: f"{row[name]:.9g}" for name in sums if name in row}
            lines.append(json.dumps([table, kept], default=str, sort_keys=True))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
