"""Removed pairs leave every table for good, and no other pair does."""

from __future__ import annotations

import csv
import json
import shlex
import shutil
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from metaclip.errors import InputError, MetaclipError
from metaclip.ingest.ledger import read_crawl_files, read_pairs
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.explain import explain
from metaclip.jobs.export_pairs import export_pairs
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.maintain_tables import maintain_tables
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.remove_pairs import remove_pairs, render
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.removals import purge
from metaclip.warehouse.lineage import find_curation
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, ENTRY_COUNTS, MATCHES, REMOVALS
from tests.helpers.runner import Runner, write_files
from tests.helpers.table_rows import rows

T = "balance.t=20"


def in_domain(url: str | None, domain: str) -> bool:
    """Return whether a URL is in a domain, by another parser than ours."""
    host = urlsplit(url or "").hostname or ""
    return host == domain or host.endswith("." + domain)


def write_list(folder: Path, *lines: str) -> str:
    file = folder / f"list{len(list(folder.glob('list*')))}.txt"
    file.write_text("".join(f"{line}\n" for line in lines))
    return f"removals.files={file}"


@pytest.fixture(scope="module")
def made(
    spark: SparkSession,
    pages: list[bytes],
    metadata: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Runner:
    """Return a warehouse of two crawls, matched and counted, with a curation of both."""
    run = Runner(spark, tmp_path_factory.mktemp("made") / "warehouse")
    files = write_files(run.root.parent / "files", [b"".join(pages[:20]), b"".join(pages[20:30])])
    run(import_metadata, f"metadata.file={metadata}")
    for crawl, file in zip(("a", "b"), files, strict=True):
        run(extract_pairs, f"crawl.name={crawl}", f"crawl.files={file}")
        for step in (match_entries, count_entries):
            run(step, f"crawl.name={crawl}")
    run(sample_pairs, T)
    return run


@pytest.fixture
def copy(made: Runner, run: Runner) -> Runner:
    """Return a copy of that warehouse, which a test may change."""
    shutil.copytree(made.root, run.root)
    return run


def pairs(run: Runner) -> list[dict[str, Any]]:
    found = [read_pairs(run.warehouse, crawl).collect() for crawl in ("a", "b")]
    return [row.asDict() for crawl in found for row in crawl]


def table(run: Runner, which: Table) -> list[dict[str, Any]]:
    return rows(run.warehouse.read(which))


def busiest_domain(run: Runner) -> str:
    """Return the host whose pages have most pairs in the curation."""
    hosts = Counter(urlsplit(row["page_url"]).hostname for row in table(run, CURATED))
    return str(hosts.most_common(1)[0][0])


def test_a_domain_is_removed_from_every_table(made: Runner, copy: Runner, tmp_path: Path) -> None:
    domain = busiest_domain(made)
    listed = write_list(tmp_path, domain.upper() + ":80", "nowhere.example")
    before = pairs(made)
    gone = [
        r for r in before if in_domain(r["page_url"], domain) or in_domain(r["image_url"], domain)
    ]
    summary = copy(remove_pairs, listed)
    assert (summary["listed"], summary["new"], summary["matched_nothing"]) == (2, 2, 1)
    assert summary["deleted"]["extractions"] == len(gone) > 0
    stay = [row for row in before if row not in gone]
    assert sorted(map(key_of, pairs(copy))) == sorted(map(key_of, stay))
    for which in (MATCHES, CURATED):
        for row in table(copy, which):
            assert not in_domain(row["page_url"], domain)
            assert not in_domain(row["image_url"], domain)
    deleted = len(table(made, MATCHES)) - len(table(copy, MATCHES))
    assert summary["deleted"]["matches"] == deleted > 0
    left = Counter(id_ for row in table(copy, MATCHES) for id_ in row["entry_ids"])
    counted: Counter[int] = Counter()
    for row in table(copy, ENTRY_COUNTS):
        counted[row["entry_id"]] += row["count"]
    assert +counted == left
    assert_marked(made, copy, summary)


def read_again(made: Runner, run: Runner, folder: Path) -> None:
    """Read the file of crawl `a` again, since it has changed, if only by a line's end."""
    file = folder / "000.warc.wat.gz"
    file.write_bytes((made.root.parent / "files" / file.name).read_bytes() + b"\n")
    # The file lies in another folder now, which a new reading has to be told.
    again = ("crawl.retry=all", "crawl.min_coverage=0")
    run(extract_pairs, "crawl.name=a", f"crawl.files={file}", *again)


def key_of(row: dict[str, Any]) -> str:
    return json.dumps(row, default=str, sort_keys=True)


def assert_marked(made: Runner, copy: Runner, summary: dict[str, Any]) -> None:
    """Check that row, counts and pairs of the curation agree, and that it records its loss."""
    row = find_curation(copy.warehouse, "default")
    curated = table(copy, CURATED)
    lost = len(table(made, CURATED)) - len(curated)
    assert summary["curations"] == {"default": lost}
    assert summary["deleted"]["curated"] == lost == row.removed > 0
    assert row.actual_size == len(curated)
    kept = Counter(id_ for pair in curated for id_ in pair["entry_ids"])
    counts = {count["entry_id"]: count for count in table(copy, CURATION_COUNTS)}
    assert {entry: count["kept"] for entry, count in counts.items() if count["kept"]} == dict(kept)
    for count in table(made, CURATION_COUNTS):
        assert counts[count["entry_id"]]["count"] == count["count"]  # what p_e used


@pytest.mark.long
def test_a_block_list_gives_the_rows_of_a_later_removal(
    made: Runner, copy: Runner, metadata: Path, tmp_path: Path, spark: SparkSession
) -> None:
    """Pairs removed later or from the first run on leave the same rows in every table."""
    listed = write_list(tmp_path, busiest_domain(made))
    copy(remove_pairs, listed)
    blocked = Runner(spark, tmp_path / "blocked")
    assert blocked(remove_pairs, listed)["deleted"] == {
        "extractions": 0,
        "matches": 0,
        "curated": 0,
    }
    blocked(import_metadata, f"metadata.file={metadata}")
    for crawl, number in (("a", 0), ("b", 1)):
        settings = (f"crawl.name={crawl}", f"crawl.files={made.root.parent}/files/00{number}*")
        blocked(extract_pairs, *settings)
        matched = blocked(match_entries, *settings)
        assert matched["pairs"] == sum(
            matched[name] for name in ("duplicates", "no_match", "removed", "matched")
        )
        stay = len({row.pair_id for row in read_pairs(copy.warehouse, crawl).collect()})
        assert matched["removed"] == matched["unique_pairs"] - stay
        blocked(count_entries, *settings)
    for which in (MATCHES, ENTRY_COUNTS):
        assert table(blocked, which) == table(copy, which) != []
    for run in (blocked, copy):
        run(sample_pairs, T)  # its inputs are fresh, in both
    assert table(blocked, CURATED) == table(copy, CURATED) != []
    assert find_curation(copy.warehouse, "default").removed == 0


@pytest.mark.long
def test_the_printed_command_purges_the_history(made: Runner, copy: Runner, tmp_path: Path) -> None:
    """After the printed command no data file has a removed pair."""
    domain = busiest_domain(made)
    copy(remove_pairs, write_list(tmp_path, domain))
    report = copy.report(render)
    assert in_files(copy, domain) == {"extractions", "matches", "curated"}
    command = shlex.split(report.splitlines()[-1])
    assert command[:2] == ["spark-submit", "jobs/maintain_tables.py"]
    assert f"warehouse={copy.root}" in command[3::2]
    copy(maintain_tables, *command[3::2])
    assert in_files(copy, domain) == set()


def in_files(run: Runner, domain: str) -> set[str]:
    """Return the tables that have a data file of any version with a page of a domain."""
    found = set()
    for file in run.root.rglob("*.parquet"):
        if "_delta_log" not in file.parts and f"//{domain}/".encode() in plain_bytes(file):
            found.add(file.relative_to(run.root).parts[0])
    return found


def plain_bytes(file: Path) -> bytes:
    """Return all values of a Parquet file as text."""
    return json.dumps(pq.ParquetFile(file).read().to_pylist(), default=str).encode()


@pytest.mark.long
def test_a_file_that_is_read_again_brings_nothing_back(
    made: Runner, copy: Runner, tmp_path: Path
) -> None:
    """Pairs of a removed domain are extracted again, but matched no more."""
    domain = busiest_domain(made)
    copy(remove_pairs, write_list(tmp_path, domain))
    of_a = [row for row in table(copy, MATCHES) if row["crawl"] == "a"]
    read_again(made, copy, tmp_path)
    assert any(in_domain(row["page_url"], domain) for row in pairs(copy))
    assert copy(match_entries, "crawl.name=a", "crawl.min_coverage=0")["removed"] > 0
    assert [row for row in table(copy, MATCHES) if row["crawl"] == "a"] == of_a


@pytest.mark.long
def test_ids_and_urls_are_removed_by_each_form_of_a_list(
    made: Runner, copy: Runner, tmp_path: Path
) -> None:
    """Neither a later run nor reading the file again brings them back."""
    of_a = [row for row in table(made, CURATED) if row["crawl"] == "a"]
    by_pair, by_image, by_url = of_a[0], of_a[len(of_a) // 2], of_a[-1]
    ids = {"pair_id": by_pair["pair_id"], "image_id": by_image["image_id"]}
    with (tmp_path / "list.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["image_id", "why"], [ids["image_id"], 'a "reason", here']])
    frame = copy.spark.createDataFrame([(ids["pair_id"],), (ids["pair_id"],)], "pair_id string")
    frame.write.parquet(str(tmp_path / "list.parquet"))
    lists = [
        f"removals.files={tmp_path}/list.csv",
        f"removals.files={tmp_path}/list.parquet",
        write_list(tmp_path, by_url["image_url"].replace("http", "HTTP", 1), "", "http://x.org/"),
    ]
    found = [copy(remove_pairs, listed) for listed in lists]
    assert [(one["kind"], one["listed"], one["matched_nothing"]) for one in found] == [
        ("image_id", 1, 0),
        ("pair_id", 1, 0),
        ("image_url", 2, 1),
    ]

    def removed(row: dict[str, Any]) -> bool:
        return bool(
            row["pair_id"] == ids["pair_id"]
            or row["image_id"] == ids["image_id"]
            or row["image_url"] == by_url["image_url"]
        )

    assert any(removed(row) for row in table(made, MATCHES))
    accounts = {row.path: row.pairs for row in read_crawl_files(copy.warehouse, "a").collect()}
    assert sum(accounts.values()) == read_pairs(copy.warehouse, "a").count()
    with pytest.raises(InputError, match="expected a pair of the pool, found one that was removed"):
        copy(explain, f"explain.pair='{ids['pair_id']}'")
    read_again(made, copy, tmp_path)
    assert any(removed(row) for row in pairs(copy))
    summary = copy(match_entries, "crawl.name=a", "crawl.min_coverage=0")
    assert summary["removed"] == len({row["pair_id"] for row in pairs(copy) if removed(row)})
    copy(count_entries, "crawl.name=a")
    copy(sample_pairs, T)
    for which in (MATCHES, CURATED):
        assert not any(removed(row) for row in table(copy, which))


@pytest.mark.long
def test_a_pair_that_another_page_has_too_stays(run: Runner, tmp_path: Path) -> None:
    """The pages of a domain are removed as if they had never been read."""
    image = "https://img.example/1.png"
    envelope = json.loads(
        '{"Envelope": {"WARC-Header-Metadata": {"WARC-Type": "response"}, "Payload-Metadata": '
        '{"HTTP-Response-Metadata": {"HTML-Metadata": {"Head": {}, "Links": []}}}}}'
    )
    metadata = envelope["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]["HTML-Metadata"]
    metadata["Links"] = [{"path": "IMG@/src", "url": image, "alt": "a cat"}]
    records = b""
    for host in ("a.bad.example", "good.example", "notbad.example"):
        page = f"http://{host}/"
        envelope["Envelope"]["WARC-Header-Metadata"]["WARC-Target-URI"] = page
        body = json.dumps(envelope).encode()
        records += (
            (
                f"WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Target-URI: {page}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
            + b"\r\n\r\n"
        )
    (tmp_path / "x.wat").write_bytes(records)
    (tmp_path / "entries.txt").write_text("cat\n")
    run(import_metadata, f"metadata.file={tmp_path}/entries.txt")
    run(extract_pairs, f"crawl.files={tmp_path}/x.wat")
    for step in (match_entries, count_entries, sample_pairs):
        run(step)
    assert [row["page_url"] for row in table(run, CURATED)] == ["http://a.bad.example/"]
    summary = run(remove_pairs, write_list(tmp_path, "bad.example"))
    assert summary["deleted"] == {"extractions": 1, "matches": 0, "curated": 0}
    for which in (MATCHES, CURATED):
        assert [row["page_url"] for row in table(run, which)] == ["http://good.example/"]
    before = table(run, MATCHES)
    run(match_entries)
    assert table(run, MATCHES) == before


@pytest.mark.long
def test_hosts_are_found_in_each_spelling_of_a_pool(run: Runner, tmp_path: Path) -> None:
    urls = {
        "http://user:pw@BÜCHER.de:8080/1": True,
        "https://www.xn--bcher-kva.de/2": True,
        "HTTP://bücher.de.?q": True,
        "http://b%C3%BCcher.de/4": True,
        "http://buecher.de/bücher.de": False,
        "http://bücher.de.example.org/": False,
        "http://a.org/?u=http://bücher.de/": False,
        "http://ä.org@a.org/#@bücher.de": False,
        "http://xbücher.de/": False,
        "no URL of bücher.de": False,
    }
    lines = [json.dumps({"url": url, "text": "a cat"}) + "\n" for url in urls]
    (tmp_path / "pool.jsonl").write_text("".join(lines))
    (tmp_path / "entries.txt").write_text("cat\n")
    run(import_pairs, f"crawl.files={tmp_path}/pool.jsonl")
    run(remove_pairs, write_list(tmp_path, "Bücher.DE"))
    left = {row.image_url for row in read_pairs(run.warehouse, "local").collect()}
    assert left == {url for url, gone in urls.items() if not gone}


@pytest.mark.long
@pytest.mark.parametrize(
    "cut", ["purge_extractions", "purge_matches", "recount", "_mark_curation", "note_purged"]
)
def test_a_removal_that_was_cut_off_is_done_by_the_next_run(
    made: Runner, copy: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """Until then nothing is sampled or exported; afterwards the removal is complete."""
    listed = write_list(tmp_path, busiest_domain(made))

    def die(*_: object) -> None:
        raise MetaclipError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(purge, cut, die)
        with pytest.raises(MetaclipError, match="cut off"):
            copy(remove_pairs, listed)
    for step in (sample_pairs, export_pairs):
        before = copy.commits()
        if step is export_pairs and cut == "note_purged":
            continue  # its rows were purged already
        with pytest.raises(
            InputError, match=r"run (remove_pairs again|sample_pairs|count_entries)"
        ):
            copy(step, f"export.to={tmp_path}/to")
        assert copy.commits() == before
    summary = copy(remove_pairs)
    row = find_curation(copy.warehouse, "default")
    assert row.removed == len(table(made, CURATED)) - len(table(copy, CURATED)) > 0
    assert summary["curations"] == {"default": row.removed}
    copy(sample_pairs, T, "balance.curation=again")
    again = copy(remove_pairs, listed)
    assert (again["new"], again["matched_nothing"]) == (0, 1)
    assert set(again["deleted"].values()) == {0}
    assert again["curations"] == {"default": row.removed}
    copy(sample_pairs, T, "balance.curation=again")


@pytest.mark.long
def test_matches_from_before_a_removal_are_refused(copy: Runner, tmp_path: Path) -> None:
    """Matching read the pairs before a removal and wrote its matches after it."""
    change = copy.warehouse.last_change(MATCHES, partition := matched(copy))
    assert change is not None
    old = copy.warehouse.read_partition(MATCHES, partition)
    copy(remove_pairs, write_list(tmp_path, "nowhere.example"))
    copy(sample_pairs, T)
    copy.warehouse.replace(MATCHES, old, partition, change.inputs)
    copy(sample_pairs, T, "balance.crawls=[b]")
    with pytest.raises(InputError, match=r"matches of crawl a: .*run remove_pairs again"):
        copy(count_entries, "crawl.name=a")
    copy(remove_pairs)
    copy(count_entries, "crawl.name=a")


def matched(run: Runner) -> dict[str, str]:
    row = run.warehouse.read(MATCHES).where("crawl = 'a'").first()
    assert row is not None
    return {name: row[name] for name in MATCHES.partitioned_by}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", "", "expected at least one line, found none"),
        ("a.txt", "a.org\nhttp://a.org/\n", "expected lines of one kind, found domain (a.org) and"),
        ("a.txt", "two words\n", "found two words"),
        ("a.txt", "a.org\ncom\n", "expected a domain in each row, found 1 others, such as com"),
        (
            "a.csv",
            "url\nhttp://a.org\n",
            "expected one of the columns pair_id, image_id, image_url",
        ),
        ("a.csv", "domain,pair_id\na,b\n", "found pair_id and domain; a list has one of them"),
        ("a.csv", "domain\n", "expected at least one domain, found none"),
        ("a.csv", "pair_id\n123\n", "expected a pair_id in each row, found 1 others, such as 123"),
        ("a.parquet", "no Parquet", "expected readable parquet files"),
        ("a.json", "[]", "expected files in one format: .parquet, .csv or .txt, found"),
        ("b.txt", None, "expected readable text files"),
    ],
)
def test_a_bad_list_of_removals_is_refused(
    run: Runner, tmp_path: Path, name: str, data: str | None, message: str
) -> None:
    if data is not None:
        (tmp_path / name).write_text(data)
    with pytest.raises(InputError) as caught:
        run(remove_pairs, f"removals.files={tmp_path}/{name}")
    assert str(caught.value).startswith("removals.files: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not run.warehouse.exists(REMOVALS)


def test_no_list_of_removals_is_refused(run: Runner) -> None:
    with pytest.raises(
        InputError, match="expected a list of pairs, images or domains to remove, found none"
    ):
        run(remove_pairs)
