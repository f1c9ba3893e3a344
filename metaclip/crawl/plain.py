"""Which URLs and texts need no work: conservative tests for kernels, on the bytes of JSON.

What they say yes to, ada_url and the cleaning of texts would give back as it stands (once a
relative URL is put behind the right part of its base); what they say no to may do so, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.crawl.json_walk import BACKSLASH, COLON, one_of, same
from metaclip.jit import inlined

#: what a plain URL lacks: nothing; its scheme; scheme and host; all but the end of its path;
#: or that it is a `data:` URL
NOT_PLAIN, ABSOLUTE, OF_SCHEME, OF_HOST, OF_FOLDER, DATA = range(6)

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
# No character that is percent-encoded in a path or a query, and no backslash.
_IN_PATH = one_of(_LETTERS + _LETTERS.upper() + _DIGITS + "_~!$&()*+,;=:@-/.%")
_IN_NAME = one_of(_LETTERS + _LETTERS.upper() + _DIGITS + "_")
_IN_HOST, _IN_TOP = one_of(_LETTERS + _DIGITS + "_-"), one_of(_LETTERS)
_SLASH, _DOT, _HYPHEN, _PERCENT = (np.uint8(ord(sign)) for sign in "/.-%")
_QUESTION, _AMPERSAND, _SEMICOLON, _SPACE, _ASCII = (np.uint8(ord(sign)) for sign in "?&; \x80")


@inlined
def plain_text(data: Any, start: Any, end: Any) -> Any:
    """Whether these bytes are UTF-8 without escapes, control characters, entities, and white
    space at the ends that is not a space.
    """
    ampersand, semicolon = False, False
    at = start
    while at < end:
        sign = data[at]
        if sign < _SPACE or sign == BACKSLASH:
            return False
        ampersand |= sign == _AMPERSAND
        semicolon |= sign == _SEMICOLON
        size = 1 if sign < _ASCII else _character_size(data, at)
        if size == 0 or ((at == start or at + size == end) and _may_be_blank(data, at)):
            return False
        at += size
    return not (ampersand and semicolon)


@inlined
def _may_be_blank(data: Any, at: Any) -> Any:
    """Whether a character is one that Python strips: the blocks of those beyond ASCII."""
    if data[at] == 0xC2:
        return data[at + 1] == 0x85 or data[at + 1] == 0xA0
    if data[at] == 0xE1:
        return data[at + 1] == 0x9A
    if data[at] == 0xE2:
        return data[at + 1] == 0x80 or data[at + 1] == 0x81
    return data[at] == 0xE3 and data[at + 1] == 0x80


@inlined
def _character_size(data: Any, at: Any) -> Any:
    """Return the bytes of the UTF-8 sequence (beyond ASCII) at `at`, 0 if it is none."""
    lead, second = data[at], data[at + 1]
    if lead < 0xC2 or lead > 0xF4 or not _continues(second):
        return 0
    if lead < 0xE0:
        return 2
    if not _continues(data[at + 2]) or (lead == 0xE0 and second < 0xA0):
        return 0
    if lead < 0xF0:
        return 0 if lead == 0xED and second > 0x9F else 3  # surrogates
    if (lead == 0xF0 and second < 0x90) or (lead == 0xF4 and second > 0x8F):
        return 0
    return 4 if _continues(data[at + 3]) else 0


@inlined
def _continues(byte: Any) -> Any:
    return (byte & 0xC0) == 0x80


@inlined
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
    elif same(data, start, b"data:"):
        return DATA
    elif _IN_NAME[data[start]]:
        form = OF_FOLDER
    if form == NOT_PLAIN or at < 0 or not _plain_path(data, at, end, form == OF_FOLDER):
        return NOT_PLAIN
    return form


@inlined
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


@inlined
def _plain_path(data: Any, start: Any, end: Any, relative: Any) -> Any:
    """Whether a path, and a query if there is one, stays as it is.

    No segment starts with a dot or has an encoded one, and none before a scheme's colon. Of
    entities only those of `&` are known, which stand in every other query.
    """
    query, ampersand, semicolon = False, False, False
    at = start
    while at < end:
        sign, size = data[at], 1
        in_path = not query and sign != _QUESTION
        if sign == _QUESTION:
            query = True
        elif not _IN_PATH[sign] or (sign == COLON and relative):
            return False
        if in_path and sign == _DOT and data[at - 1] == _SLASH:
            return False
        if in_path and sign == _PERCENT and _is_dot(data, at):
            return False
        if sign == _AMPERSAND:
            size = ampersand_size(data, at)
            ampersand |= size == 1
        semicolon |= sign == _SEMICOLON
        at += size
    return not (ampersand and semicolon)


@inlined
def _is_dot(data: Any, at: Any) -> Any:
    return same(data, at, b"%2e") or same(data, at, b"%2E")


@inlined
def ampersand_size(data: Any, at: Any) -> Any:
    """Return the bytes of the entity of `&` that starts at the `&` at `at`, 1 if none does."""
    if same(data, at + 1, b"amp;"):
        return 5
    return 6 if same(data, at + 1, b"#038;") else 1
