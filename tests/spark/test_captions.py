"""A real pool of a million captions through the whole flow."""

from __future__ import annotations

import pytest
from count_entries import count_entries
from import_metadata import import_metadata
from import_pairs import import_pairs
from match_entries import match_entries
from pyspark.sql import functions as F
from sample_pairs import sample_pairs

from metaclip.tables import MATCHES
from tests.shared import SHARED, needs_shared
from tests.spark.conftest import Runner


@pytest.mark.long
@needs_shared
def test_the_captions_with_a_url_as_a_pool(run: Runner) -> None:
    run(import_metadata, f"metadata.file={SHARED / 'metadata_500k.parquet'}")
    found = run(import_pairs, f"crawl.files={SHARED / 'captions.parquet'}")
    # The file holds 740,834 captions with a URL; the rest has none.
    assert found["pairs"] == found["images_kept"] == 740_834
    assert found["records"] == found["images"] + sum(found["dropped_records"].values())
    assert found["images"] == 740_834 + sum(found["dropped_images"].values())
    matched = run(match_entries)
    assert matched["pairs"] == 740_834
    assert matched["unique_pairs"] == 738_628
    counted = run(count_entries)
    ids = run.warehouse.read(MATCHES).agg(F.sum(F.size("entry_ids"))).collect()[0][0]
    assert counted["matches"] == ids
    sampled = run(sample_pairs, "balance.t=200")
    distance = abs(sampled["actual_size"] - sampled["expected_size"])
    assert distance < 4 * sampled["expected_sd"]
