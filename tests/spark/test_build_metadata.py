"""Build lists of entries from real parts of the sources, against counts in one process."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nltk.collocations import BigramCollocationFinder
from nltk.metrics import BigramAssocMeasures
from pyspark.sql import SparkSession

from metaclip.errors import InputError
from metaclip.jobs.build_metadata import build_metadata
from metaclip.metadata.bigrams import score_bigrams
from metaclip.metadata.entries import metadata_version
from metaclip.metadata.input_files import list_source
from metaclip.metadata.ngram_counts import count_ngrams, read_text_column
from metaclip.metadata.wordnet import read_omw, read_wordnet
from metaclip.report.entries import render_metadata
from metaclip.warehouse.tables import METADATA, METADATA_VERSIONS, NGRAM_COUNTS, WIKI_TEXTS
from tests.helpers.dumps import dump, multistream, page
from tests.helpers.metadata_twins import best, count_segments, dump_segments
from tests.helpers.runner import ROOT, Runner

DATA = ROOT / "tests" / "data"
ENGLISH = DATA / "wikipedia" / "enwiki-pages-articles-part.xml.bz2"
BULGARIAN = DATA / "wikipedia" / "bgwiki-pages-articles-part.xml.bz2"
SOURCES = [
    f"build.wordnet={DATA / 'wordnet'}",
    f"build.wikipedia.dumps={ENGLISH}",
    "build.unigrams.min_count=5",
    "build.bigrams={min_count: 3, top: 200}",
]
BULGARIAN_FILES = {"файл", "категория", "медия"}
TEXTS = ["a cat sat\na cat (sat) here", "the cat sat, a dog", "北京 大学 a cat"]


@pytest.fixture(scope="module")
def built(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A warehouse with the list of SOURCES, whose summary is the runner's."""
    run = Runner(spark, tmp_path_factory.mktemp("built") / "warehouse")
    run(build_metadata, *SOURCES)
    return run


def entries(run: Runner, version: str) -> list[dict[str, Any]]:
    rows = run.warehouse.read_partition(METADATA, {"metadata_version": version})
    table = rows.orderBy("entry_id").drop("metadata_version").toArrow()
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def text_files(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "texts.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS), "utf-8")
    return file


def test_the_list_of_real_parts_is_the_one_of_a_plain_process(built: Runner) -> None:
    summary = built(build_metadata, *SOURCES)
    words, bigrams = count_segments(dump_segments(ENGLISH))
    expected = [str(number) for number in range(100)] + read_wordnet(str(DATA / "wordnet"))
    frequent = {word: float(count) for word, count in words.items() if count >= 5}
    expected += best(frequent, set(expected))
    total = sum(words.values())
    scores = {
        f"{a} {b}": math.log2(count * total) - math.log2(words[a] * words[b])
        for (a, b), count in bigrams.items()
        if count >= 3
    }
    rounded = {bigram: round(score, 9) for bigram, score in scores.items()}
    found = entries(built, summary["metadata_version"])
    assert [row["entry"] for row in found[: len(expected)]] == expected
    tail = {row["entry"]: round(row["score"], 9) for row in found[len(expected) :]}
    lowest = sorted((rounded[entry] for entry in best(rounded, set(expected), 200)), reverse=True)
    assert sorted(tail.values(), reverse=True) == lowest
    assert all(rounded[entry] == score for entry, score in tail.items())
    assert [row["entry_id"] for row in found] == list(range(len(found)))
    assert metadata_version([row["entry"] for row in found]) == summary["metadata_version"]
    (record,) = built.warehouse.read(METADATA_VERSIONS).collect()
    assert (record.entries, record.tokenizer) == (len(found), "spaced-words-1")
    assert record.parser.startswith("mwparserfromhell 0.")
    figures = summary["sources"]["figures"]
    assert json.loads(record.sources)["figures"] == figures
    pages = summary["sources"]["dumps"]
    reasons = ", ".join(f"{count} {reason}" for reason, count in pages["dropped"].items())
    assert f" {pages['pages']} pages: {pages['kept']} kept, {reasons}" in built.report(
        render_metadata
    )
    assert {name: account["added"] for name, account in figures.items()} == {
        "number": 100,
        "wordnet": 144,
        "unigram": len(expected) - 244,
        "bigram": 200,
    }
    for account in figures.values():
        dropped = sum(account["dropped"].values())
        assert (
            account["candidates"] == dropped + account["known"] + account["cut"] + account["added"]
        )


@pytest.mark.long
def test_a_dump_in_another_encoding_and_language_is_built(run: Runner) -> None:
    run(
        build_metadata,
        "build.language=bg",
        f"build.omw={DATA / 'omw' / 'wn-data-bul.tab'}",
        f"build.wikipedia.dumps={BULGARIAN}",
        "build.unigrams.min_count=2",
        "build.bigrams.min_count=2",
    )
    words, bigrams = count_segments(dump_segments(BULGARIAN, BULGARIAN_FILES))
    rows = run.warehouse.read(NGRAM_COUNTS).collect()
    expected: dict[tuple[str, str | None], int] = {(w, None): n for w, n in words.items()}
    expected |= {(first, second): count for (first, second), count in bigrams.items()}
    assert {(row.first, row.second): row["count"] for row in rows} == expected
    (record,) = run.warehouse.read(METADATA_VERSIONS).collect()
    assert (record.languages, record.tokenizer) == (["bg"], "spaced-words-1")
    assert record.parser.startswith("mwparserfromhell 0.")
    found = entries(run, record.metadata_version)
    lines = [f"{row['language']}\t{row['entry']}" for row in found]
    assert metadata_version(lines) == record.metadata_version
    assert {row["entry"] for row in found} >= set(read_omw(str(DATA / "omw" / "wn-data-bul.tab")))


def test_pmi_is_nltks(spark: SparkSession) -> None:
    segments = dump_segments(ENGLISH)
    texts = spark.createDataFrame([(" ".join(segment),) for segment in segments], "text string")
    counts = count_ngrams(texts).persist()
    unigrams = counts.where("second is null").selectExpr("first as word", "count")
    bigrams = counts.where("second is not null")
    finder = BigramCollocationFinder.from_documents(segments)
    scored = score_bigrams(bigrams, unigrams, finder.N).collect()
    expected = dict(finder.score_ngrams(BigramAssocMeasures.pmi))
    assert len(scored) == len(expected) > 10_000
    assert all(abs(expected[row.first, row.second] - row.score) < 1e-9 for row in scored)
    counts.unpersist()


def test_a_text_column_of_parquet_or_json_lines_has_the_same_texts(
    spark: SparkSession, tmp_path: Path
) -> None:
    text_files(tmp_path)
    pq.write_table(pa.table({"caption": [*TEXTS, None]}), tmp_path / "part.parquet")
    for name, column in (("texts.jsonl", "text"), ("part.parquet", "caption")):
        files = list_source(str(tmp_path / name), "test")
        rows = read_text_column(spark, files, column).collect()
        assert [row.text for row in rows] == TEXTS


@pytest.mark.long
def test_a_ready_text_column_gives_what_its_texts_have(run: Runner, tmp_path: Path) -> None:
    rules = ["build.numbers=0", "build.unigrams.min_count=1", "build.bigrams={min_count: 1}"]
    summary = run(build_metadata, f"build.wikipedia.texts={text_files(tmp_path)}", *rules)
    found = [row["entry"] for row in entries(run, summary["metadata_version"])]
    assert found[:3] == ["a", "cat", "sat"]
    assert {"北京大学", "a cat", "cat sat", "the cat"} <= set(found)
    assert not {"sat here", "sat a", "cat (sat)"} & set(found)


@pytest.mark.long
@pytest.mark.parametrize("partitions", [4, 32])
def test_the_version_is_the_same_for_any_partitions(
    built: Runner, run: Runner, spark: SparkSession, partitions: int
) -> None:
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    try:
        version = run(build_metadata, *SOURCES)["metadata_version"]
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "1")
    assert version == built(build_metadata, *SOURCES)["metadata_version"]


@pytest.mark.long
def test_building_again_writes_nothing_and_a_limit_cuts_the_last_source(built: Runner) -> None:
    commits = built.commits()
    whole = built(build_metadata, *SOURCES)
    assert built.commits() == commits
    limited = built(build_metadata, *SOURCES, f"build.limit={whole['entries'] - 150}")
    assert limited["sources"]["figures"]["bigram"]["added"] == 50
    expected = entries(built, whole["metadata_version"])[:-150]
    assert entries(built, limited["metadata_version"]) == expected


def test_ready_counts_are_read_and_other_lines_counted(run: Runner, tmp_path: Path) -> None:
    file = tmp_path / "counts.gz"
    file.write_bytes(
        gzip.compress(b"the;900\ncat,70\ndog\t80\na;b;300\n;50\n-;99\nrare;3\nno count\n7;44\n")
    )
    summary = run(build_metadata, f"build.unigrams={{counts: {file}, min_count: 40}}")
    found = entries(run, summary["metadata_version"])[100:]
    assert [(row["entry"], row["score"]) for row in found] == [
        ("the", 900.0),
        ("dog", 80.0),
        ("cat", 70.0),
    ]
    account = summary["sources"]["figures"]["unigram"]
    assert account["dropped"] == {"blank": 1, "punctuation": 1, "unmatchable": 1}
    assert account["known"] == 1


@pytest.mark.long
def test_languages_are_joined_in_the_order_of_the_setting(run: Runner) -> None:
    first = run(build_metadata, "build.language=en", "build.numbers=2")["metadata_version"]
    rules = ["build.language=bg", "build.numbers=3", f"build.join=[{first}]"]
    joined = entries(run, run(build_metadata, *rules)["metadata_version"])
    assert [(row["language"], row["entry"]) for row in joined] == [
        ("en", "0"),
        ("en", "1"),
        ("bg", "0"),
        ("bg", "1"),
        ("bg", "2"),
    ]
    assert [row["entry_id"] for row in joined] == [0, 1, 2, 3, 4]
    with pytest.raises(InputError, match="a version of other languages alone, found en"):
        run(build_metadata, "build.language=en", f"build.join=[{first}]")


@pytest.mark.long
def test_ranges_that_were_read_are_not_read_again(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metaclip.metadata.wikipedia.dump_parts.PART_BYTES", 1)
    pages = [page(number, f"cat number{number}") for number in range(1, 9)]
    data, index = multistream(pages, 2)
    file = tmp_path / "w-pages-articles-multistream.xml.bz2"
    (tmp_path / "w-pages-articles-multistream-index.txt.bz2").write_bytes(index)
    damaged = bytearray(data)
    damaged[-150] ^= 0xFF
    file.write_bytes(bytes(damaged))
    rules = [f"build.wikipedia.dumps={file}", "build.unigrams.min_count=1"]
    with pytest.raises(
        InputError, match=r"read to their end, found broken ranges: 1, the first w-"
    ):
        run(build_metadata, *rules)
    assert not run.warehouse.exists(METADATA)
    read = run.warehouse.read(WIKI_TEXTS).where("page_id is not null").count()
    assert 0 < read < 8
    file.write_bytes(data)
    summary = run(build_metadata, *rules)
    assert summary["sources"]["figures"]["unigram"]["added"] == 9
    assert run.warehouse.read(WIKI_TEXTS).where("page_id is not null").count() == 8
    figures = summary["sources"]["dumps"]
    assert (figures["pages"], figures["kept"], figures["dropped"]) == (8, 8, {})


@pytest.mark.long
def test_a_build_drops_a_page_that_hangs_the_parser_and_goes_on(
    run: Runner, tmp_path: Path
) -> None:
    file = tmp_path / "w-pages-articles.xml.bz2"
    file.write_bytes(dump([page(1, "one cat"), page(2, "[[a|" * 50_000), page(3, "two cat")]))
    wiki = f"build.wikipedia={{dumps: {file}, page_seconds: 1}}"
    summary = run(build_metadata, wiki, "build.unigrams.min_count=1")
    assert summary["sources"]["dumps"]["dropped"] == {"page_timeout": 1}
    assert summary["sources"]["figures"]["unigram"]["added"] == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["build.numbers=0"], "at least one source with entries"),
        (["build.wordnet={folder}/none"], "a folder with WordNet's dictionary files"),
        (["build.wordnet={folder}"], r"the files data\.noun"),
        (["build.omw={folder}/none.tab"], "build.omw .*: expected readable files, found"),
        (["build.wikipedia.dumps={folder}"], "at least one file with content, found a folder"),
        (["build.wikipedia.dumps={folder}/*.bz2"], "at least one file with content, found none"),
        (["build.wikipedia.dumps={folder}/texts.jsonl"], "a dump .*no bzip2 stream"),
        (
            ["build.wikipedia.texts={folder}/texts.jsonl", "build.wikipedia.text_column=x"],
            "column x",
        ),
        (["build.titles.pageviews={folder}/cut.gz"], r"build cut\.gz: expected a readable file, f"),
        (["build.wikipedia.texts={folder}/a.csv"], r"files \.parquet, or \.jsonl"),
        (
            ["build.wikipedia.texts={folder}/texts.jsonl", "build.bigrams.min_pmi=30"],
            "PMI of a bigram that occurs 100 times.* which needs a count of at most",
        ),
        (
            ["build.wikipedia.texts={folder}/texts.jsonl", "build.unigrams.counts={folder}/a.csv"],
            "ready counts or texts to count, not both",
        ),
    ],
)
def test_a_wrong_source_is_refused_and_nothing_is_published(
    run: Runner, tmp_path: Path, settings: list[str], message: str
) -> None:
    folder = tmp_path / "sources"
    text_files(folder)
    (folder / "a.csv").write_text("cat;4\n")
    (folder / "cut.gz").write_bytes(gzip.compress(b"en Cat 4 0\n" * 999)[:-20])
    with pytest.raises(InputError, match=message):
        run(build_metadata, *(setting.format(folder=folder) for setting in settings))
    assert not run.warehouse.exists(METADATA)
