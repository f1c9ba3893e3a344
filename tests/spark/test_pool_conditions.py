"""Conditions on a pool's columns of every type and of folders, by Spark's own SQL."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from metaclip.errors import InputError
from metaclip.ingest.ledger import read_pairs
from metaclip.jobs.import_pairs import import_pairs
from tests.helpers.runner import Runner

DAY = datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC)
COLUMNS = {
    "ints": pa.array([1, 2, None], pa.uint8()),
    "large": pa.array([1, 2**63, None], pa.uint64()),
    "half": pa.array([0.5, 1.5, None], pa.float16()),
    "price": pa.array([decimal.Decimal("1.10"), None, None], pa.decimal128(9, 2)),
    "day": pa.array([DAY.date(), None, None], pa.date64()),
    "seen": pa.array([DAY, None, None], pa.timestamp("ns", "Europe/Berlin")),
    "clock": pa.array([datetime.time(12, 30), None, None], pa.time64("ns")),
    "tags": pa.array([["a", "b"], [], None], pa.large_list(pa.large_string())),
    "meta": pa.array([{"width": 3}, None, None], pa.struct([("width", pa.int16())])),
    "kind": pa.array(["x", "y", None]).dictionary_encode(),
    "a.b": pa.array([True, False, None]),
    "empty": pa.nulls(3),
    "_metadata": pa.array([7, 8, 9]),
}
CONDITIONS = [
    "ints = 1",
    "INTS < 2",
    "large between 1 and 2",
    "large > 2",
    "half > 1",
    "price = 1.1",
    "day = date'2024-05-01' and year(seen) = 2024",
    "clock like '12:30%'",
    "array_contains(tags, 'b')",
    "exists(tags, x -> x = 'a')",
    "meta.width > 2",
    "kind rlike '[xy]'",
    "`a.b`",
    "empty is null",
    "_metadata = 7 and length(text) > 3",
    "lang = 'en' and month > 4",
]


OTHER_ROW = ("large > 2", "half > 1")


def columns(folder: Path) -> str:
    """Write the columns into a hive folder; return the glob of the pool."""
    file = folder / "lang=en" / "month=05" / "a.parquet"
    file.parent.mkdir(parents=True)
    urls = {"url": ["http://a/0", "http://a/1", "http://a/2"], "text": ["a cat"] * 3}
    pq.write_table(pa.table({**urls, **COLUMNS}), file)
    return f"crawl.files={folder}/**/*.parquet"


def test_conditions_on_columns_of_every_type(run: Runner, tmp_path: Path) -> None:
    """One condition that counts, for each row, which of all the conditions hold."""
    files = columns(tmp_path / "pool")
    for holds, where in (
        (3, " and ".join(f"(({one}) or true or url = '')" for one in CONDITIONS)),
        (1, " and ".join(f"({one})" for one in CONDITIONS if one not in OTHER_ROW)),
        (1, "large > 2 and half > 1 and not `a.b`"),
        (0, "empty is not null"),
    ):
        assert run(import_pairs, files, f"import.where={where}")["pairs"] == holds, where


@pytest.mark.long
def test_types_that_differ_between_files_have_a_common_one(run: Runner, tmp_path: Path) -> None:
    kinds = (pa.int32(), pa.float64(), pa.null())
    for number, kind in enumerate(kinds):
        values = pa.array([1, 2] if kind != pa.null() else [None, None], kind)
        table = {"url": [f"http://{number}/{n}" for n in range(2)], "text": ["x", "y"]}
        pq.write_table(pa.table({**table, "width": values}), tmp_path / f"{number}.parquet")
    settings = (f"crawl.files={tmp_path}/*.parquet", "import.where=width > 1.5")
    assert run(import_pairs, *settings)["pairs"] == 2
    (tmp_path / "0.jsonl").write_text('{"url": "u0", "text": "a", "n": 1, "m": {"k": "v"}}\n')
    (tmp_path / "1.jsonl").write_text('{"url": "u1", "text": "b", "n": 2.5}\n')
    settings = (f"crawl.files={tmp_path}/*.jsonl", "crawl.name=lines")
    assert run(import_pairs, *settings, "import.where=n > 2 or m.k = 'v'")["pairs"] == 2


def test_a_value_that_the_condition_can_not_take(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("url,text,width\nu1,a,5\nu2,b,wide\n")
    settings = (f"crawl.files={tmp_path}/a.csv", "crawl.min_coverage=0")
    with pytest.raises(
        InputError, match=r"import\.where: .*CAST_INVALID_INPUT.*; cast by try_cast"
    ):
        run(import_pairs, *settings, "import.where=width > 2")
    assert run(import_pairs, *settings, "import.where=try_cast(width as int) > 2")["pairs"] == 1
    (pair,) = read_pairs(run.warehouse, "local").collect()
    assert pair.image_url == "u1"
