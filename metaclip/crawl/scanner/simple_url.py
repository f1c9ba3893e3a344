"""Which URLs need no work: a conservative test for kernels.

What it says yes to, ada_url would give back as it stands (once a relative URL is put behind
the right part of its base); what it says no to may do so, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.crawl.scanner.json_walk import COLON, one_of, same
from metaclip.jit.compiler import inlined_uncounted

#: what a plain URL lacks: nothing; its scheme; scheme and host; all but the end of its path
NOT_PLAIN, ABSOLUTE, OF_SCHEME, OF_HOST, OF_FOLDER = range(5)

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
# No character that is percent-encoded in a path or a query, and no backslash.
_IN_PATH = one_of(_LETTERS + _LETTERS.upper() + _DIGITS + "_~!$&()*+,;=:@-/.%")
_IN_NAME = one_of(_LETTERS + _LETTERS.upper() + _DIGITS + "_")
_IN_HOST, _IN_TOP = one_of(_LETTERS + _DIGITS + "_-"), one_of(_LETTERS)
_SLASH, _DOT, _HYPHEN, _PERCENT, _QUESTION = (np.uint8(ord(sign)) for sign in "/.-%?")


@inlined_uncounted
def plain_url(data: Any, start: Any, end: Any) -> Any:
    """Return what these bytes lack to be a URL in the form that the standard gives it."""
    form, at = NOT_PLAIN, start
    if end - start < 4:
        return NOT_PLAIN
    if data[start] == _SLASH and data[start + 1] == _SLASH:
        form, at = OF_SCHEME, _host_end(data, start + 2, end)
    elif data[start] == _SLASH:
        form = OF_HOST
    elif same(data, start, b"http:") and same(data, start + 5, b"//"):
        form, at = ABSOLUTE, _host_end(data, start + 7, end)
    elif same(data, start, b"https:") and same(data, start + 6, b"//"):
        form, at = ABSOLUTE, _host_end(data, start + 8, end)
    elif _IN_NAME[data[start]]:
        form = OF_FOLDER
    if form == NOT_PLAIN or at < 0 or not _plain_path(data, at, end, form == OF_FOLDER):
        return NOT_PLAIN
    return form


@inlined_uncounted
def _host_end(data: Any, start: Any, end: Any) -> Any:
    """Return the place of the slash behind a lower-case DNS name, or -1.

    Its last label starts with a letter, so that it is no IPv4 address; `--` may be Punycode.
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
def _plain_path(data: Any, start: Any, end: Any, relative: Any) -> Any:
    """Whether a path, and a query if there is one, stays as it is.

    No segment starts with a dot or has an encoded one, and none before a scheme's colon.
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
