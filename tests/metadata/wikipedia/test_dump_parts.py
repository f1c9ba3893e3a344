"""Ranges of dumps: together the whole dump, and each page's drop is counted."""

from __future__ import annotations

import bz2
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from metaclip.config.metadata import WikipediaSettings
from metaclip.errors import InputError
from metaclip.metadata.input_files import list_source
from metaclip.metadata.wikipedia import dump_parts
from metaclip.metadata.wikipedia.dump_parts import (
    PartAccount,
    divide_dump,
    divide_offsets,
    index_offsets,
    read_part,
)
from tests.helpers.dumps import (
    SETTINGS,
    dump,
    multistream,
    page,
    page_elements,
    write_multistream,
)
from tests.helpers.metadata_twins import Bigram, count_segments, dump_segments, split_texts
from tests.helpers.runner import ROOT

DUMPS = ROOT / "tests" / "data" / "wikipedia"
ENGLISH = DUMPS / "enwiki-pages-articles-part.xml.bz2"
BULGARIAN = DUMPS / "bgwiki-pages-articles-part.xml.bz2"
NAME = "xwiki-1-pages-articles-multistream1.xml-p1p9.bz2"
INDEX = "xwiki-1-pages-articles-multistream-index1.txt-p1p9.bz2"
PAGES = [
    page(1, "One [[Datei:x.png|thumb|seen]] [[two|Two]]"),
    page(2, "", redirect="Page 1"),
    page(3, "talk", namespace=1),
    page(4, "{{only|a template}}"),
    page(5, "five"),
    page(6, "x" * 2000),
    page(7, "seven"),
]


def read(
    folder: Path, settings: WikipediaSettings = SETTINGS, name: str = NAME
) -> tuple[list[tuple[int, str]], PartAccount]:
    """All ranges of a dump, and the sum of their accounts."""
    total, texts = PartAccount(), []
    (file,) = list_source(str(folder / name), "test")
    for part in divide_dump(file, "c"):
        account = PartAccount()
        texts += [(p.page_id, t) for p, t in read_part(part, settings, account)]
        total.bytes += account.bytes
        total.pages += account.pages
        total.dropped.update(account.dropped)
        total.error = total.error or account.error
    return texts, total


def read_counts(file: Path) -> tuple[Counter[str], Counter[Bigram]]:
    """Counts of words and bigrams of all ranges of a dump."""
    texts, account = read(file.parent, name=file.name)
    assert account.error is None
    return count_segments(split_texts(text for _, text in texts))


def test_ranges_by_the_index_have_all_pages_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, index = multistream(PAGES, 2)
    (tmp_path / NAME).write_bytes(data)
    whole = read(tmp_path)
    monkeypatch.setattr(dump_parts, "PART_BYTES", 1)
    (tmp_path / INDEX).write_bytes(index)
    (file,) = list_source(str(tmp_path / NAME), "test")
    assert len(divide_dump(file, "c")) == 5
    assert read(tmp_path) == whole
    texts, account = whole
    assert texts == [(1, "One Two"), (5, "five"), (6, "x" * 2000), (7, "seven")]
    assert account.pages == 7
    assert account.dropped == Counter(redirect=1, namespace=1, no_text=1)
    assert account.error is None


def test_ranges_of_a_real_dump_have_the_counts_of_the_plain_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump_parts, "PART_BYTES", 20_000)
    write_multistream(tmp_path / NAME, page_elements(ENGLISH.read_bytes()), 1)
    (file,) = list_source(str(tmp_path / NAME), "test")
    assert len(divide_dump(file, "c")) > 2
    assert read_counts(tmp_path / NAME) == count_segments(dump_segments(ENGLISH))


def test_counts_of_a_dump_in_another_encoding_and_language_are_those_of_a_slow_process() -> None:
    names = {"файл", "категория", "медия"}
    assert read_counts(BULGARIAN) == count_segments(dump_segments(BULGARIAN, names))


def test_a_page_that_hangs_the_parser_costs_that_page_alone(tmp_path: Path) -> None:
    hanging = page(2, "[[a|" * 50_000)
    (tmp_path / NAME).write_bytes(dump([page(1, "one"), hanging, page(3, "three")]))
    texts, account = read(tmp_path, msgspec.structs.replace(SETTINGS, page_seconds=1))
    assert texts == [(1, "one"), (3, "three")]
    assert account.dropped == Counter(page_timeout=1)


def test_a_page_above_the_bound_is_counted(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(dump(PAGES))
    texts, account = read(tmp_path, msgspec.structs.replace(SETTINGS, max_page_characters=1000))
    assert [number for number, _ in texts] == [1, 5, 7]
    assert account.dropped["too_large"] == 1


def test_pages_before_the_damage_are_not_taken_for_all(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(multistream(PAGES, 2)[0][:-60])
    _, account = read(tmp_path)
    assert account.error is not None


def test_offsets_are_divided_by_hand() -> None:
    assert divide_offsets([], 100, 10) == [(0, 100)]
    assert divide_offsets([5, 12, 20, 21, 40], 50, 10) == [(0, 12), (12, 40), (40, 50)]


def test_an_index_has_each_stream_once_and_titles_with_colons() -> None:
    assert index_offsets([b"600:1:A: b\n", b"600:2:C\n", b"90:3:D\n", b"\n"]) == [90, 600]


@pytest.mark.parametrize(
    ("dump_bytes", "index", "message"),
    [
        (b"no dump at all", None, "a dump .*, found bytes that begin no bzip2 stream"),
        (dump(PAGES), b"no bzip2", "a readable index beside it"),
        (dump(PAGES), bz2.compress(b"a:1:b\n"), "a readable index beside it"),
        (dump(PAGES), bz2.compress(b"999999:1:b\n"), "more than 999,999 bytes, as its index"),
    ],
)
def test_a_wrong_dump_or_index_is_refused(
    tmp_path: Path, dump_bytes: bytes, index: bytes | None, message: str
) -> None:
    (tmp_path / NAME).write_bytes(dump_bytes)
    if index is not None:
        (tmp_path / INDEX).write_bytes(index)
    (file,) = list_source(str(tmp_path / NAME), "test")
    with pytest.raises(InputError, match=message):
        divide_dump(file, "c")
