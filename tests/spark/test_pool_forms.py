"""Pools are taken as people have them: folders, names of columns, files without a header."""

from __future__ import annotations

from pathlib import Path

import pytest

from metaclip.errors import InputError
from metaclip.ingest.ledger import read_crawl_files
from metaclip.jobs.curate import curate
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_pairs import import_pairs
from tests.helpers.runner import Runner


@pytest.mark.long
def test_curate_takes_a_folder(run: Runner, tmp_path: Path) -> None:
    pool = tmp_path / "pool" / "lang=en"
    pool.mkdir(parents=True)
    (tmp_path / "pool" / "README.md").write_text("a data card\n")
    (tmp_path / "pool" / "_SUCCESS").write_text("")
    (pool / "a[1]:b.CSV").write_text("url,text\nu1,a cat\nu2,a dog\n")
    (tmp_path / "list").write_text("cat\ndog\n")
    settings = (f"crawl.files={tmp_path}/pool", f"metadata.file={tmp_path}/list")
    summary = run(curate, *settings, "import.where=lang = 'en' and url != 'u2'")
    assert summary["import_pairs"]["pairs"] == 1
    (row,) = read_crawl_files(run.warehouse, "local").collect()
    assert row.path == "lang=en/a[1]:b.CSV"


def test_a_pool_is_no_crawl_file(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"WAT or WARC files, found a\.parquet; run import_pairs"):
        run(extract_pairs, f"crawl.files={tmp_path}")
    with pytest.raises(InputError, match="rerun import_pairs"):
        run(import_pairs, f"crawl.files={tmp_path}")


def test_columns_and_forms_that_are_given(run: Runner, tmp_path: Path) -> None:
    """CC12M's files have no header; WIT and COYO have names of their own; SBU is one object."""
    (tmp_path / "cc12m.tsv").write_text('http://a/1\ta cat\nhttp://a/2\t"a" dog\n')
    (tmp_path / "wit.dat").write_text("page_url\timage_url\tcaption\np\thttp://a/3\ta bird\n")
    (tmp_path / "sbu.json").write_text('{"image_urls": ["http://a/4"], "captions": ["a fish"]}')
    (tmp_path / "coyo.jsonl").write_text('{"id": 7, "url": "http://a/5", "text": "a fox"}\n')
    forms = {
        "cc12m.tsv": ["import.header=[url, text]"],
        "wit.dat": ["import.kind=tsv", "import.url=image_url"],
        "sbu.json": ["import.url=image_urls", "import.text=captions"],
        "coyo.jsonl": ["import.id=id"],
    }
    found = {}
    for name, settings in forms.items():
        crawl = f"crawl.name={name}"
        found[name] = run(import_pairs, f"crawl.files={tmp_path}/{name}", crawl, *settings)["pairs"]
    assert found == {"cc12m.tsv": 2, "wit.dat": 1, "sbu.json": 1, "coyo.jsonl": 1}
    (path,) = (run.root / "extractions" / "crawl=coyo.jsonl" / "kind=pair").glob("*.parquet")
    assert path.stat().st_size > 0
