"""WordNet and other wordnets: the names that a plain look at their files gives."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from metaclip.errors import InputError
from metaclip.metadata.wordnet import clean_word, lemma_words, numbers, read_omw, read_wordnet
from tests.helpers.runner import ROOT

WORDNET = ROOT / "tests" / "data" / "wordnet"
OMW = ROOT / "tests" / "data" / "omw"


def slow_names(folder: Path) -> set[str]:
    """First word of each line of the data files, as wndb(5WN) has it."""
    names = set()
    for file in folder.glob("data.*"):
        for line in file.read_text("latin-1").splitlines():
            if not line.startswith("  "):
                word = line.split()[4].lower().partition("(")[0]
                names.add(word.partition(".")[0].replace("_", " "))
    return names - {""}


def copy(folder: Path, *, without: str = "", packed: bool = False) -> Path:
    folder.mkdir()
    for file in WORDNET.iterdir():
        if file.name != without:
            data = file.read_bytes()
            name = f"{file.name}.gz" if packed else file.name
            (folder / name).write_bytes(gzip.compress(data) if packed else data)
    return folder


def test_names_are_the_first_words_of_the_synsets() -> None:
    names = read_wordnet(str(WORDNET))
    assert names == sorted(slow_names(WORDNET))
    assert {"entity", "physical entity", "a cappella", "able"} <= set(names)


def test_gzipped_files_give_the_same(tmp_path: Path) -> None:
    packed = copy(tmp_path / "packed", packed=True)
    assert read_wordnet(str(packed)) == read_wordnet(str(WORDNET))


def test_a_file_that_lacks_is_named(tmp_path: Path) -> None:
    folder = copy(tmp_path / "part", without="index.verb")
    with pytest.raises(InputError, match=r"expected the files .*, found no index\.verb"):
        read_wordnet(str(folder))


def test_a_wrong_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder with WordNet's dictionary files, found no fol"):
        read_wordnet(str(tmp_path / "none"))


@pytest.mark.parametrize("name", ["data.noun", "index.noun"])
@pytest.mark.parametrize("data", [b"<html>\n", b"00001740 03 n\n", b"\xff\x00" * 100])
def test_files_of_another_kind_are_refused(tmp_path: Path, name: str, data: bytes) -> None:
    folder = copy(tmp_path / "part")
    (folder / name).write_bytes(data)
    with pytest.raises(InputError, match="expected WordNet's dictionary files, found"):
        read_wordnet(str(folder))


def test_numbers_are_in_their_order() -> None:
    assert numbers(12)[8:] == ["8", "9", "10", "11"]
    assert len(numbers(100)) == 100


@pytest.mark.parametrize("language", ["bul", "arb", "cmn"])
def test_words_of_a_real_tab_file_are_those_of_its_lemma_lines(language: str) -> None:
    file = OMW / f"wn-data-{language}.tab"
    lines = [line.split("\t") for line in file.read_text("utf-8").split("\n")]
    words = {fields[2] for fields in lines if fields[1:2] == [f"{language}:lemma"]}
    assert {word for _, word in lemma_words(file.open(encoding="utf-8"))} == words
    assert read_omw(str(file)) == sorted({clean_word(language, word) for word in words})


def test_other_kinds_of_lines_are_no_lemmas() -> None:
    lines = [
        "# name\tbul\thttp://x\tCC BY\n",
        "1-n\tbul:lemma\tкотка\n",
        "1-n\tbul:def\t0\tживотно\n",
        "1-n\tarb:lemma:root\tقط\n",
        "1-n\tbul:exe\tpример\n",
        "1-n\tbul:lemma\n",
        "1-n\tbul:lemma\ta\tb\n",
        "\n",
    ]
    assert list(lemma_words(lines)) == [("bul", "котка")]


def test_words_are_cleaned_as_captions_have_them() -> None:
    assert clean_word("fra", "pomme_de_terre") == "pomme de terre"
    assert clean_word("cmn", "美丽+的") == "美丽的"
    assert clean_word("cmn", "+") == "+"
    assert clean_word("ita", "C+") == "C+"
    assert clean_word("arb", " كلمة  أخرى\u00a0") == "كلمة أخرى"


def test_a_tab_file_without_lemmas_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "wn.tab"
    file.write_text("1-n\tbul:def\t0\tx\n")
    with pytest.raises(InputError, match="expected lines synset TAB language:lemma TAB word"):
        read_omw(str(file))
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="a readable tab file in UTF-8"):
        read_omw(str(file))
