"""The scanner reads WAT records as its slow twin does: grammar, simple URLs, simple texts."""

from __future__ import annotations

import json
import random
from html.entities import html5
from typing import Any

import pytest

from metaclip.config.crawl import ExtractionLimits, ExtractionOptions
from metaclip.crawl.page import Page
from metaclip.crawl.pair_batch import PairBatch
from metaclip.crawl.wat.reader import WatReader
from tests.helpers.archives import image, run, wat, wat_record, zipped
from tests.helpers.wat_twins import agree, real_blocks

URL_PARTS = (
    "http://", "https://", "HTTP://", "http:", "//", "/", "/", "\\", "h.example", "a-b.c_d.org",
    "xn--a.org", "A.example", "1.2.3.4", "h.example:80", "h.0x7f", "u:p@h.example", "h..example",
    "-h.example", "h-.example", "h.e", ".", "..", "./", "../", "%2e", "%2E/", "%2f", "%", "%zz",
    "?", "?a=1&b=2", "&amp;", "&#038;", "&#38;", "&copy;", "&amp;amp;", "&x", ";", "#", "#f", ":",
    "a:b", "@", "!$()*+,=", "~", "|", "^", "[", "{", "'", '"', "<", " ", "\t", "\n", "ä", "\u3000",
    "i.png", "img", "a", "B9_", "data:", "javascript:", "C:", "\0", "\ufffd", "\ud800",
)  # fmt: skip
TEXT_PARTS = (
    " ", "  ", "\t", "\n", "\r", "\x1f", "\x7f", "\0", "\x85", "\xa0", "\u1680", "\u2000", "\u2028",
    "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "a", "cat", "é", "ä", "日本", "「", "’", "–",
    "\u0800", "\ufffd", "\U0001f600", "\U0010ffff", "&", ";", "&amp;", "&nbsp;", "&#160;", "&x;",
    '"', "\\", "/", "\ud800", "\udc00",
)  # fmt: skip
BASES = (
    None, "http://b.example", "https://u:p@b.example:8080/x/y?q/z#f/g", "/x/", "?q",
    "//c.example/d", "ftp://f.example/", "data:,x", "http://[", "", "file:///C:/x",
    "http://b.example/" + "x" * 3000, "https://b.example/x/y.z?q/&amp;#/f", "http://b.example/&amp;/",
    "http://b.example/x&num;/y/", "HTTP://B.example/x/", "http://b.example", "http://b.example/x/../",
    "http://b.example/x#/y?/z", "https://1.2.3/x/", "blob:http://b.example/x", "/x\ny/",
)  # fmt: skip
PAGES = (
    "http://h.example/a/b.html",
    "<http://h.example/a/>",
    "https://h.example/?a#b/c",
    "hard::x",
    "http://hard::x/",
    "http://h.example/a|b/c d?e/f",
    "<<http://h.example/a/>>",
)
TOKENS = (
    "0", "-0", "01", "-", "1.", ".5", "1.5", "1e5", "1E+", "1e-07", "+1", "9" * 70, "9" * 5000,
    "NaN", "Infinity", "tru", "true", "false", "null", "nul", '""', '"\\u00e9"', '"\\u00g9"',
    '"\\x"', '"\\', '"\x01"', "[]", "[1,]", "[,]", "[1 2]", "{}", '{"a"}', '{"a":}', '{"a":1,}',
    '{"a":1 "b":2}',
    "{1:2}", "[" * 70 + "]" * 70, "[{" * 3 + "}]" * 3, '[{"a":[{}]}]', "]", "}", "", " \t\n\r 1 ",
    "\x0b1", '"' + "x" * 200 + '"', '"' + "x" * 61 + '\\"' + "x" * 70 + '"',
)  # fmt: skip


def joined(parts: tuple[str, ...], rng: random.Random, most: int) -> str:
    return "".join(rng.choices(parts, k=rng.randint(0, most)))


def spelled(value: Any, rng: random.Random) -> bytes:
    """Return the value as JSON in UTF-8, at times with escapes."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.1, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def compare_random(number: int) -> None:
    rng = random.Random(11)
    for _ in range(number):
        links = [
            image(
                joined(URL_PARTS, rng, 5),
                joined(TEXT_PARTS, rng, 4),
                title=joined(TEXT_PARTS, rng, 2),
                **{"data-image-title": joined(TEXT_PARTS, rng, 2)},
            )
            for _ in range(5)
        ]
        agree(spelled(wat(links, rng.choice(PAGES), rng.choice(BASES)), rng))


def test_random_images_are_read_as_the_twin_reads_them() -> None:
    compare_random(1000)


@pytest.mark.long
def test_20000_random_images_are_read_as_the_twin_reads_them() -> None:
    compare_random(20_000)


def test_entities_are_decoded_as_the_twin_decodes_them() -> None:
    names = [f"&{name.rstrip(';')};" for name in html5] + ["&unknown;", "&;", "&a b;", "&1a;"]
    numbers = [*range(0x110), *range(0xD7FE, 0xD802), 0xDFFF, 0xE000, 0xFDD0, 0xFFFE]
    numbers += [0x10000, 0x1EFFF, 0x1F600, 0x1FFFD, 0x1FFFE, 0x10FFFF, 0x110000, 10**7, 10**9]
    spelled = [form % number for number in numbers for form in ("&#%d;", "&#x%x;", "&#X0%X;")]
    spelled += ["&#;", "&#x;", "&#12", "&#x1g;", "&#00000065;", "&#1234567;"]
    for start in range(0, len(names + spelled), 2000):  # a decoder reads pages of more images
        parts = (names + spelled)[start : start + 2000]
        for end in ("", "x&amp;amp;"):
            agree(json.dumps(wat([image("/i.png", part + end) for part in parts])).encode())
            agree(json.dumps(wat([image(f"/{part}{end}") for part in parts])).encode())


def test_escapes_are_decoded_as_the_twin_decodes_them() -> None:
    escapes = ["\\" + letter for letter in '"\\/bfnrt'] + ["\\u0026amp;", "\\u0000", "\\u00E9"]
    escapes += ["\\u20ac", "\\ud83d\\ude00", "\\ud800", "\\uFFFF", "&\\u0061mp;"]
    whole = json.dumps(wat([image("/i@.png", "@"), image("/j", "a@", title="@b"), image("@")]))
    for escape in escapes:
        agree(whole.replace("@", escape).replace("IMG" + escape, "IMG@").encode())


def test_columns_grow_with_the_pairs() -> None:
    texts = [{"title": f"t{number}", "data-image-title": f"d{number}"} for number in range(4000)]
    links = [image(f"i{number}.png", f"a{number}", **more) for number, more in enumerate(texts)]
    agree(json.dumps(wat(links, "http://h.example/" + 100 * "x/")).encode())


@pytest.mark.parametrize("token", TOKENS)
def test_any_json_value_is_read_as_the_twin_reads_it(token: str) -> None:
    whole = json.dumps(wat([image("/i.png"), "@", {"@": "@"}], base="/x/"))
    for name in (
        '"@": ',
        '"Links": ',
        '"Head": ',
        '"Envelope": ',
        '"url": ',
        '"alt": ',
        '"path": ',
    ):
        agree(whole.replace(name, f'{name}{token}, "z": ', 1).encode())
        agree((whole + token).encode())


@pytest.mark.parametrize("key", ["Envelope", "HTML-Metadata", "Links", "path", "url", "Base"])
def test_a_repeated_or_escaped_key_is_read_as_the_twin_reads_it(key: str) -> None:
    whole = json.dumps(wat([image("/i.png"), image("/j.png")], base="/x/"))
    start = whole.index(f'"{key}"')
    for value in ("null", '"x"', "{}", "[]", '[{"path":"IMG@/src","url":"/k","alt":"k"}]'):
        agree(f'{whole[:start]}"{key}":{value},{whole[start:]}'.encode())
        end = whole.index(":", start) + 1
        agree(f'{whole[:start]}"{key}":{value},"x":{whole[end:]}'.encode())
    agree(whole.replace(f'"{key}"', f'"\\u{ord(key[0]):04x}{key[1:]}"', 1).encode())


@pytest.mark.parametrize(
    "text",
    [b"\xff", b"\xc3", b"\xc3(", b"\xe2\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf0\x80\x80\x80",
     b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xc0\x80", b"\x80", b"\xf0\x9f\x98"],
)  # fmt: skip
def test_bad_utf8_is_read_as_the_twin_reads_it(text: bytes) -> None:
    block = json.dumps(wat([image("http://h.example/@.png", "@ or @")])).encode()
    for number in (1, 2, 3):
        agree(block.replace(b"@ or", text + b" or", number))
        agree(block.replace(b"or @", b"or " + text, number))
        agree(block.replace(b"/@.png", b"/" + text + b".png", number))


def test_real_records_are_scanned_and_few_images_left_to_python() -> None:
    batch = PairBatch()
    reader, taken, others = WatReader(ExtractionOptions(), batch), 0, 0
    for block in real_blocks():
        page = reader.read(block)
        assert page is None or isinstance(page, Page)
        if page:
            assert page.outcomes  # a decoded page has none
            assert sum(page.outcomes) + len(page.images) == page.size
            taken += page.outcomes.kept
            others += len(page.images)
    assert len(batch) > taken > 10 * others


def test_limits_hold_for_plain_images() -> None:
    def dropped(**limits: int) -> dict[str, int]:
        links = [image("http://h.example/i.png", text) for text in ("a cat", " ", "", "x" * 50)]
        options = ExtractionOptions(limits=ExtractionLimits(**limits))
        return run(zipped(wat_record(wat(links))), options)[0].dropped_images

    assert dropped() == {"no_text": 2}
    assert dropped(max_url_bytes=len("http://h.example/i.png")) == {"no_text": 2}
    assert dropped(max_url_bytes=len("http://h.example/i.pn")) == {"no_text": 2, "long_url": 2}
    assert dropped(max_text_bytes=49) == {"no_text": 2, "long_text": 1}
    assert dropped(max_images_per_page=2) == {"no_text": 1, "too_many_images": 2}


def test_more_images_than_the_scanner_has_room_for_are_decoded() -> None:
    links = [image("/i.png", f"{number}") for number in range(5000)]
    account, found = run(zipped(wat_record(wat(links))))
    assert account.pairs == 5000
    assert [text for _, text, _ in found] == [f"{number}" for number in range(5000)]
