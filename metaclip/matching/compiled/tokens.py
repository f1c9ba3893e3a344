"""Cut a text into tokens, the parts between single spaces of the spaced text, and key them.

A key has two words. For a token of up to 15 bytes it holds all of them, zero-padded, and the
length plus one in the last byte. For a longer token it holds the first 8 bytes and a hash of
the rest, with 255 in the last byte; a lookup must then compare the bytes. The end of a text
counts as a token of length -1, whose key is 0; no token has that key.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.jit.compiler import inlined_uncounted
from metaclip.jit.intrinsics import fold, load_word, lowest_bit, two_masks_of
from metaclip.matching.spacing import BECOME_SPACE, SPACED_APART

LONG_KEY = np.uint64(255 << 56)
"""The least second word of a long token's key, above those of all others."""
PADDING = 64
"""Bytes after the last text that a kernel may load without effect: one block."""
TOKENS_IN_BLOCK = 128
"""The most tokens that end in a block of 64 bytes: those of 64 punctuation marks."""
TEXT_END = -1
"""Length of the token that denotes the end of a text."""

_SHORT = 16
_ONE = np.uint64(1)
_LAST_BYTE = np.uint64(56)
_LOW_56 = np.uint64(2**56 - 1)
_delimiter_masks = two_masks_of(SPACED_APART, " " + BECOME_SPACE)

# The bytes of these are invalid UTF-8, so with no token a factor of `fold` is zero.
_MIX_1 = np.uint64(0x9E3779B97F4A7C15)
_MIX_2 = np.uint64(0xC2B2AE3D27D4EB4F)


def _masks(first: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return, for each length, a mask of the token's bytes among the 8 from byte `first` on."""
    kept = [min(max(length - first, 0), 8) for length in range(TEXT_END, _SHORT)]
    return np.array([2 ** (8 * count) - 1 for count in kept], np.uint64)


_FIRST, _SECOND = _masks(0), _masks(8)
"""Indexed by length plus one, as the end of a text has length -1."""


@inlined_uncounted
def mix(low: Any, high: Any, seed: Any) -> Any:
    """Return a hash of 64 bits of two words, uniform in both halves."""
    return fold(low ^ _MIX_1, high ^ seed ^ _MIX_2)


@inlined_uncounted
def key_of(start: Any, length: Any, seed: Any) -> Any:
    """Return the key of the token of `length` bytes at address `start`."""
    if length < _SHORT:
        kind = np.uint64(length + 1)
        low, high = load_word(start) & _FIRST[kind], load_word(start + 8) & _SECOND[kind]
        return low, high | (kind << _LAST_BYTE)
    rest = np.uint64(length)
    for offset in range(8, length - 7, 8):
        rest = mix(load_word(start + offset), rest, seed)
    rest = mix(load_word(start + length - 8), rest, seed)
    return load_word(start), (rest & _LOW_56) | LONG_KEY


@inlined_uncounted
def cut_block(starts: Any, lengths: Any, count: Any, token: Any, block: Any, size: Any) -> Any:
    """Note the tokens that end in the `size` bytes (if more, 64) at address `block`.

    `token` is the address of the token under way. Return the new count (unsigned, as the given
    one is) and token.
    """
    ends, marks = _delimiter_masks(block)
    if size < 64:
        ends &= (_ONE << np.uint64(size)) - _ONE
    while ends:
        offset = lowest_bit(ends)
        end = block + offset
        starts[count], lengths[count] = token, end - token
        # A mark is a token too. After a blank the next token overwrites it: no branch.
        starts[count + _ONE], lengths[count + _ONE] = end, 1
        count += _ONE + ((marks >> np.uint64(offset)) & _ONE)
        token = end + 1
        ends &= ends - _ONE
    return count, token
