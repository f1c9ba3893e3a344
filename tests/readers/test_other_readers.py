"""The tables and exports of made pools are read by the programs that people use."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.export_pairs import export_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.views import NamedTables
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


def read_by_others(warehouse: Path, folder: Path) -> dict[str, dict[str, tuple[int, str]]]:
    """Return what each reader finds in each table and in the export."""
    python = ROOT / ".venv-readers" / "bin" / "python"
    script = ROOT / "tests" / "helpers" / "other_readers.py"
    result = subprocess.run(
        [python, script, warehouse, folder / "export"],
        env={**os.environ, "HF_HOME": f"{folder}/huggingface"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, dict[str, tuple[int, str]]] = json.loads(result.stdout.splitlines()[-1])
    return found


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
    found = read_by_others(run.root, tmp_path)
    tables = NamedTables(run.spark, str(run.root), "test", "0")
    ours = {name: tables[name].count() for name in ("pairs", "matches", "curated")}
    assert ours["pairs"] == sum(counts.values())
    assert curated["actual_size"] == ours["curated"]
    for name, readers in found.items():
        assert set(readers) == (READERS - {"deltalake"} if name == "export" else READERS)
        assert len({tuple(digest) for digest in readers.values()}) == 1, name
    sizes = {name: readers["polars"][0] for name, readers in found.items()}
    assert (sizes["extractions"], sizes["matches"]) == (ours["pairs"], ours["matches"])
    assert 0 < sizes["export"] <= sizes["curated"] == ours["curated"]
