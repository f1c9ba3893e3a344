"""The tables and exports of made pools are read by the programs that people use."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from metaclip.ingest.ledger import read_all_pairs
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.export_pairs import export_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from tests.helpers.made_pools import make_pool
from tests.helpers.runner import ROOT, Runner

pytestmark = [pytest.mark.long, pytest.mark.readers]
READERS = {"deltalake", "polars", "pandas", "duckdb", "datasets"}
SEEDS = range(2_000)


def write_pools(folder: Path) -> dict[str, int]:
    """Write all made pools that need no settings, a folder for each format; count their pairs."""
    counts: dict[str, int] = {}
    for seed in SEEDS:
        pool = make_pool(seed)
        if pool.settings or pool.damaged:
            continue
        stem, _, suffix = pool.name.partition(".")
        kind = suffix.split(".")[0].lower().replace("pq", "parquet").replace("ndjson", "jsonl")
        (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / kind / f"{stem}{seed}.{suffix}").write_bytes(pool.data)
        counts[kind] = counts.get(kind, 0) + len(pool.pairs)
    return counts


def test_tables_and_exports_are_read_by_others(run: Runner, tmp_path: Path) -> None:
    counts = write_pools(tmp_path / "pools")
    for kind, pairs in counts.items():
        settings = (f"crawl.name={kind}", f"crawl.files={tmp_path}/pools/{kind}")
        assert run(import_pairs, *settings, "crawl.min_coverage=0.9")["pairs"] == pairs
    (tmp_path / "list.txt").write_text("red\nfox\nlines\n漢字\n3.50\nplain\n")
    run(import_metadata, f"metadata.file={tmp_path}/list.txt")
    for kind in counts:
        for step in (match_entries, count_entries):
            run(step, f"crawl.name={kind}", "crawl.min_coverage=0.9")
    curated = run(sample_pairs, "balance.t=1000000", "crawl.min_coverage=0.9")
    run(export_pairs, f"export.to={tmp_path}/export", "export.files=3")
    found = subprocess.run(
        [
            ROOT / ".venv-readers" / "bin" / "python",
            *(ROOT / "tests" / "helpers" / "other_readers.py", run.root / "extractions"),
            tmp_path / "export",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    tables, exports = json.loads(found.stdout.splitlines()[-1])
    assert set(tables) == READERS
    assert set(exports) == READERS - {"deltalake"}
    ours = read_all_pairs(run.warehouse).where(F.col("image_url").isNotNull()).count()
    assert {count for count, _ in tables.values()} == {ours} == {sum(counts.values())}
    assert len({digest for _, digest in tables.values()}) == 1
    assert len({digest for _, digest in exports.values()}) == 1
    assert all(0 < count <= curated["actual_size"] for count, _ in exports.values())
