"""Divide dumps into ranges of whole bzip2 streams, and read the texts of one range.

An index of a multistream dump has a line `offset:page_id:title` for each page, with the offset
of the stream that holds it.
"""

from __future__ import annotations

import bz2
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, NamedTuple

import fsspec

from metaclip.config.metadata import WikipediaSettings
from metaclip.errors import InputError
from metaclip.metadata.input_files import InputFile
from metaclip.metadata.wikipedia.dump_pages import (
    FILE_KEYS,
    BrokenDumpError,
    Page,
    read_blocks,
    read_namespaces,
    read_pages,
)
from metaclip.metadata.wikipedia.parser_process import WikitextParser
from metaclip.metadata.wikipedia.wikitext import FILE_NAMESPACES

PART_BYTES = 16 << 20
"""Compressed bytes of a range, about half a minute's work of one core."""


class DumpPart(NamedTuple):
    """A range of a dump's bytes, `end` exclusive, and the namespaces of its files.

    `corpus` identifies the dump and how it is read; `path` begins with it, so that no two
    ranges share one.
    """

    corpus: str
    path: str
    url: str
    start: int
    end: int
    size: int
    namespaces: list[str]


@dataclass
class PartAccount:
    """The figures of one range: pages = kept + dropped."""

    bytes: int = 0
    pages: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    error: str | None = None


def list_namespaces(file: InputFile) -> dict[str, str]:
    """Return the names of a dump's namespaces but the articles', by key.

    Raises:
        InputError: the file is no dump.
    """
    try:
        with fsspec.open(file.url, "rb") as stream:
            return read_namespaces(read_blocks(stream))
    except (BrokenDumpError, OSError) as error:
        where = f"build.wikipedia.dumps {file.name}"
        expected, hint = "a dump *-pages-articles*.xml.bz2", "download it again, or name another"
        raise InputError(where, expected, str(error), hint) from None


def divide_dump(file: InputFile, corpus: str) -> list[DumpPart]:
    """Return the ranges of a dump: the whole file, unless an index lies beside it.

    Raises:
        InputError: the file is no dump, or its index is another dump's.
    """
    where = f"build.wikipedia.dumps {file.name}"
    local = list_namespaces(file)
    names = sorted({local[key].lower() for key in FILE_KEYS if key in local} | FILE_NAMESPACES)
    try:
        offsets = _read_index(file)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(where, "a readable index beside it", str(error)) from None
    if offsets and offsets[-1] >= file.size:
        found = f"{file.size:,} bytes"
        raise InputError(where, f"more than {offsets[-1]:,} bytes, as its index has", found)
    bounds = divide_offsets(offsets, file.size, PART_BYTES)
    return [
        DumpPart(corpus, _path(corpus, file, start, end), file.url, start, end, file.size, names)
        for start, end in bounds
    ]


def _path(corpus: str, file: InputFile, start: int, end: int) -> str:
    return f"{corpus}/{file.name}:{start}-{end}"


def divide_offsets(offsets: Sequence[int], size: int, part: int) -> list[tuple[int, int]]:
    """Return ranges of near `part` bytes that begin at 0 or at one of the sorted `offsets`."""
    starts = [0]
    for offset in offsets:
        if offset - starts[-1] >= part:
            starts.append(offset)
    return list(zip(starts, [*starts[1:], size], strict=True))


def index_offsets(lines: Iterable[bytes]) -> list[int]:
    """Return the offsets of an index, sorted, each once.

    Raises:
        ValueError: a line of another form.
    """
    return sorted({int(line.split(b":", 2)[0]) for line in lines if line.strip()})


def _read_index(file: InputFile) -> list[int]:
    url = re.sub(r"(-multistream)(\d*)\.xml(.*)\.bz2\Z", r"\1-index\2.txt\3.bz2", file.url)
    if url == file.url:
        return []
    system, path = fsspec.core.url_to_fs(url)
    if not system.exists(path):
        return []
    with system.open(path, "rb") as stream, bz2.open(stream) as lines:
        return index_offsets(lines)


def read_part(
    part: DumpPart, settings: WikipediaSettings, account: PartAccount
) -> Iterator[tuple[Page, str]]:
    """Yield the pages of a range with their texts, and fill its account.

    Pages in other namespaces and redirects are dropped; so is a page above a bound. A range
    that can't be read to its end is told by `account.error`.
    """
    names = frozenset(part.namespaces)
    try:
        with (
            fsspec.open(part.url, "rb") as stream,
            WikitextParser(names, settings.page_seconds, settings.page_memory) as parser,
        ):
            yield from _texts(_pages(stream, part, settings, account), parser, account)
    except (BrokenDumpError, OSError) as error:
        account.error = str(error)


def _pages(
    stream: IO[bytes], part: DumpPart, settings: WikipediaSettings, account: PartAccount
) -> Iterator[Page]:
    stream.seek(part.start)
    blocks = _counted(read_blocks(stream, part.end - part.start), account)
    begins, ends = part.start == 0, part.end == part.size
    return read_pages(blocks, settings.max_page_characters, begins=begins, ends=ends)


def _counted(blocks: Iterable[bytes], account: PartAccount) -> Iterator[bytes]:
    for block in blocks:
        account.bytes += len(block)
        yield block


def _texts(
    pages: Iterable[Page], parser: WikitextParser, account: PartAccount
) -> Iterator[tuple[Page, str]]:
    for page in pages:
        account.pages += 1
        if page.namespace != 0:
            account.dropped["namespace"] += 1
        elif page.redirect:
            account.dropped["redirect"] += 1
        elif page.text is None:
            account.dropped["too_large"] += 1
        else:
            text, reason = parser.parse(page.text)
            if text:
                yield page, text
            else:
                account.dropped[reason or "no_text"] += 1
