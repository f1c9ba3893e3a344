"""Read the names of WordNet's synsets and the words of other wordnets.

Sources: wndb(5WN), the file format of WordNet; the tab files of the Open Multilingual Wordnet.
"""

from __future__ import annotations

import gzip
import io
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import fsspec

from metaclip.errors import InputError

if TYPE_CHECKING:
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

_PARTS = ("noun", "verb", "adj", "adv")
_FILES = [f"{kind}.{part}" for part in _PARTS for kind in ("data", "index")]
_LEXICOGRAPHER_FILES = 45
"""Number of lexicographer files in lexnames(5WN)."""
_SHOWN = 150
_MISREAD = (AssertionError, StopIteration, RuntimeError, TypeError, AttributeError)
"""Other errors of NLTK on files of another form."""


def numbers(count: int) -> list[str]:
    """Return the numbers from 0 to `count` - 1 as entries."""
    return [str(number) for number in range(count)]


def read_wordnet(folder: str) -> list[str]:
    """Return the distinct names of all synsets of a WordNet dictionary, sorted.

    A name is NLTK's `synset.name()` up to the first dot, with a space for each underscore
    (Xu et al. 2023, section 3.1). The files may be gzipped.

    Raises:
        InputError: no such folder, a file is missing or NLTK can't read it, or no package.
    """
    where = f"build.wordnet {folder}"
    _require_files(Path(folder), where)
    try:
        from nltk.corpus.reader.wordnet import WordNetError
    except ImportError:
        hint = "pip install 'metaclip[build]'"
        raise InputError(where, "the package nltk", "none", hint) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about functions for other languages
            synsets = list(_open_reader(folder).all_eng_synsets())
    except (OSError, EOFError, LookupError, ValueError, *_MISREAD, WordNetError) as error:
        found = f"{type(error).__name__}: {error}"[:_SHOWN]
        raise InputError(where, "WordNet's dictionary files", found) from None
    names = {synset.name().split(".")[0] for synset in synsets}
    entries = sorted({name.replace("_", " ").strip() for name in names} - {""})
    if not entries:
        raise InputError(where, "at least one synset", "none")
    return entries


def read_omw(file: str) -> list[str]:
    """Return the distinct words on the lemma lines of a tab file, sorted.

    Raises:
        InputError: unreadable, or no line is a lemma.
    """
    where = f"build.omw {file}"
    try:
        with fsspec.open(file, "rt", compression="infer", encoding="utf-8-sig") as lines:
            words = {clean_word(language, word) for language, word in lemma_words(lines)} - {""}
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(where, "a readable tab file in UTF-8", _reason(error)) from None
    if not words:
        raise InputError(where, "lines synset TAB language:lemma TAB word", "none")
    return sorted(words)


def lemma_words(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the language and the word, as written, of each lemma line.

    A comment and a line of another kind (`:def`, `:exe`, `:lemma:root`) is no lemma line.
    """
    for line in lines:
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) != 3 or line.startswith("#"):
            continue
        language, _, kind = fields[1].partition(":")
        if kind == "lemma":
            yield language, fields[2]


def clean_word(language: str, word: str) -> str:
    """Return a word as captions have it, with single spaces.

    An underscore is a space. The Chinese wordnet marks the end of a stem by `+`: 美丽+的.
    """
    if language == "cmn":
        word = word.replace("+", "") or word
    return " ".join(word.replace("_", " ").split())


def _require_files(folder: Path, where: str) -> None:
    if not folder.is_dir():
        raise InputError(where, "a folder with WordNet's dictionary files", "no folder")
    missing = [name for name in _FILES if not _found(folder, name)]
    if missing:
        raise InputError(where, f"the files {', '.join(_FILES)}", f"no {', '.join(missing)}")


def _found(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)


def _open_reader(folder: str) -> WordNetCorpusReader:
    """Return NLTK's reader; names need neither `lexnames` nor exceptions, so both may lack."""
    import nltk.data
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    class Reader(WordNetCorpusReader):  # type: ignore[misc]
        def open(self, file: str) -> IO[str]:
            path = _found(Path(folder), file)
            if path is None:
                return io.StringIO(_substitute(file))
            data = path.read_bytes()
            text = gzip.decompress(data) if path.suffix == ".gz" else data
            # Offsets are bytes: every character must be one.
            return io.StringIO(text.decode("latin-1"), newline="\n")

        def map_wn(self, version: str = "wordnet") -> None:
            """Spare the mapping to another version, which other languages alone need."""

    # NLTK opens no folder outside its search path.
    nltk.data.path.append(str(Path(folder).resolve()))
    return Reader(folder, None)


def _substitute(file: str) -> str:
    if file != "lexnames":
        return ""
    return "".join(f"{number:02}\tnone\t0\n" for number in range(_LEXICOGRAPHER_FILES))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
