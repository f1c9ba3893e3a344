"""Content-Type fields against the standards' examples, and all patterns of sniffing."""

from __future__ import annotations

import itertools

import pytest

from metaclip.crawl.warc.content_type import MimeType, extract_mime_type, parse_mime_type
from metaclip.crawl.warc.sniffing import HTML, HTML_TAGS, XML, begins_like_html, page_kind
from tests.helpers.archives import record, response, run, zipped

CAT = '<img src="http://h.example/i.png" alt="a cat">'
PAIR = ("http://h.example/i.png", "a cat", "alt")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [  # the first eight are the examples of the Fetch standard
        (["text/plain;charset=gbk, text/html"], MimeType("text/html")),
        (["text/html;charset=gbk;a=b, text/html;x=y"], MimeType("text/html", "gbk")),
        (["text/html;charset=gbk;a=b", "text/html;x=y"], MimeType("text/html", "gbk")),
        (["text/html;charset=gbk", "x/x", "text/html;x=y"], MimeType("text/html")),
        (["text/html", "cannot-parse"], MimeType("text/html")),
        (["text/html", "*/*"], MimeType("text/html")),
        (["text/html", ""], MimeType("text/html")),
        (['text/html;charset="a,b;c', "x"], MimeType("text/html", "a,b;c, x")),
        (["text/plain", "text/html"], MimeType("text/html")),
        ([' TEXT/HTML ; CharSet="utf\\-8" '], MimeType("text/html", "utf-8")),
        (["text/html;charset=utf-8;charset=gbk"], MimeType("text/html", "utf-8")),
        (["text/html;charset=;charset=gbk"], MimeType("text/html", "gbk")),
        (["text/html;;;charset"], MimeType("text/html")),
        (["text/html charset=utf-8"], None),
        (['"text/html"'], None),
        (["html"], None),
        (["*/*"], None),
        ([], None),
    ],
)
def test_the_last_good_value_counts(fields: list[str], expected: MimeType | None) -> None:
    joined = [", ".join(fields)] if fields else []
    if expected != MimeType("text/html", "a,b;c, x"):
        assert extract_mime_type(fields) == expected
    assert extract_mime_type(joined) == expected


def slow_charset(text: str) -> str | None:
    """The charset parameter by the steps of MIME Sniffing 4.4, character by character."""
    at = text.index(";") if ";" in text else len(text)
    found: dict[str, str] = {}
    while at < len(text):
        at += 1
        while at < len(text) and text[at] in "\t\n\r ":
            at += 1
        name = "".join(itertools.takewhile(lambda c: c not in ";=", text[at:]))
        at += len(name)
        if at >= len(text) or text[at] == ";":
            continue
        at += 1
        value = ""
        if at < len(text) and text[at] == '"':
            at += 1
            while at < len(text) and text[at] != '"':
                if text[at] == "\\":
                    at += 1
                    value += text[at] if at < len(text) else "\\"
                else:
                    value += text[at]
                at += 1
            while at < len(text) and text[at] != ";":
                at += 1
        else:
            value = "".join(itertools.takewhile(lambda c: c != ";", text[at:]))
            at += len(value)
            value = value.rstrip("\t\n\r ")
            if not value:
                continue
        if name and all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in name):
            found.setdefault(name.lower(), value)
    return found.get("charset")


def test_random_parameters_are_parsed_as_the_standard_says() -> None:
    import random

    rng = random.Random(15)
    parts = ["charset", "x", "=", ";", '"', "\\", " ", "utf-8", "a", "CHARSET", "/"]
    for _ in range(5000):
        text = "text/html;" + "".join(rng.choices(parts, k=rng.randrange(14)))
        found = parse_mime_type(text)
        stripped = text.strip("\t\n\r ")
        assert (found and found.charset) == (slow_charset(stripped) or None), text


@pytest.mark.parametrize("tag", HTML_TAGS)
def test_each_pattern_of_html_is_sniffed(tag: str) -> None:
    assert len(HTML_TAGS) == 17
    for blanks in ("", " ", "\t\n\x0c\r "):
        for name in (tag, tag.lower(), tag.title()):
            for end in (" ", ">"):
                assert begins_like_html(f"{blanks}<{name}{end}".encode())
            for end in ("", "/", "\n", "x", "\t"):
                assert not begins_like_html(f"{blanks}<{name}{end}".encode()), (tag, end)
    for before in ("x", "\x0b", "\xa0", "<", "\ufeff"):
        assert not begins_like_html(f"{before}<{tag}>".encode())


@pytest.mark.parametrize("media", ["text/html charset=utf-8", "*/*", "html", '"text/html"', ""])
def test_a_bad_content_type_is_sniffed(media: str) -> None:
    page, image = f"<!doctype html>{CAT}", b"\x89PNG\r\n\x1a\n" + CAT.encode()
    account, found = run(
        zipped(*(response(one, f"Content-Type: {media}") for one in (page, image)))
    )
    assert (account.pages, account.others, found) == (1, 1, [PAIR])


@pytest.mark.parametrize(
    ("media", "body", "kind"),
    [
        ("text/plain", "<!doctype html>", None),
        ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        ("application/xml", "<html xmlns='http://www.w3.org/1999/xhtml'/>", XML),
        ("text/xml", "<!-- <html> --><feed>http://www.w3.org/1999/xhtml</feed>", None),
        ("application/xhtml+xml", "", XML),
        ("text/html", "", HTML),
        (None, "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", XML),
        (None, "<?xml version='1.0'?><html/>", None),
        (None, "plain text", None),
    ],
)
def test_the_kind_of_a_page(media: str | None, body: str, kind: str | None) -> None:
    assert page_kind(media and parse_mime_type(media), body.encode()) == kind  # type: ignore[arg-type]


def test_nosniff_forbids_to_find_html() -> None:
    fields = ("Content-Type: html", "X-Content-Type-Options: nosniff")
    assert run(zipped(response(f"<html>{CAT}", *fields)))[0].others == 1


def test_an_identified_type_counts_where_the_header_names_none() -> None:
    for media, pages in (("application/octet-stream", 1), ("text/plain", 0), ("", 1)):
        one = response(CAT, f"Content-Type: {media}")
        one = one.replace(b"WARC-Type", b"WARC-Identified-Payload-Type: text/html\r\nWARC-Type", 1)
        assert run(zipped(one))[0].pages == pages


def test_html_in_resource_records_is_a_page() -> None:
    page = record("resource", CAT.encode(), media="text/html; charset=utf-8")
    account, found = run(zipped(page, record("resource", b"x", media="image/png")))
    assert (account.pages, account.others, found) == (1, 1, [PAIR])


def test_a_status_can_be_asked_for() -> None:
    from metaclip.config.crawl import ExtractionOptions

    missing = response(CAT).replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 404 No")
    data = zipped(missing, response(CAT))
    assert run(data)[1] == [PAIR, PAIR]
    account, found = run(data, ExtractionOptions(status=200))
    assert (account.dropped_records, found) == ({"status": 1}, [PAIR])
