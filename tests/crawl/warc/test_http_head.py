"""HTTP heads against a slow parser written from RFC 9112, and faults of real ones."""

from __future__ import annotations

import random

import pytest

from metaclip.crawl.warc.http_head import BadPayloadError, read_response
from tests.helpers.archives import record, run, zipped

PAGE = b'<img src="http://h.example/i.png" alt="a cat">'
BLANKS = " \t"
PAIR = ("http://h.example/i.png", "a cat", "alt")


def read_slowly(block: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, fields and body, line by line (RFC 9112, 2 to 5; interim ones passed over)."""
    lines: list[str] = []
    rest = block
    while True:
        line, newline, rest = rest.partition(b"\n")
        text = line.rstrip(b"\r").decode("latin-1")
        assert newline
        if not text and lines:
            break
        if text:
            lines.append(text)
    status = int(
        next((word for word in lines[0].split(" ") if len(word) == 3 and word.isdigit()), 200)
    )
    if 100 <= status < 200 and status != 101:
        return read_slowly(rest)
    fields: list[tuple[str, str]] = []
    for text in lines[1:]:
        if text[0] in " \t":
            if fields:
                name, value = fields[-1]
                fields[-1] = name, (value + " " + text.strip(BLANKS)).strip(" ")
        elif ":" in text:
            name, _, value = text.partition(":")
            fields.append((name.strip(BLANKS).lower(), value.strip(BLANKS)))
    return status, fields, rest


def random_head(rng: random.Random) -> bytes:
    end = rng.choice(["\r\n", "\n", "\r\n"])
    heads = []
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        heads += [f"HTTP/1.1 {rng.choice([100, 102, 103])} Wait{end}Link: <x>{end}{end}"]
    status = f"{rng.choice(['HTTP/1.1', 'HTTP/1.0', 'http/1.1', 'HTTP', 'HTTP/2'])} "
    status += f"{rng.choice([200, 404, 301, 500])}{rng.choice(['', ' OK', ' Not Found', ' '])}"
    lines = [status]
    for _ in range(rng.randrange(8)):
        name = rng.choice(
            ["Content-Type", "content-type", "X-A", "Content-Encoding ", "Set-Cookie"]
        )
        value = rng.choice(["text/html", "a, b", "", "x:y", "caf\xe9", '"q"', "text/html; a=b"])
        lines.append(name + ":" + rng.choice(["", " ", "\t"]) + value + rng.choice(["", " "]))
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            lines.append(rng.choice([" ", "\t", "   "]) + rng.choice(["more", "a:b", "; c=d"]))
        if rng.random() < 0.1:
            lines.append("a line without its sign")
    return ("".join(heads) + end.join(lines) + end + end).encode("latin-1")


def test_2000_random_heads_are_read_as_the_slow_parser_does() -> None:
    rng = random.Random(9112)
    for _ in range(2000):
        block = random_head(rng) + rng.choice([PAGE, b"", b"\r\n\r\n", b" x\n\ny"])
        found = read_response(block)
        assert (found.status, found.fields, found.body) == read_slowly(block), block


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html",
        b"HTTP/1.0 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html",
        b"http/1.1 200 ok\r\ncontent-type: text/html",
        b"HTTP 200 OK\r\nContent-Type: text/html",
        b"HTTP/1.1 200\r\nContent-Type:\r\n\ttext/html;\r\n charset=utf-8",
        b"HTTP/1.1 200 OK\r\nContent-Type : text/html",
        b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Type: text/html\r\n: x",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html",
    ],
)
def test_heads_that_browsers_take(head: bytes) -> None:
    assert run(zipped(record("response", head + b"\r\n\r\n" + PAGE)))[1] == [PAIR]


def test_a_body_that_begins_like_a_head_is_a_body() -> None:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHTTP/1.1 404 x\r\n\r\n"
    assert read_response(block).body == b"HTTP/1.1 404 x\r\n\r\n"


@pytest.mark.parametrize(
    "block", [b"", b"HTTP/1.1 200 OK\r\n", b"<html>", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_what_has_no_head_is_dropped(block: bytes) -> None:
    with pytest.raises(BadPayloadError, match="bad_http"):
        read_response(block)


def test_one_name_is_one_list() -> None:
    found = read_response(b"HTTP/1.1 200 OK\r\nA: x\r\nB: y\r\na: z\r\n\r\n")
    assert (found.joined("a"), found.values("b"), found.joined("c")) == ("x, z", ["y"], "")


def test_folded_lines_of_a_warc_header_are_joined() -> None:
    one = record("response", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE)
    folded = one.replace(b"WARC-Type: response", b"WARC-Type:\r\n response")
    assert run(zipped(folded))[1] == [PAIR]
