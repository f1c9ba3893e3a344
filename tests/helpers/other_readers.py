"""Read the tables and the export of a warehouse by other programs; runs in .venv-readers.

Usage: other_readers.py WAREHOUSE EXPORT; prints what each reader finds in each, as JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import datasets
import deltalake
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

Found = tuple[int, str]
"""Number of rows, and the hash of their sorted URLs and texts."""
Rows = Iterable[Mapping[Any, Any]]
PAIR = ["image_url", "text"]
CAPTION = ["url", "caption"]


def read_files(files: list[str], columns: list[str]) -> dict[str, Rows]:
    """Return the rows of Parquet files as each reader gives them."""
    query = f"select {', '.join(columns)} from read_parquet({files!r})"
    return {
        "polars": pl.concat([pl.read_parquet(file, columns=columns) for file in files]).to_dicts(),
        "pandas": pd.concat([pd.read_parquet(file, columns=columns) for file in files]).to_dict(
            "records"
        ),
        "duckdb": duckdb.execute(query).df().to_dict("records"),
        "datasets": load_dataset(files, columns),
    }


def load_dataset(files: list[str], columns: list[str]) -> Rows:
    """Return the rows of a data set; its library has no type for the maps of other columns."""
    schema = pq.read_schema(files[0])
    features = datasets.Features.from_arrow_schema(pa.schema([schema.field(c) for c in columns]))
    rows: Rows = datasets.load_dataset(
        "parquet", data_files=files, split="train", columns=columns, features=features
    )
    return rows


def read_table(table: Path, columns: list[str], kind: str | None = None) -> dict[str, Rows]:
    """Return the rows of a Delta table as each reader of Delta, or of its files, gives them."""
    delta = deltalake.DeltaTable(str(table))
    uris = [unquote(uri.removeprefix("file://")) for uri in delta.file_uris()]
    files = [uri for uri in uris if kind is None or f"kind={kind}/" in uri]
    lazy = pl.scan_delta(str(table))
    if kind is not None:
        lazy = lazy.filter(pl.col("kind") == kind)
    partitions = None if kind is None else [("kind", "=", kind)]
    found = delta.to_pyarrow_table(columns=columns, partitions=partitions)
    return read_files(files, columns) | {
        "deltalake": found.to_pylist(),
        "polars": lazy.select(columns).collect().to_dicts(),
    }


def digests(found: Mapping[str, Rows], names: list[str], struct: str = "") -> dict[str, Found]:
    """Return, for each reader, the digest of its rows; each text must be valid UTF-8."""
    return {reader: digest(rows, names, struct) for reader, rows in found.items()}


def digest(rows: Rows, names: list[str], struct: str) -> Found:
    """Return the number and the hash of rows, or of their column `struct`."""
    fields = (row[struct] if struct else row for row in rows)
    lines = sorted("\n".join(row[name] for name in names).encode() + b"\0" for row in fields)
    return len(lines), hashlib.sha256(b"".join(lines)).hexdigest()


def main(warehouse: Path, export: Path) -> None:
    """Print the digests of each table and of the export."""
    found = {
        "extractions": digests(
            read_table(warehouse / "extractions", ["pair"], "pair"), PAIR, "pair"
        )
    }
    for name in ("matches", "curated"):
        found[name] = digests(read_table(warehouse / name, PAIR), PAIR)
    files = [str(file) for file in sorted(export.glob("**/*.parquet"))]
    found["export"] = digests(read_files(files, CAPTION), CAPTION)
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
