"""Resolve URLs of pages and images by the WHATWG URL standard."""

from __future__ import annotations

from urllib.parse import quote

from ada_url import join_url, normalize_url

HTTP = ("http://", "https://")
BLANKS = "".join(map(chr, range(0x21)))
"""Characters that the URL standard strips from both ends of a URL."""

# Python's codecs of encodings whose standard decoder has another name or none in Python.
_ENCODERS = {
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "big5": "cp950",
    "x-mac-cyrillic": "mac_cyrillic",
    "macintosh": "mac_roman",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso-8859-8",
}
# For these the standard encodes in UTF-8 ("get an output encoding").
_IN_UTF_8 = frozenset({"utf-8", "utf-16le", "utf-16be", "replacement", "x-user-defined"})
# All ASCII but the special-query percent-encode set.
_QUERY_SAFE = "".join(chr(one) for one in range(0x21, 0x7F) if chr(one) not in "\"#'<>")


def bare_url(page_url: str | None) -> str:
    """Return a page's URL, which wget writes as `<url>`; "" if it is missing."""
    return page_url.removeprefix("<").removesuffix(">") if page_url else ""


def page_base(page_url: str, base: str | None, encoding: str = "utf-8") -> str | None:
    """Return the URL that relative ones resolve against; None if there is none.

    A bad `<base>` is ignored, as are `data:` and `javascript:` ones (HTML standard, 4.2.3).
    """
    url = resolve(None, page_url)
    if base is not None:
        resolved = resolve(url, encode_query(base, encoding))
        if resolved is not None and not resolved.startswith(("data:", "javascript:")):
            return resolved
    return url


def resolve(base: str | None, url: str) -> str | None:
    """Return `url` resolved against `base`; None if it is not valid."""
    try:
        return normalize_url(url) if base is None else join_url(base, url)
    except ValueError:
        return None


def encode_query(url: str, encoding: str) -> str:
    """Return the URL with its query percent-encoded in the page's encoding (URL standard, 4.4).

    Characters that the encoding lacks turn into `&#NUMBER;`.
    """
    if url.isascii() or encoding in _IN_UTF_8:
        return url
    rest, hash_sign, fragment = url.partition("#")
    path, mark, query = rest.partition("?")
    if query.isascii():
        return url
    parts = (one if one.isascii() else _encoded(one, encoding) for one in query)
    return f"{path}{mark}{''.join(parts)}{hash_sign}{fragment}"


def _encoded(character: str, encoding: str) -> str:
    try:
        found = character.encode(_ENCODERS.get(encoding, encoding))
    except UnicodeEncodeError:
        return f"%26%23{ord(character)}%3B"
    return quote(found, safe=_QUERY_SAFE)
