"""Charsets: every label and index of the Encoding standard, and the places they are looked for."""

from __future__ import annotations

import json
import lzma
from functools import cache

import pytest
from webencodings import LABELS

from metaclip.crawl.warc.charset import decode, decode_text, encoding_of
from tests.helpers.archives import response, run, zipped
from tests.helpers.shared_data import DATA

Index = list[int | None]
SINGLE_BYTE = [
    *("ibm866", "koi8-r", "koi8-u", "macintosh", "windows-874", "x-mac-cyrillic"),
    *(f"iso-8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    *(f"windows-{1250 + page}" for page in range(9)),
]
PRAGMA = "<meta http-equiv=Content-Type"
WRONG = "\ufffd"
NAMES = {
    "latin1": "windows-1252", "ascii": "windows-1252", "iso-8859-1": "windows-1252",
    "iso-8859-9": "windows-1254", "tis-620": "windows-874", "gb2312": "gbk", "ks_c_5601-1987":
    "euc-kr", "sjis": "shift_jis", "ms932": "shift_jis", "big5-hkscs": "big5", "utf-16":
    "utf-16le", "unicode": "utf-16le", "logical": "iso-8859-8-i", "hz-gb-2312": "replacement",
    "iso-2022-kr": "replacement", "x-x-big5": "big5", "koi8-ru": "koi8-u", "mac": "macintosh",
    "\t UTF-8 \n": "utf-8", "utf_8": None, "cp936": None, "utf-7": None, "": None,
    "utf-8\u00a0": None, "cp949": None,
}  # fmt: skip
"""Labels that are easily taken for another encoding's."""


@cache
def indexes() -> dict[str, Index]:
    data = lzma.decompress((DATA / "encoding" / "indexes.json.xz").read_bytes())
    found: dict[str, Index] = json.loads(data)
    return found


def character(index: str, pointer: int) -> str | None:
    table = indexes()[index]
    code = table[pointer] if 0 <= pointer < len(table) else None
    return None if code is None else chr(code)


@pytest.mark.parametrize(("label", "name"), NAMES.items())
def test_labels_that_are_easily_mistaken(label: str, name: str | None) -> None:
    assert encoding_of(label) == name


@pytest.mark.parametrize("label", LABELS)
def test_each_label_of_the_standard_decodes_by_its_index(label: str) -> None:
    name = encoding_of(label.upper())
    assert name == LABELS[label]
    assert len(LABELS) == 228
    high = bytes(range(128, 256))
    if name in SINGLE_BYTE:
        table = "".join(character(name, i) or WRONG for i in range(128))
        assert decode_text(high, label).text == table
    codec = {"utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}.get(name or "", "ascii")
    expected = WRONG if name == "replacement" else "<p>plain"
    assert decode_text("<p>plain".encode(codec), label).text == expected


def two_bytes(name: str, lead: int, trail: int) -> str | None:
    """The character of two bytes by the decoders of the standard (10 to 13), None for none."""
    if name == "big5":
        special = {1133: "Ê̄", 1135: "Ê̌", 1164: "ê̄", 1166: "ê̌"}
        offset = 0x40 if trail < 0x7F else 0x62
        if not (0x40 <= trail <= 0x7E or 0xA1 <= trail <= 0xFE):
            return None
        pointer = (lead - 0x81) * 157 + trail - offset
        return special.get(pointer) or character("big5", pointer)
    if name == "euc-kr":
        return character(name, (lead - 0x81) * 190 + trail - 0x41) if 0x41 <= trail < 0xFF else None
    if name == "shift_jis":
        if not (0x40 <= trail <= 0x7E or 0x80 <= trail <= 0xFC):
            return None
        pointer = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 188
        pointer += trail - (0x40 if trail < 0x7F else 0x41)
        if 8836 <= pointer <= 10715:
            return chr(0xE000 - 8836 + pointer)
        return character("jis0208", pointer)
    if name == "euc-jp":
        if lead == 0x8E:
            return chr(0xFF61 - 0xA1 + trail) if 0xA1 <= trail <= 0xDF else None
        if not (0xA1 <= lead <= 0xFE and 0xA1 <= trail <= 0xFE):
            return None
        return character("jis0208", (lead - 0xA1) * 94 + trail - 0xA1)
    if not (0x40 <= trail <= 0x7E or 0x80 <= trail <= 0xFE):
        return None
    return character("gb18030", (lead - 0x81) * 190 + trail - (0x40 if trail < 0x7F else 0x41))


LEADS = {
    "big5": range(0x81, 0xFF),
    "euc-kr": range(0x81, 0xFF),
    "shift_jis": [*range(0x81, 0xA0), *range(0xE0, 0xFD)],
    "euc-jp": [0x8E, *range(0xA1, 0xFF)],
    "gbk": range(0x81, 0xFF),
    "gb18030": range(0x81, 0xFF),
}


@pytest.mark.parametrize("name", LEADS)
def test_every_pair_of_bytes_decodes_by_its_index(name: str) -> None:
    for lead in LEADS[name]:
        for trail in range(256):
            if name[:2] == "gb" and 0x30 <= trail <= 0x39:
                continue  # the first half of four bytes
            found, expected = decode(bytes((lead, trail)), name), two_bytes(name, lead, trail)
            if expected is None:  # an ASCII trail is read again
                expected = WRONG + (chr(trail) if trail < 128 else "")
            assert found == expected, (name, hex(lead), hex(trail))


def test_jis_rows_beyond_two_bytes() -> None:
    for row in range(0x21, 0x7F):
        for cell in range(0x21, 0x7F):
            pointer = (row - 0x21) * 94 + cell - 0x21
            in_0208, in_0212 = character("jis0208", pointer), character("jis0212", pointer)
            shifted = b"\x1b$B" + bytes((row, cell)) + b"\x1b(B"
            assert decode(shifted, "iso-2022-jp") == (in_0208 or WRONG)
            assert decode(bytes((0x8F, row | 128, cell | 128)), "euc-jp") == (in_0212 or WRONG)


def test_four_bytes_of_gb18030() -> None:
    ranges: list[list[int]] = indexes()["gb18030-ranges"]  # type: ignore[assignment]
    for pointer in [*range(0, 39420, 97), 189000, 1237575]:
        bytes_ = bytes((
            0x81 + pointer // 12600, 0x30 + pointer // 1260 % 10,
            0x81 + pointer // 10 % 126, 0x30 + pointer % 10,
        ))  # fmt: skip
        offset, code = max(pair for pair in ranges if pair[0] <= pointer)
        expected = "\ue7c7" if pointer == 7457 else chr(code + pointer - offset)
        assert decode(bytes_, "gbk") == decode(bytes_, "gb18030") == expected


def test_bytes_that_have_a_meaning_of_their_own() -> None:
    assert decode(b"\x80", "gbk") == "€"
    assert decode(b"\x80\xff", "x-user-defined") == "\uf780\uf7ff"
    assert decode(b"\x81\x8d", "windows-1252") == "\x81\x8d"


@pytest.mark.parametrize(
    ("media", "head", "encoding"),
    [
        ("text/html; charset=koi8-r", '<meta charset="utf-8">', "koi8-r"),  # HTTP wins
        ("text/html; charset=nonsense", '<meta charset="koi8-r">', "koi8-r"),
        ("text/html; charset=utf-8", "\ufeff", "utf-16-le"),  # a BOM wins over all
        ("text/html; charset=koi8-r", "\ufeff", "utf-8"),
        ("text/html", f'{PRAGMA} content="text/html; charset=koi8-r">', "koi8-r"),
        ("text/html", "<meta content='x charset = \"koi8-r\"' HTTP-EQUIV=content-type>", "koi8-r"),
        ("text/html", '<meta name=x content="charset=gbk"><meta charset=koi8-r>', "koi8-r"),
        ("text/html", '<meta http-equiv=x content="charset=gbk"><meta charset=koi8-r>', "koi8-r"),
        ("text/html", "<!-- <meta charset=gbk> --><meta charset=koi8-r>", "koi8-r"),
        ("text/html", "<!--><meta charset=koi8-r>", "koi8-r"),
        ("text/html", "<script>'<meta charset=gbk>'</script><meta charset=koi8-r>", "koi8-r"),
        ("text/html", "<a title='<meta charset=gbk>'><meta charset=koi8-r>", "koi8-r"),
        ("text/html", "<meta charset=utf-16><p>", "utf-8"),  # ASCII reads it, so it is not
        ("text/html", "<meta charset=x-user-defined><p>", "cp1252"),
        ("text/html", "<meta charset=nonsense><meta/charset=koi8-r>", "koi8-r"),
        ("text/html", "<metal charset=gbk><meta\ncharset=koi8-r>", "koi8-r"),
        ("text/html", '<?xml version="1.0" encoding="koi8-r"?>', "koi8-r"),
        ("text/html", '<?xml encoding="gbk"?><meta charset=koi8-r>', "koi8-r"),
        ("text/html", "x" * 5000 + "<meta charset=koi8-r>", "koi8-r"),  # late
        ("text/html", "", "utf-8"),
        ("text/html", "", "euc-kr"),
        ("text/html", "", "koi8-r"),
        ("text/html", "", "shift_jis"),
    ],
)  # fmt: skip
def test_where_a_charset_is_looked_for(media: str, head: str, encoding: str) -> None:
    texts = {
        "cp1252": "Käse", "utf-8": "Käse 猫", "utf-16-le": "猫", "koi8-r": "чёрный кот на диване",
        "euc-kr": "고양이 사진을 찍었습니다", "shift_jis": "ソファで眠る猫の写真です",
    }  # fmt: skip
    html = f'{head}<img src="http://h.example/i" alt="{texts[encoding]}">'
    rows = run(zipped(response(html.encode(encoding), f"Content-Type: {media}")))[1]
    assert [row[1] for row in rows] == [texts[encoding]]


@pytest.mark.parametrize(
    ("encoding", "codec", "query"),
    [
        ("windows-1251", "cp1251", "%EA%EE%F2"),
        ("koi8-r", "koi8-r", "%CB%CF%D4"),
        ("utf-8", "utf-8", "%D0%BA%D0%BE%D1%82"),
        ("windows-1252", "cp1252", "%26%231082%3B%26%231086%3B%26%231090%3B"),
    ],
)
def test_a_query_is_encoded_in_the_charset_of_its_page(
    encoding: str, codec: str, query: str
) -> None:
    src = "кот" if encoding != "windows-1252" else "&#1082;&#1086;&#1090;"
    html = f'<meta charset={encoding}><img src="http://h.example/кот?f={src}#кот" alt=a>'
    body = html.replace("/кот", "/p").replace("#кот", "").encode(codec)
    assert [row[0] for row in run(zipped(response(body)))[1]] == [f"http://h.example/p?f={query}"]
