"""Quotes, line ends and cells that can't be told apart, each by hand."""

from __future__ import annotations

import io

import pytest

from metaclip.ingest.pool.cells import split_plain, split_quoted
from metaclip.ingest.pool.lines import ReadableLines
from metaclip.ingest.pool.opening import FormError
from metaclip.ingest.pool.quoting import is_quoted


def lines(text: str) -> ReadableLines:
    """Return the lines of a file with this text."""
    return ReadableLines(io.BytesIO(text.encode()), "utf-8")


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ('a,"b\r\nc"\r\nd,e\r\n', [["a", "b\r\nc"], ["d", "e"]]),
        ('a,"say ""hi"""\n', [["a", 'say "hi"']]),
        ('a,"open\nb,c\nd,e\n', [None, ["b", "c"], ["d", "e"]]),
        ('a,"open\nb,"c"\nd,e\n', [None, ["b", "c"], ["d", "e"]]),
        ('a,"b" c\nd,e\n', [["a", "b c"], ["d", "e"]]),
        ('a,"b" "c\nd,e\n', [["a", 'b "c'], ["d", "e"]]),
        ("a,b\rc\r\nd,e", [["a", "b\rc"], ["d", "e"]]),
        ("a,b\n\n\nc,d\n", [["a", "b"], ["c", "d"]]),
        (f'a,"{"x" * (1 << 21)}"\nb,c\n', [None, ["b", "c"]]),
    ],
)
def test_records_with_quotes(text: str, records: list[list[str] | None]) -> None:
    assert list(split_quoted(lines(text), ",", '"')) == records


def test_records_without_quotes_end_with_their_line() -> None:
    text = 'a\t"b\r\nc\td\re\n\nf\tg"'
    assert list(split_plain(lines(text), "\t")) == [["a", '"b'], ["c", "d\re"], ["f", 'g"']]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a\tb\n", True),
        ('a\t"b ""c"" d"\n', True),
        ('a\t"two\nlines"\n', True),
        ('"a"\t"b"\n"c"\t"d"\n', True),
        ('a\t"b\tc"\nd\te\n', True),
        ('a\t"Untitled, a painting\nb\tc\n', False),
        ('a\t"Cat" on a mat\nb\tc\n', False),
        ('a\t"both"\nb\tplain\n', False),
        ('a\t"both"\nb\t5" nail\n', False),
    ],
)
def test_quotes_of_a_tsv_are_found_by_its_fields(text: str, quoted: bool) -> None:
    assert is_quoted(lines(text), "\t") == quoted


def test_fields_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(FormError, match=r"found both; set import\.quote"):
        is_quoted(lines('a\t"b ""c"" d"\nb\t"open\nc\td\n'), "\t")
