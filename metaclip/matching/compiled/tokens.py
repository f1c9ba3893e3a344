"""Tokens: what stands between two single spaces of a spaced text, as two-word keys.

A token of up to 15 bytes *is* its key: its bytes, zero-padded, and its length plus one in
the last byte. Of a longer token the key holds the first 8 bytes and a hash of the rest,
with 255 in the last byte, and whoever finds the key must compare the bytes. The end of a
text counts as a token of length -1; its key is 0, which no token has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.jit.compiler import inlined_uncounted
from metaclip.jit.intrinsics import fold, load_word, lowest_bit, two_masks_of
from metaclip.matching.spacing import BECOME_SPACE, SPACED_APART

# The second words of long tokens' keys, and only those, are not less.
LONG_KEY = np.uint64(255 << 56)
# Bytes behind the last text that a kernel may read (never use): one block of 64.
PADDING = 64
# The most tokens that a block of 64 bytes can end: 64 marks of punctuation.
TOKENS_IN_BLOCK = 128
TEXT_END = -1

_SHORT = 16
_ONE = np.uint64(1)
_LAST_BYTE = np.uint64(56)
_LOW_56 = np.uint64(2**56 - 1)
_delimiter_masks = two_masks_of(SPACED_APART, " " + BECOME_SPACE)

# Read as bytes these are no UTF-8, so no token can make a factor of `fold` zero.
_MIX_1 = np.uint64(0x9E3779B97F4A7C15)
_MIX_2 = np.uint64(0xC2B2AE3D27D4EB4F)


def _masks(first: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Masks that keep, of the 8 bytes from byte `first` on, those of a token of each length."""
    kept = [min(max(length - first, 0), 8) for length in range(TEXT_END, _SHORT)]
    return np.array([2 ** (8 * count) - 1 for count in kept], np.uint64)


# By length plus one, as the end of a text has length -1.
_FIRST, _SECOND = _masks(0), _masks(8)


@inlined_uncounted
def mix(low: Any, high: Any, seed: Any) -> Any:
    """Return a hash of 64 bits of two words; both halves are good."""
    return fold(low ^ _MIX_1, high ^ seed ^ _MIX_2)


@inlined_uncounted
def key_of(start: Any, length: Any, seed: Any) -> Any:
    """Return the key of the token of `length` bytes at address `start`."""
    if length < _SHORT:
        kind = np.uint64(length + 1)
        low, high = load_word(start) & _FIRST[kind], load_word(start + 8) & _SECOND[kind]
        return low, high | (kind << _LAST_BYTE)
    rest = np.uint64(length)
    for place in range(8, length - 7, 8):
        rest = mix(load_word(start + place), rest, seed)
    rest = mix(load_word(start + length - 8), rest, seed)
    return load_word(start), (rest & _LOW_56) | LONG_KEY


@inlined_uncounted
def cut_block(starts: Any, lengths: Any, count: Any, token: Any, block: Any, size: Any) -> Any:
    """Note the tokens that end in the `size` bytes (if more, 64) at address `block`.

    `token` is the address where the token under way starts. Returns the new count (unsigned,
    as the given one is) and token.
    """
    ends, marks = _delimiter_masks(block)
    if size < 64:
        ends &= (_ONE << np.uint64(size)) - _ONE
    while ends:
        place = lowest_bit(ends)
        end = block + place
        starts[count], lengths[count] = token, end - token
        # A mark is a token too; after a blank this is overwritten, which spares a branch.
        starts[count + _ONE], lengths[count + _ONE] = end, 1
        count += _ONE + ((marks >> np.uint64(place)) & _ONE)
        token = end + 1
        ends &= ends - _ONE
    return count, token
