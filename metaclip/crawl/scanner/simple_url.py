"""Recognise, in kernels, URLs that the URL standard leaves unchanged.

The test is conservative: ada_url returns each simple URL as it is, a relative one after the
right prefix of its base. It does so for some others, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.crawl.scanner.json_walk import COLON, one_of, same
from metaclip.jit.compiler import inlined_uncounted

NOT_SIMPLE_URL, ABSOLUTE, NO_SCHEME, NO_HOST, NO_FOLDER = range(5)
"""Form of a URL: a simple one may lack its scheme, scheme and host, or all before its file."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
# Without backslash and the percent-encode sets of path and query (URL standard, 1.3).
_IN_PATH = one_of(_LETTERS + _LETTERS.upper() + _DIGITS + "_~!$&()*+,;=:@-/.%")
_IN_NAME = one_of(_LETTERS + _LETTERS.upper() + _DIGITS + "_")
_IN_HOST, _IN_TOP = one_of(_LETTERS + _DIGITS + "_-"), one_of(_LETTERS)
_SLASH, _DOT, _HYPHEN, _PERCENT, _QUESTION = (np.uint8(ord(sign)) for sign in "/.-%?")


@inlined_uncounted
def simple_form(data: Any, start: Any, end: Any) -> Any:
    """Return the form of the URL in these bytes."""
    form, at = NOT_SIMPLE_URL, start
    if end - start < 4:
        return NOT_SIMPLE_URL
    if data[start] == _SLASH and data[start + 1] == _SLASH:
        form, at = NO_SCHEME, _host_end(data, start + 2, end)
    elif data[start] == _SLASH:
        form = NO_HOST
    elif same(data, start, b"http:") and same(data, start + 5, b"//"):
        form, at = ABSOLUTE, _host_end(data, start + 7, end)
    elif same(data, start, b"https:") and same(data, start + 6, b"//"):
        form, at = ABSOLUTE, _host_end(data, start + 8, end)
    elif _IN_NAME[data[start]]:
        form = NO_FOLDER
    if form == NOT_SIMPLE_URL or at < 0 or not _is_simple_path(data, at, end, form == NO_FOLDER):
        return NOT_SIMPLE_URL
    return form


@inlined_uncounted
def _host_end(data: Any, start: Any, end: Any) -> Any:
    """Return the offset of the slash after a lower-case DNS name, or -1.

    Its last label starts with a letter, so it is no IPv4 address; `--` may be Punycode.
    """
    at, label, dots = start, start, 0
    while at < end and data[at] != _SLASH:
        if data[at] == _DOT:
            if at == label or data[at - 1] == _HYPHEN:
                return -1
            label, dots = at + 1, dots + 1
        elif not _IN_HOST[data[at]] or (
            data[at] == _HYPHEN and (at == label or data[at - 1] == _HYPHEN)
        ):
            return -1
        at += 1
    if at == end or dots == 0 or at < label + 2 or data[at - 1] == _HYPHEN:
        return -1
    return at if _IN_TOP[data[label]] else -1


@inlined_uncounted
def _is_simple_path(data: Any, start: Any, end: Any, relative: Any) -> Any:
    """Return whether the standard leaves a path, and its query if any, unchanged.

    No segment starts with a dot or has an encoded one; a relative path has no colon.
    """
    query = False
    for at in range(start, end):
        sign = data[at]
        in_path = not query and sign != _QUESTION
        if sign == _QUESTION:
            query = True
        elif not _IN_PATH[sign] or (sign == COLON and relative):
            return False
        if in_path and sign == _DOT and data[at - 1] == _SLASH:
            return False
        if in_path and sign == _PERCENT and _is_dot(data, at):
            return False
    return True


@inlined_uncounted
def _is_dot(data: Any, at: Any) -> Any:
    return same(data, at, b"%2e") or same(data, at, b"%2E")
