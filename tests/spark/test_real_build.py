"""Build from whole real sources: unigram counts of Wikipedia, and a dump in ranges."""

from __future__ import annotations

import gzip
import unicodedata
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from metaclip.jobs.build_metadata import build_metadata
from metaclip.metadata.wikipedia import dump_parts
from metaclip.warehouse.tables import METADATA, NGRAM_COUNTS, WIKI_TEXTS
from tests.helpers.dumps import page_elements, write_multistream
from tests.helpers.metadata_twins import best, count_segments, dump_segments
from tests.helpers.runner import Runner
from tests.helpers.shared_data import SHARED, needs_shared

WIKIPEDIA = SHARED / "wikipedia"
COUNTS = WIKIPEDIA / "enwiki_unigram_counts.gz"
ENGLISH = WIKIPEDIA / "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
BULGARIAN = WIKIPEDIA / "bgwiki-latest-pages-articles-shortened.xml.bz2"
BULGARIAN_FILES = {"файл", "категория", "медия"}
AT_100 = 274_687
"""Lines with a count of at least 100, as `awk -F';' '$NF >= 100'` finds them."""
PAPERS_UNIGRAMS = 251_465


def slow_unigrams(least: int) -> tuple[int, dict[str, float]]:
    """Return the number of lines of COUNTS from `least` on, and the entries among them."""
    lines = gzip.decompress(COUNTS.read_bytes()).decode().split("\n")
    pairs = [line.rpartition(";") for line in lines if line]
    frequent = {word: float(count) for word, _, count in pairs if int(count) >= least}
    entries = {
        word: count
        for word, count in frequent.items()
        if any(unicodedata.category(character)[0] in "LN" for character in word)
        and not set(word) & set(",.;:?!`")
        and len(word) <= 100
    }
    return len(frequent), entries


@needs_shared
@pytest.mark.parametrize("top", [None, PAPERS_UNIGRAMS])
def test_unigrams_of_wikipedia_are_the_best_of_their_file(run: Runner, top: int | None) -> None:
    lines, scores = slow_unigrams(100)
    numbers = {str(number) for number in range(100)}
    expected = best(scores, numbers, top)
    rules = f"build.unigrams={{counts: {COUNTS}, min_count: 100, top: {top or 'null'}}}"
    summary = run(build_metadata, rules)
    account = summary["sources"]["figures"]["unigram"]
    assert (lines, account["candidates"]) == (AT_100, AT_100)
    assert account["added"] == len(expected) == (top or len(set(scores) - numbers))
    version = {"metadata_version": summary["metadata_version"]}
    rows = run.warehouse.read_partition(METADATA, version).where("source = 'unigram'")
    found = rows.orderBy("entry_id").select("entry").toArrow()["entry"].to_pylist()
    assert found == expected


def ngram_counts(run: Runner) -> dict[tuple[str, str | None], int]:
    rows = run.warehouse.read(NGRAM_COUNTS).select("first", "second", "count").toArrow()
    columns = (rows[name].to_pylist() for name in ("first", "second", "count"))
    return {(first, second): count for first, second, count in zip(*columns, strict=True)}


def slow_counts(file: Path, namespaces: set[str]) -> dict[tuple[str, str | None], int]:
    words, bigrams = count_segments(dump_segments(file, namespaces))
    counts: dict[tuple[str, str | None], int] = {(word, None): n for word, n in words.items()}
    return counts | dict(bigrams)


@needs_shared
@pytest.mark.parametrize(
    ("file", "namespaces"), [(ENGLISH, set()), (BULGARIAN, BULGARIAN_FILES)], ids=["en", "bg"]
)
def test_counts_of_a_real_dump_are_those_of_a_slow_process(
    run: Runner, file: Path, namespaces: set[str]
) -> None:
    run(build_metadata, f"build.wikipedia.dumps={file}", "build.bigrams.min_count=2")
    assert ngram_counts(run) == slow_counts(file, namespaces)


@needs_shared
def test_ranges_of_a_multistream_dump_give_the_counts_of_the_plain_file(
    run: Runner, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump_parts, "PART_BYTES", 1 << 17)
    file = tmp_path / "enwiki-1-pages-articles-multistream1.xml-p10p30302.bz2"
    write_multistream(file, page_elements(ENGLISH.read_bytes()), 5)
    rules = ["build.bigrams.min_count=2", "build.unigrams.min_count=10"]
    ranges = run(build_metadata, f"build.wikipedia.dumps={file}", *rules)
    accounts = run.warehouse.read(WIKI_TEXTS).where("page_id is null and pages > 0").count()
    assert accounts > 8
    counts = ngram_counts(run)
    plain = Runner(spark, tmp_path / "plain")
    whole = plain(build_metadata, f"build.wikipedia.dumps={ENGLISH}", *rules)
    assert counts == ngram_counts(plain)
    assert ranges["metadata_version"] == whole["metadata_version"]
    figures = [made["sources"]["dumps"] for made in (ranges, whole)]
    assert [(made["pages"], made["kept"], made["dropped"]) for made in figures] == [
        (206, figures[0]["kept"], figures[0]["dropped"])
    ] * 2
