"""The whole flow on 1,761 real pages, against figures that were computed without it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from metaclip.config.command_line import load_config
from metaclip.ingest.ledger import read_pairs
from metaclip.jobs.curate import curate
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS
from metaclip.warehouse.warehouse import Warehouse
from tests.helpers.shared_data import SHARED, needs_shared


def digest(lines: list[str]) -> str:
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


@pytest.mark.long
@needs_shared
def test_the_flow_gives_the_figures_of_the_real_wat(spark: SparkSession, tmp_path: Path) -> None:
    expected = json.loads((SHARED / "wat/realpages.expected.json").read_text())
    config = load_config(
        None,
        [
            f"warehouse={tmp_path}",
            f"crawl.files={SHARED / 'wat/realpages.warc.wat.gz'}",
            f"metadata.file={SHARED / 'metadata_500k.parquet'}",
            "balance.t=20",
        ],
    )
    warehouse = Warehouse(spark, config.warehouse, "test", config.digest())
    done = curate(config, warehouse)
    files, matched, counted = done.files, done.match_entries, done.count_entries
    assert files.records == expected["records"]
    assert files.pages == expected["pages"]
    assert files.images == expected["images"]
    assert files.images_kept == expected["good_images"]
    assert files.pairs == expected["pairs"]
    assert files.dropped_images == {
        reason: expected[reason] for reason in ("no_text", "not_http", "bad_url")
    }
    assert matched.unique_pairs == expected["distinct"]
    assert matched.matched == expected["matched"]
    assert counted.matches == expected["matches"]
    assert counted.entries_hit == expected["entries_hit"]
    unique = read_pairs(warehouse, "local").select("image_url", "text").distinct().collect()
    assert digest([f"{url}\t{text}\n" for url, text in unique]) == expected["pairs_sha256"]
    counts = warehouse.read_partition(CURATION_COUNTS, {"curation": "default"})
    hit = counts.where(F.col("count") > 0).orderBy("entry_id").select("entry_id", "count")
    lines = "".join(f"{entry_id}\t{count}\n" for entry_id, count in hit.collect())
    assert hashlib.sha256(lines.encode()).hexdigest() == expected["counts_sha256"]
    ids: dict[str, set[str]] = {}
    for t, figures in expected["balance"].items():
        sampled = sample_pairs(
            load_config(
                None, [f"warehouse={tmp_path}", f"balance.t={t}", f"balance.curation=t{t}"]
            ),
            warehouse,
        )
        assert sampled.tail_share == pytest.approx(figures["tail_share"], abs=1e-12)
        assert sampled.expected_size == pytest.approx(figures["expected"], rel=1e-9)
        assert sampled.expected_sd == pytest.approx(figures["sd"], rel=1e-9)
        assert abs(sampled.actual_size - figures["expected"]) < 4 * figures["sd"]
        curated = warehouse.read_partition(CURATED, {"curation": f"t{t}"})
        ids[t] = {row.pair_id for row in curated.select("pair_id").collect()}
    assert ids["1"] < ids["5"] < ids["20"]
    exact = sample_pairs(
        load_config(None, [f"warehouse={tmp_path}", "balance.size=5000"]), warehouse
    )
    assert exact.actual_size == 5000
