"""Read the needed columns of a CSV or TSV in batches, by each file's own header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO

import numpy as np
import pyarrow as pa

from metaclip.config.crawl import ImportSettings, PoolKind
from metaclip.ingest.pool.cells import Cells, split_plain, split_quoted
from metaclip.ingest.pool.columns import Columns, Where, find_columns
from metaclip.ingest.pool.lines import ReadableLines, encoding_of, read_lines
from metaclip.ingest.pool.opening import FormError
from metaclip.ingest.pool.quoting import is_quoted, may_be_quoted
from metaclip.ingest.pool.records import Records, in_batches
from metaclip.ingest.pool.values import Mask, is_encodable

_DELIMITERS = ",\t;|"
_BAD_CELLS = "more cells than the header has; set import.delimiter or import.quote"
_BAD_BYTES = "bytes that are not in the encoding; set import.encoding"


def read_delimited(
    file: IO[bytes], settings: ImportSettings, where: Where, kind: PoolKind
) -> Iterator[Records]:
    """Yield the records of a file. All columns hold strings; an empty cell of `where` is null.

    Raises:
        FormError: no header, or none with the needed columns; or the bytes can't be decoded.
    """
    try:
        header, records = open_records(file, settings, kind)
        if header is None:
            return
        columns = find_columns(header, settings, where)
        for cells in in_batches(records):
            yield _records(cells, header, columns, where)
    except UnicodeError as error:
        raise FormError("text in its encoding", str(error), "set import.encoding") from None


def open_records(
    file: IO[bytes], settings: ImportSettings, kind: PoolKind
) -> tuple[list[str] | None, Iterator[Cells]]:
    """Return the names of the columns (None in an empty file) and the cells of all records.

    Raises:
        FormError: the first record gives no names, or `import.header` is given to a file
            that has a header.
    """
    records = _split(file, settings, kind)
    first = next(records, [])
    if settings.header:
        if first == settings.header:
            raise FormError(
                "no header", "import.header as the first record", "leave import.header empty"
            )
        return settings.header, chain([first] if first != [] else [], records)
    if first is None:
        raise FormError("a header", "a quote that is not closed", "set import.quote")
    if not first:
        return None, records
    _check_header(first)
    return first, records


def _split(file: IO[bytes], settings: ImportSettings, kind: PoolKind) -> Iterator[Cells]:
    delimiter = settings.delimiter or ("\t" if kind == "tsv" else ",")
    encoding = encoding_of(file, settings.encoding)
    quote = settings.quote
    if quote is None:
        quote = (
            '"'
            if kind == "csv" or _has_quotes(file, encoding, delimiter, header=not settings.header)
            else ""
        )
    lines = read_lines(file, encoding)
    return split_quoted(lines, delimiter, quote) if quote else split_plain(lines, delimiter)


def _has_quotes(file: IO[bytes], encoding: str, delimiter: str, *, header: bool) -> bool:
    """Return whether a TSV has quotes, as far as it can be read."""
    if not may_be_quoted(ReadableLines(file, encoding), delimiter):
        return False
    lines = ReadableLines(file, encoding)
    if header:
        next(lines, None)
    return is_quoted(lines, delimiter)


def _check_header(cells: Sequence[str]) -> None:
    if any("://" in cell for cell in cells):
        raise FormError(
            "a header", ", ".join(cells)[:80], "name the columns of such a file by import.header"
        )
    other = next((mark for mark in _DELIMITERS if len(cells) == 1 and mark in cells[0]), None)
    if other is not None:
        raise FormError(
            "a header of several columns", repr(cells[0][:80]), f"set import.delimiter to {other!r}"
        )


def _records(
    records: Sequence[Cells], header: Sequence[str], columns: Columns, where: Where
) -> Records:
    bad = np.array([cells is None or len(cells) > len(header) for cells in records], np.bool_)
    why = _BAD_CELLS if bad.any() else ""
    rows = [cells or [] for cells in records]

    def take(name: str | None) -> list[str | None]:
        if name is None:
            return [None] * len(rows)
        at = header.index(name)
        return [cells[at] if at < len(cells) else None for cells in rows]

    url, text, given = (_array(take(name), bad) for name in (columns.url, columns.text, columns.id))
    if not why and bad.any():
        why = _BAD_BYTES
    more = {
        name: _array([cell or None for cell in take(columns.where.get(name))], bad).cast(kind)
        for name, kind in where.items()
    }
    return Records(url, text, given, bad, more, why)


def _array(cells: list[str | None], bad: Mask) -> pa.StringArray:
    """Return cells as strings; one with a byte out of the encoding makes its record bad."""
    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:
        pass
    good = [cell is None or is_encodable(cell) for cell in cells]
    bad |= ~np.array(good, np.bool_)
    kept = [cell if fine else None for cell, fine in zip(cells, good, strict=True)]
    return pa.array(kept, pa.string())
