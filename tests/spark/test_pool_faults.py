"""Import pools after public reports of faults: each gives its rows, or a refusal with a way out."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from pyarrow.dataset import dataset

from metaclip.errors import InputError
from metaclip.ingest.ledger import read_crawl_files, read_pairs
from metaclip.jobs.import_pairs import import_pairs
from tests.helpers.runner import ROOT, Runner

POOLS = ROOT / "tests" / "data" / "pools"
SITE = "http://127.0.0.1"


def imported(run: Runner, crawl: str) -> list[tuple[str, str]]:
    """Return the pairs (URL, text) of a crawl, sorted."""
    pairs = read_pairs(run.warehouse, crawl).select("image_url", "text").collect()
    return sorted((row.image_url, row.text) for row in pairs)


def csv_rows(data: str, **form: Any) -> list[tuple[str, str]]:
    """Return (URL, caption) of each row as Python's csv reads them."""
    rows = csv.DictReader(io.StringIO(data, newline=""), **form)
    return [(row["url"], row["caption"]) for row in rows]


def expected_pairs(folder: Path) -> list[tuple[str, str]]:
    """Return what other readers find in a pool: pyarrow.dataset in Parquet, csv in text."""
    found: list[tuple[str, str]] = []
    for file in sorted(folder.iterdir()):
        if file.suffix == ".parquet":
            table = dataset(file).to_table(columns=["url", "text"])
            found += zip(*(column.to_pylist() for column in table.columns), strict=True)
        elif file.suffix == ".tsv":
            plain = {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
            found += csv_rows(file.read_bytes().decode(), **plain)
        else:
            found += csv_rows(file.read_bytes().decode())
    return sorted(found)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        "csv_quoted_newline",
        "csv_two_orders",
        "pq_int_double",
        "pq_ts_ns",
        "same1",
        "same2",
        "tsv_quote_open",
    ],
)
def test_a_pool_gives_what_another_reader_finds(run: Runner, name: str) -> None:
    summary = run(import_pairs, f"crawl.files={POOLS / name}")
    assert imported(run, "local") == expected_pairs(POOLS / name)
    assert summary["records"] == summary["pairs"]


def test_only_needed_columns_are_read(run: Runner) -> None:
    where = "import.where=width is not null and width < 3"
    assert run(import_pairs, f"crawl.files={POOLS}/pq_int_double", where)["pairs"] == 3
    ns = f"crawl.files={POOLS}/pq_ts_ns"
    assert run(import_pairs, ns, "crawl.name=ns", "import.where=year(fetched) = 2024")["pairs"] == 3


@pytest.mark.parametrize(
    ("name", "dropped", "pairs"),
    [
        ("jsonl_list", {}, [("0", "a red fox on snow"), ("0", "two boats in a harbour")]),
        ("jsonl_surrogate", {"bad_record": 1}, [("2", "good 😀 end"), ("3", "nul \0 here")]),
        ("tsv_extra_tab", {"bad_record": 1}, [("1", "two boats in a harbour")]),
        ("tsv_quote_open", {}, [("0", "a red fox on snow"), ("1", '"Untitled, a painting')]),
    ],
)
def test_a_record_is_a_pair_or_is_counted(
    run: Runner, name: str, dropped: dict[str, int], pairs: list[tuple[str, str]]
) -> None:
    summary = run(import_pairs, f"crawl.files={POOLS / name}")
    found = [(Path(url).stem, text) for url, text in imported(run, "local")]
    assert found[:2] == pairs
    assert (summary["dropped_records"], summary["status"]) == (dropped, {"done": 1})
    assert summary["records"] == summary["images_kept"] + sum(dropped.values())


def test_numbers_stay_as_they_are_written(run: Runner) -> None:
    run(import_pairs, f"crawl.files={POOLS}/jsonl_numbers_only")
    assert imported(run, "local") == [("u1", "12345"), ("u2", "1.10"), ("u3", "100000000000")]


def test_bytes_that_are_not_utf8_never_pass(run: Runner) -> None:
    """One rule for a string column of Parquet, a binary one and its id."""
    summary = run(import_pairs, f"crawl.files={POOLS}/utf8_flow/a.parquet")
    assert summary["dropped_records"] == {"bad_record": 2}
    assert [text for _, text in imported(run, "local")] == [
        "a cat on a hill",
        "one red fox",
        "two boats",
    ]


def test_one_damaged_file_is_one_damaged_file(run: Runner) -> None:
    settings = (f"crawl.files={POOLS}/gz3", "crawl.min_coverage=0.6")
    assert run(import_pairs, *settings)["status"] == {"done": 2, "partial": 1}
    ledger = {row.path: row for row in read_crawl_files(run.warehouse, "local").collect()}
    assert ledger["c.csv.gz"].status == "partial"
    assert "ended before the end-of-stream" in ledger["c.csv.gz"].error
    expected = [
        pair
        for name in ("a", "b")
        for pair in csv_rows(gzip.decompress((POOLS / f"gz3/{name}.csv.gz").read_bytes()).decode())
    ]
    whole = [pair for pair in imported(run, "local") if "/c/" not in pair[0]]
    assert whole == sorted(expected)
    assert all(url.startswith(f"{SITE}/c/") for url, _ in set(imported(run, "local")) - set(whole))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("csv_latin1", r"a\.csv failed \(.*not in the encoding; set import\.encoding\)"),
        ("jsonl_struct", r"a\.jsonl failed \(.* in column text .*name another by import\.text\)"),
    ],
)
def test_a_refusal_names_file_column_and_way_out(run: Runner, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(import_pairs, f"crawl.files={POOLS / name}")


def test_an_encoding_can_be_set(run: Runner) -> None:
    run(import_pairs, f"crawl.files={POOLS}/csv_latin1", "import.encoding=latin-1")
    assert imported(run, "local") == [(f"{SITE}/i/0.jpg", "un café à Évian")]
