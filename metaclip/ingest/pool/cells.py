"""Split the lines of a CSV or TSV into the cells of its records."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

Cells = list[str] | None
"""The cells of one record; None where they can't be told apart."""
_MARK = "\ue000"
"""A character of private use, in the place of a carriage return while csv reads a line."""
_MAX_CELL = 1 << 20
"""Characters of a cell; an open quote would else take the rest of its file into one."""


def split_plain(lines: Iterable[str], delimiter: str) -> Iterator[Cells]:
    """Yield the cells of each line that is not empty; no character is a quote."""
    for line in lines:
        # One line end, and not more: the text before it may end in a carriage return.
        kept = line[:-1] if line.endswith("\n") else line
        kept = kept[:-1] if kept.endswith("\r") else kept
        if kept:
            yield kept.split(delimiter)


def split_quoted(lines: Iterable[str], delimiter: str, quote: str) -> Iterator[Cells]:
    """Yield the cells of each record by RFC 4180, as Python's csv reads it.

    A quote that is never closed, or closed before something else than a delimiter in a later
    line, would swallow the records between: its line alone is the record that is lost, and
    reading goes on with the next line.
    """
    for raw, cells, fault in _read_strictly(lines, delimiter, quote):
        if "expected after" in fault:
            yield _lenient(raw, delimiter, quote)
        elif fault:
            yield _with_returns(raw, delimiter, quote) if "new-line" in fault else None
        elif cells:
            yield cells


def quoted_lines(
    lines: Iterable[str], delimiter: str, quote: str
) -> Iterator[tuple[str, list[str] | None]]:
    """Yield the lines of each record and its cells: None where a quote is not closed well."""
    for raw, cells, fault in _read_strictly(lines, delimiter, quote):
        if "new-line" not in fault:  # a carriage return tells nothing about quotes
            yield raw, cells


def _read_strictly(
    lines: Iterable[str], delimiter: str, quote: str
) -> Iterator[tuple[str, list[str] | None, str]]:
    """Yield the lines of each record, its cells and ""; else its first line, None and the fault.

    The lines after the first one of a faulty record are read again.
    """
    csv.field_size_limit(_MAX_CELL)
    source = _Replay(lines)
    strict = csv.reader(source, delimiter=delimiter, quotechar=quote, strict=True)
    while True:
        source.taken.clear()
        try:
            cells = next(strict)
        except StopIteration:
            return
        except csv.Error as error:
            yield source.keep_first(), None, str(error)
        else:
            yield "".join(source.taken), cells, ""


def _lenient(line: str, delimiter: str, quote: str) -> Cells:
    """Return the cells of a line with characters after a closing quote, as csv gives them."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter, quotechar=quote), None)
    except csv.Error:
        return None
    # Within quotes the line's end is a part of the cell: the quote was not closed.
    return None if not cells or cells[-1].endswith("\n") else cells


def _with_returns(line: str, delimiter: str, quote: str) -> Cells:
    """Return the cells of a line with carriage returns in its texts, which many do not quote."""
    body = line.removesuffix("\n").removesuffix("\r")
    if _MARK in body:
        return None
    cells = _lenient(body.replace("\r", _MARK), delimiter, quote)
    return cells and [cell.replace(_MARK, "\r") for cell in cells]


class _Replay:
    """Lines, of which those of a record that went wrong come again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Replay:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def keep_first(self) -> str:
        """Return the first line of the record; the others come again."""
        self._again.extendleft(reversed(self.taken[1:]))
        return self.taken[0]
