"""WAT records against a slow twin: real records, mutated ones, and each rule."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.archives import image, run, wat, wat_record, zipped
from tests.helpers.wat_twins import agree, real_blocks

WAT = Path(__file__).parents[2] / "data" / "wat" / "part.warc.wat.gz"
STRINGS = (
    "", " ", "a\ud800b", "\ud83d\ude00", "\udc00\ud800", "x\0y", "\x1f", "a&amp;b", "&amp;amp;",
    "&amp", "&notit;", "&eacute;", "&#128;", "&#x110000;", "&#1#1;", '"},{"path":"IMG@/src"', "}",
    "IMG@/src", "IMG@\\/src", "http://[", "//h/p", "../x y.png", "data:,x", "JavaScript:1",
    "\u2028", " x\r\n y ", "http://EXAMPLE.org/%2E/a", "http://1.2.3/", "http://xn--/", "\\\\h\\p",
    "?q", "#f", "http://h/\u00e4", "\ufeffa",
)  # fmt: skip
VALUES: tuple[Any, ...] = (None, 0, -1.5, True, [], {}, ["a"], {"alt": "b"}, 10**30)


def mutate(value: Any, rng: random.Random) -> Any:
    """One random change somewhere in a JSON value."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(list(value))
        kind = rng.randrange(8)
        if kind == 0:
            del value[name]
        elif kind == 1:  # another order: the path no longer comes first
            value[name] = value.pop(name)
        else:
            value[name] = mutate(value[name], rng)
        return value
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        value[at] = mutate(value[at], rng)
        return value
    return copy.deepcopy(rng.choice(VALUES if rng.random() < 0.3 else STRINGS))


def spell(value: Any, rng: random.Random) -> bytes:
    """JSON of `value`, in one of the ways that writers and damage spell it."""
    text = json.dumps(
        value, ensure_ascii=rng.random() < 0.5, separators=rng.choice([None, (",", ":")])
    )
    if rng.random() < 0.2:
        text = text.replace("/", "\\/")
    if rng.random() < 0.1:
        text = text.replace("IMG@", "\\u0049MG@", 1)
    data = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.2:
        at = rng.randrange(len(data))
        data = (
            data[:at] + rng.choice([b"\xff", b"", b"\0", b"\\", b'"', b" ", b"}"]) + data[at + 1 :]
        )
    return data


def compare_mutated(number: int) -> None:
    rng = random.Random(7)
    small = wat(
        [image("a.png", title="t"), {"path": "A@/href", "url": "b"}, image("/b", "é")], base="/x/"
    )
    for _ in range(number):
        value = copy.deepcopy(small)
        for _ in range(rng.randint(1, 4)):
            value = mutate(value, rng)
        agree(spell(value, rng))


def test_real_records_are_read_as_the_twin_does() -> None:
    for block in real_blocks()[:150]:
        agree(block)


def test_mutated_records_are_read_as_the_twin_does() -> None:
    compare_mutated(1500)


@pytest.mark.long
def test_more_records_are_read_as_the_twin_does() -> None:
    for block in real_blocks():
        agree(block)
    compare_mutated(50_000)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("&amp;amp;", "&amp;"),  # once
        ("AT&T &copy 2024 &unknown;", "AT&T &copy 2024 &unknown;"),
        ("&#65;&#x42;&#0;", "AB\ufffd"),
        ("&#" + "9" * 5000 + ";", "\ufffd"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "\U0001f600"),
        ("a\0b", "a\0b"),
        (" one\r\ntwo\u00a0", "one  two"),
        (" \u205fone\u3000 ", "one"),
    ],
)
def test_texts_are_decoded_and_stripped(raw: str, text: str) -> None:
    _, found = run(zipped(wat_record(wat([image("http://h.example/i.png", raw)]))))
    assert found == [("http://h.example/i.png", text, "alt")]


@pytest.mark.parametrize(
    ("src", "reason"),
    [
        (None, "bad_url"),
        ("", "bad_url"),
        (" \n", "bad_url"),
        ("http://[", "bad_url"),
        ("data:image/gif;base64,R0lGOD", "not_http"),
        (" JavaScript:void(0)", "not_http"),
        ("blob:http://h/1", "not_http"),
        ("ftp://h/i.png", "not_http"),
        ("x" * 20_000, "long_url"),
    ],
)
def test_unusable_urls_have_a_reason(src: str | None, reason: str) -> None:
    account, found = run(zipped(wat_record(wat([image(src), image(src, "")]))))
    assert found == []
    assert account.dropped_images == {reason: 1, "no_text": 1}


@pytest.mark.parametrize(
    ("page", "base", "url"),
    [
        ("http://h.example/a/b.html", None, "http://h.example/a/i.png"),
        ("<http://h.example/a/b.html>", None, "http://h.example/a/i.png"),  # wget
        ("http://h.example/a/b.html", "/c/", "http://h.example/c/i.png"),
        ("http://h.example/a/b.html", "http://o.example/&eacute;/", "http://o.example/%C3%A9/i.png"),
        ("http://h.example/a/b.html", "http://[", "http://h.example/a/i.png"),
        ("http://h.example/a/b.html", "javascript:0", "http://h.example/a/i.png"),
        ("http://h.example/a/b.html", "data:,x", "http://h.example/a/i.png"),
    ],
)  # fmt: skip
def test_urls_resolve_against_the_base(page: str, base: str | None, url: str) -> None:
    assert run(zipped(wat_record(wat([image("i.png")], page, base))))[1] == [(url, "a cat", "alt")]


def test_absolute_images_need_no_valid_page() -> None:
    links = [image("http://h.example/i.png"), image("i.png")]
    account, found = run(zipped(wat_record(wat(links, url="not a url"))))
    assert found == [("http://h.example/i.png", "a cat", "alt")]
    assert account.dropped_images == {"bad_url": 1}


def test_equal_texts_of_an_image_are_one() -> None:
    link = image("http://h.example/i", "a", title=" a ", **{"data-image-title": "b"})
    assert [row[1:] for row in run(zipped(wat_record(wat([link]))))[1]] == [
        ("a", "alt"),
        ("b", "data-image-title"),
    ]


@pytest.mark.parametrize("block", [b"", b"{", b"[]", b"null", b'{"Envelope":1}', b"[" * 100_000])
def test_bad_json_is_dropped(block: bytes) -> None:
    good = wat_record(wat([image("http://h.example/i")]))
    account, found = run(zipped(good, wat_record(block), good))
    assert (account.status, account.dropped_records, len(found)) == ("done", {"bad_json": 1}, 2)
