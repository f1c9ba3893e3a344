"""Walk over JSON text in kernels: check the whole grammar, decode nothing.

Every function takes `data`, all bytes of one `bytes` object, and an offset in it. A function
that reads single bytes needs no end: the NUL that Python keeps after the last byte is part of
no token. Inside of strings, only escapes are checked. An offset of -1 denotes invalid JSON, or
JSON that a decoder must read: nesting deeper than 64, numbers of more than 64 characters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaclip.jit.compiler import inlined_uncounted
from metaclip.jit.intrinsics import lowest_bit, mask_of

QUOTE, BACKSLASH, COMMA, COLON = (np.uint8(ord(sign)) for sign in '"\\,:')
BRACE, END_BRACE, BRACKET, END_BRACKET = (np.uint8(ord(sign)) for sign in "{}[]")
_MINUS, _PLUS, _DOT, _ZERO, _T, _F, _N, _U = (np.uint8(ord(sign)) for sign in "-+.0tfnu")
_DEPTH = 64
_LONGEST_NUMBER = 64
_ONE = np.uint64(1)
_signs = mask_of('"\\')


def one_of(letters: str) -> NDArray[np.bool_]:
    """Return a table of all bytes, True for those in `letters`."""
    return np.array([chr(byte) in letters for byte in range(256)])


DIGIT, HEX_DIGIT = one_of("0123456789"), one_of("0123456789abcdefABCDEF")
_BLANK = one_of(" \t\r\n")
_ESCAPED, _EXPONENT = one_of('"\\/bfnrt'), one_of("eE")


@inlined_uncounted
def same(data: Any, at: Any, word: Any) -> Any:
    """Return whether the bytes at `at` are `word`."""
    for i in range(len(word)):  # noqa: SIM110
        if data[at + i] != word[i]:
            return False
    return True


@inlined_uncounted
def skip_blanks(data: Any, at: Any) -> Any:
    """Return the offset of the first byte from `at` on that is no white space."""
    while _BLANK[data[at]]:
        at += 1
    return at


@inlined_uncounted
def next_sign(data: Any, at: Any, end: Any) -> Any:
    """Return the offset of the first quote or backslash from `at` on, or -1."""
    while at + 64 <= end:
        signs = _signs(data.ctypes.data + at)
        if signs:
            return at + lowest_bit(signs)
        at += 64
    while at < end:
        if data[at] == QUOTE or data[at] == BACKSLASH:
            return at
        at += 1
    return -1


@inlined_uncounted
def string_end(data: Any, at: Any, end: Any) -> Any:
    """Return the offset of the quote that ends the string whose first byte is at `at`."""
    at = next_sign(data, at, end)
    while at >= 0 and data[at] == BACKSLASH:
        if _ESCAPED[data[at + 1]]:
            at = next_sign(data, at + 2, end)
        elif data[at + 1] == _U and _is_hex(data, at + 2):
            at = next_sign(data, at + 6, end)
        else:
            at = -1
    return at


@inlined_uncounted
def _is_hex(data: Any, at: Any) -> Any:
    return (
        HEX_DIGIT[data[at]]
        and HEX_DIGIT[data[at + 1]]
        and HEX_DIGIT[data[at + 2]]
        and HEX_DIGIT[data[at + 3]]
    )


@inlined_uncounted
def scalar_end(data: Any, at: Any) -> Any:
    """Return the end of the number, `true`, `false` or `null` at `at`."""
    if data[at] == _N:
        return at + 4 if same(data, at, b"null") else -1
    if data[at] == _T:
        return at + 4 if same(data, at, b"true") else -1
    if data[at] == _F:
        return at + 5 if same(data, at, b"false") else -1
    return _number_end(data, at)


@inlined_uncounted
def _number_end(data: Any, at: Any) -> Any:
    start = at
    if data[at] == _MINUS:
        at += 1
    whole = _digits_end(data, at)
    if whole < 0 or (data[at] == _ZERO and whole > at + 1):
        return -1
    at = whole
    if data[at] == _DOT:
        at = _digits_end(data, at + 1)
    if at >= 0 and _EXPONENT[data[at]]:
        at += 1
        if data[at] == _MINUS or data[at] == _PLUS:
            at += 1
        at = _digits_end(data, at)
    return at if at - start <= _LONGEST_NUMBER else -1


@inlined_uncounted
def _digits_end(data: Any, at: Any) -> Any:
    start = at
    while DIGIT[data[at]]:
        at += 1
    return at if at > start else -1


@inlined_uncounted
def key_end(data: Any, at: Any, end: Any) -> Any:
    """Return the offset of the value whose key is expected at `at`."""
    stop = string_end(data, at + 1, end) if data[at] == QUOTE else -1
    return after_colon(data, stop + 1) if stop >= 0 else -1


@inlined_uncounted
def after_colon(data: Any, at: Any) -> Any:
    """Return the offset of the value after the colon that is expected at `at`."""
    at = skip_blanks(data, at)
    return skip_blanks(data, at + 1) if data[at] == COLON else -1


@inlined_uncounted
def value_end(data: Any, at: Any, end: Any) -> Any:
    """Return the end of the value at `at`."""
    arrays, depth = np.uint64(0), 0  # bit 0 of `arrays`: the innermost bracket opens an array
    while at >= 0:
        if data[at] == QUOTE:
            at = string_end(data, at + 1, end)
            if at < 0:
                return -1
            at += 1
        elif data[at] == BRACE or data[at] == BRACKET:
            array = data[at] == BRACKET
            at = skip_blanks(data, at + 1)
            if data[at] == (END_BRACKET if array else END_BRACE):
                at += 1
            elif depth == _DEPTH:
                return -1
            else:
                arrays, depth = (arrays << _ONE) | np.uint64(array), depth + 1
                at = at if array else key_end(data, at, end)
                continue
        else:
            at = scalar_end(data, at)
            if at < 0:
                return -1
        while depth > 0:
            at = skip_blanks(data, at)
            array = (arrays & _ONE) != 0
            if data[at] == COMMA:
                at = skip_blanks(data, at + 1)
                at = at if array else key_end(data, at, end)
                break
            if data[at] != (END_BRACKET if array else END_BRACE):
                return -1
            at, depth, arrays = at + 1, depth - 1, arrays >> _ONE
        else:
            return at
    return -1
