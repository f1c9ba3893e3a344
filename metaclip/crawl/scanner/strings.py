"""Decode JSON strings in kernels: escapes, HTML entities, white space at both ends.

Rare cases are left to Python: surrogates, invalid UTF-8, and entities that have long names or
are no single character of text.
"""

from __future__ import annotations

from html.entities import html5
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaclip.crawl.scanner.json_walk import BACKSLASH, DIGIT, HEX_DIGIT, QUOTE, one_of
from metaclip.jit.compiler import inlined_uncounted

NOT_SIMPLE = -1
"""Returned in place of an offset: Python has to decode the string."""

_AMPERSAND, _SEMICOLON, _HASH, _U, _ASCII = (np.uint8(ord(sign)) for sign in "&;#u\x80")
_RETURN, _NEWLINE, SPACE = (np.uint8(ord(sign)) for sign in "\r\n ")
_DIGITS, _LETTERS = "0123456789", "abcdefghijklmnopqrstuvwxyz"
_IN_NAME = one_of(_DIGITS + _LETTERS + _LETTERS.upper())
_BLANK = one_of("".join(chr(byte) for byte in range(128) if not chr(byte).strip()))
_HEX_VALUE = np.array([int(chr(byte), 16) if HEX_DIGIT[byte] else 0 for byte in range(256)])
_UNESCAPED = np.arange(256, dtype=np.uint8)
for _letter, _character in zip("bfnrt", "\b\f\n\r\t", strict=True):
    _UNESCAPED[ord(_letter)] = ord(_character)

_LONGEST_NAME, _LONGEST_NUMBER = 8, 8
_NO_ENTITY = -2
"""Returned in place of a character: the `&` starts no entity."""
_SLOTS = 4096
_MULTIPLIER, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(52)
"""Multiplicative hashing: the upper 12 bits of the product are a slot."""


def _slot(name: int) -> int:
    return (name * int(_MULTIPLIER) % 2**64) >> int(_SHIFT)


def _name_table() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return a hash table from names of up to 8 letters, as words, to their characters."""
    names, codes = np.zeros(_SLOTS, np.uint64), np.full(_SLOTS, _NO_ENTITY)
    for name, text in html5.items():
        if name[-1] == ";" and len(name) <= _LONGEST_NAME + 1:
            word = int.from_bytes(name[:-1].encode(), "big")
            slot = _slot(word)
            while names[slot]:
                slot = (slot + 1) % _SLOTS
            names[slot], codes[slot] = word, ord(text) if len(text) == 1 else NOT_SIMPLE
    return names, codes


_NAMES, _CODES = _name_table()


@inlined_uncounted
def put_string(data: Any, start: Any, end: Any, out: Any, at: Any, entities: Any) -> Any:
    """Write a decoded JSON string and a quote after it; return its end, or NOT_SIMPLE.

    Complete entities are decoded if `entities` is not 0.
    """
    begin, ampersand, semicolon = at, False, False
    while start < end:
        character = at
        if data[start] == BACKSLASH:
            start, at = _put_escape(data, start, out, at)
            if at == NOT_SIMPLE:
                return NOT_SIMPLE
        else:
            size = 1 if data[start] < _ASCII else character_size(data, start)
            if size == 0:
                return NOT_SIMPLE
            for i in range(size):
                out[at + i] = data[start + i]
            start, at = start + size, at + size
        ampersand |= out[character] == _AMPERSAND
        semicolon |= out[character] == _SEMICOLON
    out[at] = QUOTE
    if entities and ampersand and semicolon:
        at = _decode_entities(out, begin, at)
        if at != NOT_SIMPLE:
            out[at] = QUOTE
    return at


@inlined_uncounted
def _put_escape(data: Any, start: Any, out: Any, at: Any) -> Any:
    """Write the character of the escape at `start`; return the ends of both."""
    if data[start + 1] != _U:
        out[at] = _UNESCAPED[data[start + 1]]
        return start + 2, at + 1
    code = 0
    for i in range(2, 6):
        code = 16 * code + _HEX_VALUE[data[start + i]]
    if code >= 0xD800 and code < 0xE000:
        return start, NOT_SIMPLE
    return start + 6, _put_character(code, out, at)


@inlined_uncounted
def _put_character(code: Any, out: Any, at: Any) -> Any:
    """Write a character as UTF-8; return its end."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at], out[at + 1] = 0xC0 | (code >> 6), 0x80 | (code & 63)
        return at + 2
    if code < 0x10000:
        out[at], out[at + 1] = 0xE0 | (code >> 12), 0x80 | ((code >> 6) & 63)
        out[at + 2] = 0x80 | (code & 63)
        return at + 3
    out[at], out[at + 1] = 0xF0 | (code >> 18), 0x80 | ((code >> 12) & 63)
    out[at + 2], out[at + 3] = 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)
    return at + 4


@inlined_uncounted
def character_size(data: Any, at: Any) -> Any:
    """Return the length of the UTF-8 sequence (beyond ASCII) at `at`, 0 if it is invalid."""
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


@inlined_uncounted
def _continues(byte: Any) -> Any:
    return (byte & 0xC0) == 0x80


@inlined_uncounted
def _decode_entities(out: Any, start: Any, end: Any) -> Any:
    """Decode complete entities in place, once; return the new end, or NOT_SIMPLE.

    No entity is shorter than its character. The quote at `end` ends reads of single bytes.
    """
    at = start
    while start < end:
        after, code = start + 1, _NO_ENTITY
        if out[start] == _AMPERSAND:
            after, code = _entity(out, start + 1)
        if code == NOT_SIMPLE:
            return NOT_SIMPLE
        if code == _NO_ENTITY:
            out[at] = out[start]
            start, at = start + 1, at + 1
        else:
            start, at = after, _put_character(code, out, at)
    return at


@inlined_uncounted
def _entity(out: Any, at: Any) -> Any:
    """Return end and character of the entity whose `&` precedes `at`."""
    if out[at] == _HASH:
        return _numeric_entity(out, at + 1)
    first, word = at, np.uint64(0)
    while _IN_NAME[out[at]]:
        word = (word << np.uint64(8)) | np.uint64(out[at])
        at += 1
    if out[at] != _SEMICOLON or at == first:
        return at, _NO_ENTITY
    if at - first > _LONGEST_NAME:
        return at, NOT_SIMPLE
    slot = np.int64((word * _MULTIPLIER) >> _SHIFT)
    while _NAMES[slot] != 0 and _NAMES[slot] != word:
        slot = (slot + 1) % _SLOTS
    return at + 1, _CODES[slot]


@inlined_uncounted
def _numeric_entity(out: Any, at: Any) -> Any:
    base = 10
    if out[at] == 120 or out[at] == 88:  # x, X
        base, at = 16, at + 1
    first, code = at, 0
    while at - first < _LONGEST_NUMBER and (HEX_DIGIT if base == 16 else DIGIT)[out[at]]:
        code = base * code + _HEX_VALUE[out[at]]
        at += 1
    if at - first == _LONGEST_NUMBER:
        return at, NOT_SIMPLE
    if out[at] != _SEMICOLON or at == first:
        return at, _NO_ENTITY
    # Others are controls, which HTML maps to Windows-1252, surrogates, or no characters.
    plain = (code >= 0x20 and code < 0x7F) or (code >= 0xA0 and code < 0xD800)
    return at + 1, code if plain or (code >= 0x1F000 and code < 0x1FFFE) else NOT_SIMPLE


@inlined_uncounted
def without_newlines(out: Any, start: Any, end: Any) -> Any:
    """Replace newlines by spaces, in place."""
    for i in range(start, end):
        if out[i] == _NEWLINE or out[i] == _RETURN:
            out[i] = SPACE


@inlined_uncounted
def stripped(out: Any, start: Any, end: Any) -> Any:
    """Return start and end of UTF-8 without white space at both ends, as `str.strip` does."""
    while start < end and _blank_size(out, start) > 0:
        start += _blank_size(out, start)
    while start < end:
        last = end - 1
        while _continues(out[last]):
            last -= 1
        if _blank_size(out, last) == 0:
            break
        end = last
    return start, end


@inlined_uncounted
def _blank_size(out: Any, at: Any) -> Any:
    """Return the length of the white space character at `at`, 0 for another one."""
    lead = out[at]
    if lead < _ASCII:
        return 1 if _BLANK[lead] else 0
    if lead == 0xC2:
        return 2 if out[at + 1] == 0x85 or out[at + 1] == 0xA0 else 0
    if lead != 0xE1 and lead != 0xE2 and lead != 0xE3:
        return 0
    code = (np.int64(lead & 15) << 12) | (np.int64(out[at + 1] & 63) << 6) | (out[at + 2] & 63)
    blank = code == 0x1680 or code == 0x3000 or code == 0x205F or code == 0x202F
    return 3 if blank or (code >= 0x2000 and code <= 0x200A) or code >> 1 == 0x1014 else 0
