"""Find out whether the fields of a TSV were written with quotes."""

from __future__ import annotations

from collections.abc import Iterable

from metaclip.ingest.pool.cells import quoted_lines
from metaclip.ingest.pool.lines import ReadableLines
from metaclip.ingest.pool.opening import FormError

_QUOTE = '"'


class _Evidence:
    """Signs in the fields of a file for its writer's use of quotes.

    Writers quote either the fields that need it (a delimiter, a quote, a line end, a blank at
    an end) or all fields of a column. Any other quote at a field's start is a character of
    its text, and so is one that is not closed at the end of a field.
    """

    def __init__(self) -> None:
        self.plain: set[int] = set()
        self.needless: set[int] = set()
        self.doubled = False
        self.literal = False

    def add(self, pieces: list[str], cells: list[str], delimiter: str) -> None:
        """Take one record: its fields as they are in the file, and without quotes."""
        for column, (piece, cell) in enumerate(zip(pieces, cells, strict=True)):
            if not piece.startswith(_QUOTE):
                self.literal = self.literal or _QUOTE in piece
                self.plain.add(column)
            elif _QUOTE in cell:
                self.doubled = True
            elif cell and cell == cell.strip() and not any(c in cell for c in f"{delimiter}\r\n"):
                self.needless.add(column)

    def verdict(self) -> bool:
        """Return whether there are quotes.

        Raises:
            FormError: the fields contradict each other.
        """
        literal = self.literal or bool(self.plain & self.needless)
        if literal and self.doubled:
            raise FormError(
                "quotes around fields, or as characters of texts",
                "both",
                "set import.quote to '\"' where fields have quotes, else to ''",
            )
        return not literal


def is_quoted(lines: ReadableLines, delimiter: str) -> bool:
    """Return whether quotes at the start of a file's fields are no part of the texts.

    Args:
        lines: without a header, whose names may be written in another way.

    Raises:
        FormError: some are and some are not.
    """
    evidence = _Evidence()
    for raw, cells in quoted_lines(lines, delimiter, _QUOTE):
        if cells is None:
            # The end of a damaged file is not the end of its last record.
            evidence.literal = evidence.literal or not lines.damaged
            continue
        pieces = raw.rstrip("\r\n").split(delimiter)
        if len(pieces) == len(cells):
            evidence.add(pieces, cells, delimiter)
        elif _QUOTE * 2 in raw:
            evidence.doubled = True
    return evidence.verdict()


def may_be_quoted(lines: Iterable[str], delimiter: str) -> bool:
    """Return whether any field begins with a quote."""
    inner = delimiter + _QUOTE
    return any(inner in line or line.startswith(_QUOTE) for line in lines)
