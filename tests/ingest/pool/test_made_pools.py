"""Pools of every form give the rows that were written into them, and account for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metaclip.config.crawl import ImportSettings, RequestSettings
from metaclip.crawl.files.listing import list_files
from metaclip.ingest.pool.finishing import finish_rows
from metaclip.ingest.pool.reading import read_pool_file
from tests.helpers.made_pools import MadePool, make_pool


def read(pool: MadePool, folder: Path) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    """Return the pairs (id, URL, text) of a pool in their order, and its account."""
    (folder / pool.name).write_bytes(pool.data)
    (file,) = list_files(str(folder / pool.name))
    settings = ImportSettings(**pool.settings)
    batches = read_pool_file(0, file, settings, RequestSettings(), {})
    rows = [row for batch in finish_rows(batches, [file], "", None) for row in batch.to_pylist()]
    pairs = [row["pair"] for row in rows if row["kind"] == "pair"]
    account = rows[-1]["file"]
    return [(p["source_id"], p["image_url"], p["text"]) for p in pairs], account


def check(seed: int, folder: Path) -> None:
    """Compare one pool with what was written."""
    pool = make_pool(seed)
    pairs, account = read(pool, folder)
    dropped = dict(account["dropped_records"]) | dict(account["dropped_images"])
    assert account["records"] == account["images_kept"] + sum(dropped.values()), seed
    assert account["pairs"] == len(pairs), seed
    if pool.damaged:
        check_damaged(seed, pool, pairs, account)
        return
    assert pairs == pool.pairs, seed
    assert account["records"] == pool.records, seed
    assert dropped.get("bad_record", 0) == pool.bad, seed
    all_bad = bool(pool.records) and pool.bad == pool.records
    assert account["status"] == ("failed" if all_bad else "done"), (seed, account["error"])


def check_damaged(
    seed: int, pool: MadePool, pairs: list[tuple[Any, ...]], account: dict[str, Any]
) -> None:
    """A damaged file is partial or failed, and its text before the damage gives its rows.

    A flipped bit may garble a block before the checksum is seen, if there is one at all.
    """
    if account["status"] == "done":
        assert pairs == pool.pairs or pool.data.startswith(b"\x28\xb5\x2f\xfd"), seed
        return
    assert account["status"] == ("partial" if account["pages"] else "failed"), seed
    assert account["error"], seed
    if pool.cut:
        assert pairs == pool.pairs[: len(pairs)], seed


@pytest.mark.parametrize("block", range(4))
def test_made_pools_give_what_was_written(block: int, tmp_path: Path) -> None:
    for seed in range(100 * block, 100 * (block + 1)):
        check(seed, tmp_path)


@pytest.mark.long
def test_two_thousand_made_pools_give_what_was_written(tmp_path: Path) -> None:
    for seed in range(1_000, 3_000):
        check(seed, tmp_path)
