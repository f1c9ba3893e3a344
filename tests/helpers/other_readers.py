"""Read the tables and exports of a warehouse by other programs; runs in .venv-readers.

Usage: other_readers.py DELTA_TABLE EXPORT_FOLDER; prints what each reader finds, as JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import unquote

import datasets
import deltalake
import duckdb
import pandas as pd
import polars as pl

Found = tuple[int, str]
"""Number of rows, and the hash of their sorted URLs and texts."""


def digest(rows: Iterable[tuple[str, str]]) -> Found:
    """Return the number and the hash of rows; each text must be valid UTF-8."""
    lines = sorted(f"{url}\n{text}\0".encode() for url, text in rows)
    return len(lines), hashlib.sha256(b"".join(lines)).hexdigest()


def delta_readers(table: str) -> dict[str, Found]:
    """Return the pairs of a Delta table by each reader of Delta, or of its Parquet files."""
    files = [unquote(file.removeprefix("file://")) for file in deltalake.DeltaTable(table).file_uris()]
    pair_files = [file for file in files if "kind=pair" in file]
    arrow = deltalake.DeltaTable(table).to_pyarrow_table(partitions=[("kind", "=", "pair")])
    pairs = pl.scan_delta(table).filter(pl.col("kind") == "pair").select("pair").collect()
    found = {
        "deltalake": arrow["pair"].to_pylist(),
        "polars": [row["pair"] for row in pairs.to_dicts()],
        "pandas": list(pd.concat(pd.read_parquet(file) for file in pair_files)["pair"]),
        "duckdb": [
            row[0] for row in duckdb.sql(f"select pair from read_parquet({pair_files!r})").fetchall()
        ],
        "datasets": [
            row["pair"]
            for row in datasets.load_dataset("parquet", data_files=pair_files, split="train")
        ],
    }
    return {
        name: digest((pair["image_url"], pair["text"]) for pair in rows)
        for name, rows in found.items()
    }


def export_readers(folder: Path) -> dict[str, Found]:
    """Return the images of an export (URL and caption) by each reader of Parquet."""
    files = [str(file) for file in sorted(folder.glob("**/*.parquet")) if "count" not in file.name]
    names = ["url", "caption"]
    readers: dict[str, Callable[[], Iterable[tuple[str, str]]]] = {
        "polars": lambda: pl.read_parquet(files, columns=names).iter_rows(),
        "pandas": lambda: pd.concat(pd.read_parquet(f)[names] for f in files).itertuples(
            index=False, name=None
        ),
        "duckdb": lambda: duckdb.sql(
            f"select url, caption from read_parquet({files!r})"
        ).fetchall(),
        "datasets": lambda: (
            (row["url"], row["caption"])
            for row in datasets.load_dataset("parquet", data_files=files, split="train")
        ),
    }
    return {name: digest(read()) for name, read in readers.items()}


if __name__ == "__main__":
    print(json.dumps([delta_readers(sys.argv[1]), export_readers(Path(sys.argv[2]))]))
