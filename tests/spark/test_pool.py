"""Ready pools: each format and each name of a column gives the same pairs and accounts."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from metaclip.errors import InputError
from metaclip.ingest.ledger import read_crawl_files, read_pairs
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_pairs import import_pairs
from metaclip.warehouse.ids import pair_id
from tests.helpers.runner import Runner

Row = tuple[str | None, ...]
# (id, URL, text): all that a format could get wrong, and every reason to drop a row.
ROWS: list[Row] = [
    ("1", "http://example.org/cat.jpg", "a cat"),
    ("2", "http://example.org/a,b.jpg", 'he said "miau", twice'),
    ("3", "http://example.org/ä b.jpg?x=1&y=2", "Mädchen für 3 €; 漢字 🐈"),
    ("4", "HTTP://Example.org/../A%20b", "  spaces stay  "),
    ("5", "http://example.org/cat.jpg", "a cat"),
    ("6", None, "no URL"),
    ("7", "   ", "blank URL"),
    ("8", "http://example.org/1.jpg", None),
    ("9", "http://example.org/2.jpg", "  "),
    ("10", "http://example.org/3.jpg", "3.50"),
]
GOOD = ROWS[:5] + ROWS[9:]


def as_parquet(names: Sequence[str], rows: Sequence[Row]) -> bytes:
    stream = io.BytesIO()
    columns = {
        name: pa.array([row[n] for row in rows], pa.string()) for n, name in enumerate(names)
    }
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def as_csv(names: Sequence[str], rows: Sequence[Row], delimiter: str = ",") -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerows([names, *rows])
    return stream.getvalue().encode()


def as_tsv(names: Sequence[str], rows: Sequence[Row]) -> bytes:
    return as_csv(names, rows, "\t")


def as_jsonl(names: Sequence[str], rows: Sequence[Row]) -> bytes:
    lines = [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows]
    return "\n".join([*lines, ""]).encode()


Write = Callable[[Sequence[str], Sequence[Row]], bytes]
FORMATS: dict[str, tuple[Write, tuple[str, str, str]]] = {
    "parquet": (as_parquet, ("uid", "url", "text")),
    "tsv": (as_tsv, ("uid", "url", "caption")),
    "jsonl": (as_jsonl, ("key", "url", "caption")),
    "csv.gz": (lambda names, rows: gzip.compress(as_csv(names, rows)), ("key", "URL", "TEXT")),
}


def accounts(run: Runner) -> dict[str, dict[str, Any]]:
    rows = read_crawl_files(run.warehouse, "local").collect()
    return {row.path: row.asDict(recursive=True) for row in rows}


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format(run: Runner, tmp_path: Path, kind: str) -> None:
    write, names = FORMATS[kind]
    file = tmp_path / f"a pool+50%.{kind}"
    file.write_bytes(write(names, ROWS))
    summary = run(import_pairs, f"crawl.files={file}")
    pairs = read_pairs(run.warehouse, "local").collect()
    found = sorted((row.source_id, row.image_url, row.text) for row in pairs)
    assert found == sorted(GOOD)
    assert all(row.pair_id == pair_id(row.image_url, row.text) for row in pairs)
    assert {row.path for row in pairs} == {file.name}
    account = accounts(run)[file.name]
    assert (account["status"], account["error"]) == ("done", None)
    assert account["records"] == account["pages"] == account["images"] == len(ROWS)
    assert account["images_kept"] == account["pairs"] == len(GOOD)
    assert account["dropped_images"] == {"no_url": 2, "no_text": 2}
    assert (account["dropped_records"], account["bytes"]) == ({}, file.stat().st_size)
    assert summary["dropped_images"] == {"no_url": 2, "no_text": 2}


def test_where_and_the_account_of_each_file(run: Runner, tmp_path: Path) -> None:
    """Also where nothing of a file is wanted, and where a file has no rows."""
    names = ("uid", "url", "text", "similarity")
    for name, scores in {"a": ("0.4", "0.1", None), "b": ("0.2", "0.1"), "c": ()}.items():
        rows = [(str(n), f"http://{name}.org/{n}", "a cat", s) for n, s in enumerate(scores)]
        (tmp_path / f"{name}.parquet").write_bytes(as_parquet(names, rows))
    settings = (f"crawl.files={tmp_path}/*.parquet", "import.where=similarity > 0.3")
    summary = run(import_pairs, *settings)
    assert summary["status"] == {"done": 3}
    ledger = accounts(run)
    assert [ledger[f"{n}.parquet"]["dropped_records"] for n in "abc"] == [
        {"where": 2},
        {"where": 2},
        {},
    ]
    assert [ledger[f"{n}.parquet"]["records"] for n in "abc"] == [3, 2, 0]
    pairs = read_pairs(run.warehouse, "local").collect()
    assert [(row.path, row.source_id) for row in pairs] == [("a.parquet", "0")]


@pytest.mark.long
def test_another_condition_reads_the_files_again(
    run: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [(f"http://a.org/{n}", "a cat", str(n)) for n in range(5)]
    (tmp_path / "a.csv").write_bytes(as_csv(("url", "text", "width"), rows))
    files = f"crawl.files={tmp_path}/a.csv"
    assert run(import_pairs, files, "import.where=width > 2")["pairs"] == 2
    with caplog.at_level("INFO", logger="metaclip"):
        assert run(import_pairs, files, "import.where=width > 2")["pairs"] == 2
    assert "all 1 files are read; crawl.retry=all reads them again" in caplog.text
    assert run(import_pairs, files, "import.where=width > 1")["pairs"] == 3
    assert run(import_pairs, files)["pairs"] == 5


def test_a_second_file_of_the_same_name_is_refused(run: Runner, tmp_path: Path) -> None:
    for folder in ("same1", "same2"):
        (tmp_path / folder).mkdir()
        data = as_csv(("url", "text"), [(f"http://{folder}.org", "a cat")])
        (tmp_path / folder / "a.csv").write_bytes(data)
    run(import_pairs, f"crawl.files={tmp_path}/same1/a.csv")
    before = run.commits()
    with pytest.raises(InputError, match=r"a\.csv, which the crawl has from another folder; set "):
        run(import_pairs, f"crawl.files={tmp_path}/same2/*.csv")
    assert run.commits() == before
    run(import_pairs, f"crawl.files={tmp_path}/same2/a.csv", "crawl.name=second")
    run(import_pairs, f"crawl.files={tmp_path}/same2/a.csv", "crawl.retry=all")
    (pair,) = read_pairs(run.warehouse, "local").collect()
    assert pair.image_url == "http://same2.org"


def test_bad_lines_are_counted(run: Runner, tmp_path: Path) -> None:
    good = as_jsonl(("url", "text"), [("http://a.org/1", "a cat"), ("http://a.org/2", "a dog")])
    (tmp_path / "pool.jsonl").write_bytes(good + b'{"url": "http://a.org/3", "te\n' + b"nothing\n")
    summary = run(import_pairs, f"crawl.files={tmp_path}/pool.jsonl")
    assert summary["dropped_records"] == {"bad_record": 2}
    assert (summary["records"], summary["pairs"]) == (4, 2)


def test_columns_of_a_later_file(run: Runner, tmp_path: Path) -> None:
    """A column that only another file has is not lost."""
    (tmp_path / "a.parquet").write_bytes(as_parquet(("url", "text"), [("http://a.org", "cat")]))
    later = as_parquet(("key", "text", "url"), [("k", "dog", "http://b.org")])
    (tmp_path / "b.parquet").write_bytes(later)
    run(import_pairs, f"crawl.files={tmp_path}/*.parquet")
    pairs = read_pairs(run.warehouse, "local").orderBy("path").collect()
    assert [(row.text, row.source_id) for row in pairs] == [("cat", None), ("dog", "k")]


@pytest.mark.parametrize(
    ("name", "data", "settings", "message"),
    [
        ("a.csv", as_csv(("link", "text"), [("x", "y")]), [], "a column url or URL, found"),
        ("a.csv", as_csv(("url", "words"), [("x", "y")]), [], "a column text or TEXT or caption"),
        ("a.csv", b"http://a.org/1,a cat\n", [], "such a file by import.header"),
        ("a.csv", b"url;text\nx;y\n", [], "set import.delimiter to ';'"),
        ("a.jsonl", b'{"link": "x"}\n', [], "a column url or URL, found"),
        ("a.jsonl", b'{"url": "x"}\n', ["import.text=caption"], "a column caption, found"),
        ("a.txt", b"url\ttext\n", [], "a pool in one format: .parquet, .csv, .tsv or .jsonl"),
        *(
            ("a.csv", as_csv(("url", "text"), [("x", "y")]), [f"import.where={where}"], expected)
            for where, expected in {
                "similarity > 0.3": "import.where: expected a Spark SQL condition",
                "text >": "import.where: expected a Spark SQL condition",
                "length(text)": "import.where: expected a Spark SQL condition",
            }.items()
        ),
    ],
)
def test_what_is_no_pool(
    run: Runner, tmp_path: Path, name: str, data: bytes, settings: list[str], message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        run(import_pairs, f"crawl.files={tmp_path}/{name}", *settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not run.commits()


def test_mixed_formats(run: Runner, tmp_path: Path) -> None:
    for name in ("a.csv", "b.tsv"):
        (tmp_path / name).write_bytes(as_csv(("url", "text"), [("x", "y")]))
    with pytest.raises(InputError, match="a pool in one format"):
        run(import_pairs, f"crawl.files={tmp_path}/*sv")


@pytest.mark.long
def test_one_crawl_of_archives_and_a_pool(run: Runner, wat: Path, tmp_path: Path) -> None:
    """Files are replaced one by one, wherever the others of the crawl came from."""
    (tmp_path / "a.csv").write_bytes(as_csv(("url", "text"), [("http://a.org", "cat")]))
    pairs = run(extract_pairs, f"crawl.files={wat}")["pairs"]
    assert run(import_pairs, f"crawl.files={tmp_path}/a.csv")["pairs"] == pairs + 1
    named = read_pairs(run.warehouse, "local").where(F.col("path") == "a.csv").collect()
    assert [(row.image_url, row.text, row.page_url) for row in named] == [
        ("http://a.org", "cat", None)
    ]
