"""Tokens: what stands between two single spaces of a spaced text, as two-word keys.

A token of up to 15 bytes *is* its key: its bytes, zero-padded, and its length plus one in
the last byte. Of a longer token the key holds the first 8 bytes and a hash of the rest,
with 255 in the last byte, and whoever finds the key must compare the bytes. A key's
second word is never 0, so that 0 can mean an empty slot, or the end of a text.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.jit import inlined
from metaclip.matching.intrinsics import delimiter_masks, load_word, lowest_bit, prefetch

LONG = np.uint64(255)
SLOT_BYTES = 32
# A token in a chunk: its key (two words), address, length, home slot.
CUT_WORDS = 5
# Bytes behind the last text that a kernel may read (never use): one block of 64.
PADDING = 64
# The most tokens that a block of 64 bytes can end: 64 marks of punctuation.
TOKENS_IN_BLOCK = 128

_TOP = np.uint64(56)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_ALL = np.uint64(2**64 - 1)
_LOW_56 = np.uint64(2**56 - 1)
_MIX_1 = np.uint64(0x9E3779B97F4A7C15)
_MIX_2 = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX_3 = np.uint64(0x165667B19E3779F9)


def _masks(first: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Masks that keep, of the 8 bytes from byte `first` on, those of a token of each length."""
    kept = [min(max(length - first, 0), 8) for length in range(16)]
    return np.array([2 ** (8 * count) - 1 for count in kept], np.uint64)


_FIRST, _SECOND = _masks(0), _masks(8)
_LENGTHS = np.array([(length + 1) << 56 for length in range(16)], np.uint64)


@inlined
def mix(low: Any, high: Any) -> Any:
    """Return a hash of 64 bits of two words; the upper half is good."""
    mixed = low * _MIX_1 + high * _MIX_2
    return (mixed ^ (mixed >> _HALF)) * _MIX_3


@inlined
def scale(hashed: Any, size: Any) -> Any:
    """Map the upper half of a hash onto 0 .. size - 1 (size below 2**32)."""
    return np.int64(((hashed >> _HALF) * np.uint64(size)) >> _HALF)


@inlined
def key_of(start: Any, length: Any) -> Any:
    """Return the key of the token of `length` bytes at address `start`."""
    if length < 16:
        low = load_word(start) & _FIRST[length]
        return low, (load_word(start + 8) & _SECOND[length]) | _LENGTHS[length]
    rest = np.uint64(length)
    for place in range(8, length - 7, 8):
        rest = mix(load_word(start + place), rest)
    rest = mix(load_word(start + length - 8), rest)
    return load_word(start), (rest & _LOW_56) | (LONG << _TOP)


@inlined
def add_token(cut: Any, count: Any, start: Any, length: Any, slots: Any) -> Any:
    """Put a token into the chunk and have its home slot fetched; return the new count."""
    low, high = key_of(start, length)
    home = scale(mix(low, high), slots.shape[0] // 4)
    prefetch(slots.ctypes.data + home * SLOT_BYTES)
    place = CUT_WORDS * count
    cut[place], cut[place + 1] = low, high
    cut[place + 2], cut[place + 3] = np.uint64(start), np.uint64(length)
    cut[place + 4] = np.uint64(home)
    return count + 1


@inlined
def add_block(cut: Any, count: Any, token: Any, block: Any, size: Any, slots: Any) -> Any:
    """Add the tokens that end in the `size` bytes (if more, 64) at address `block`.

    `token` is the address where the token under way starts. Returns the new count and token.
    """
    ends, marks = delimiter_masks(block)
    if size < 64:
        ends &= (_ONE << np.uint64(size)) - _ONE
    while ends:
        place = lowest_bit(ends)
        count = add_token(cut, count, token, block + place - token, slots)
        if (marks >> np.uint64(place)) & _ONE:
            count = add_token(cut, count, block + place, 1, slots)
        token = block + place + 1
        ends &= ends - _ONE
    return count, token
