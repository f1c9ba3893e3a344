"""SHA-256 and SHA-224 of many strings, sixteen side by side in the lanes of vectors.

Strings are short: one call of hashlib for each takes five times as long. LLVM makes of the
vectors what the CPU has.
"""

from __future__ import annotations

import math
import sys
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from metaclip.jit import compiled_uncounted, inlined_uncounted
from metaclip.matching.intrinsics import copy_bytes

_LANES, _BLOCK = 16, 64
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_VECTOR = ir.VectorType(ir.IntType(32), _LANES)


def _first_primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def _root(number: int) -> int:
    """The integer part of a cube root."""
    found: int = round(number ** (1 / 3))
    return found - 1 if found**3 > number else found


_PRIMES = _first_primes(64)
#: what the eight words of a state are at the start: bits of the fractions of square roots
SHA256 = np.array([math.isqrt(prime << 64) % 2**32 for prime in _PRIMES[:8]], np.uint32)
SHA224 = np.array([math.isqrt(prime << 128) % 2**32 for prime in _PRIMES[8:16]], np.uint32)
_OF_ROUNDS = [_root(prime << 96) % 2**32 for prime in _PRIMES]


class _Arithmetic:
    """Words of all lanes, as SHA-2 computes with them."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def constant(self, word: int) -> Any:
        return ir.Constant(_VECTOR, [word] * _LANES)

    def total(self, *words: Any) -> Any:
        result, *others = words
        for word in others:
            result = self.builder.add(result, word)
        return result

    def mixed(self, word: Any, turns: tuple[int, ...], shift: int | None = None) -> Any:
        """The word turned right by each of `turns`, and shifted, all of them xored."""
        build = self.builder
        result = build.lshr(word, self.constant(shift)) if shift else self.constant(0)
        for turn in turns:
            right = build.lshr(word, self.constant(turn))
            left = build.shl(word, self.constant(32 - turn))
            result = build.xor(result, build.or_(left, right))
        return result

    def swapped(self, word: Any) -> Any:
        """The four bytes in the other order."""
        odd = self.builder.and_(self.mixed(word, (8,)), self.constant(0xFF00FF00))
        even = self.builder.and_(self.mixed(word, (24,)), self.constant(0x00FF00FF))
        return self.builder.or_(odd, even)

    def chosen(self, e: Any, f: Any, g: Any) -> Any:
        return self.builder.xor(g, self.builder.and_(e, self.builder.xor(f, g)))

    def majority(self, a: Any, b: Any, c: Any) -> Any:
        both = self.builder.and_(a, b)
        return self.builder.or_(both, self.builder.and_(c, self.builder.or_(a, b)))


def _rounds(do: _Arithmetic, state: list[Any], words: list[Any]) -> list[Any]:
    """The state after the 64 rounds over a block of 16 words."""
    a, b, c, d, e, f, g, h = state
    for number, constant in enumerate(_OF_ROUNDS):
        if number >= 16:
            early = do.mixed(words[-15], (7, 18), 3)
            late = do.mixed(words[-2], (17, 19), 10)
            words = [*words[1:], do.total(words[-16], early, words[-7], late)]
        word = words[min(number, 15)]
        first = do.total(h, do.mixed(e, (6, 11, 25)), do.chosen(e, f, g), word)
        first = do.total(first, do.constant(constant))
        second = do.total(do.mixed(a, (2, 13, 22)), do.majority(a, b, c))
        a, b, c, d, e, f, g, h = do.total(first, second), a, b, c, do.total(d, first), e, f, g
    return [do.total(old, new) for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


@intrinsic  # type: ignore[untyped-decorator]
def _compress(typing_context: Any, state: Any, block: Any) -> Any:
    """_compress(state, block): addresses of 8 and 16 vectors; take a block, as its bytes
    stand in memory, into the state.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def place(base: Any, number: int) -> Any:
            address = builder.add(base, ir.Constant(base.type, number * 4 * _LANES))
            return builder.inttoptr(address, ir.PointerType())

        def load(base: Any, count: int) -> list[Any]:
            return [builder.load(place(base, i), typ=_VECTOR, align=4) for i in range(count)]

        do, words = _Arithmetic(builder), load(args[1], 16)
        if sys.byteorder == "little":
            words = [do.swapped(word) for word in words]
        after = _rounds(do, load(args[0], 8), words)
        for number, word in enumerate(after):
            builder.store(word, place(args[0], number), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


class Strings(NamedTuple):
    """Many strings: string i is `data[ends[i]:ends[i + 1]]`."""

    data: NDArray[np.uint8]
    ends: NDArray[np.int32]

    @classmethod
    def of(cls, array: pa.StringArray | pa.BinaryArray) -> Strings:
        """Those of an Arrow array; read-only, so that the kernel is compiled only once."""
        _, ends, data = (memoryview(part or b"").toreadonly() for part in array.buffers())
        places = np.frombuffer(ends, np.int32)[array.offset :]
        return cls(np.frombuffer(data, np.uint8), places[: len(array) + 1])


def hex_digests(start: NDArray[np.uint32], width: int, parts: list[Strings]) -> NDArray[np.uint8]:
    """The first `width` hexadecimal digits of each string's SHA256 or SHA224, one behind the
    other; with two `parts` each string is two, joined by a newline.
    """
    first, second = parts[0], parts[-1]
    rows, joined = len(first.ends) - 1, len(parts) == 2
    longest = sum(int(np.diff(part.ends).max(initial=0)) for part in parts) + joined
    out = np.empty(rows * width, np.uint8)
    messages = np.empty((_LANES, (longest // _BLOCK + 2) * _BLOCK), np.uint8)
    words = messages.view(np.uint32)
    state, block = np.empty((8, _LANES), np.uint32), np.empty((16, _LANES), np.uint32)
    lanes = np.zeros((_LANES, 3), np.int64)
    _digest(start, width, *first, *second, joined, messages, words, state, block, lanes, out)
    return out


_ROW, _AT, _END = range(3)  # what a lane works on: the row behind its own, bytes done, and all


@compiled_uncounted
def _digest(
    start: NDArray[np.uint32],
    width: int,
    first: NDArray[np.uint8],
    first_ends: NDArray[np.int32],
    second: NDArray[np.uint8],
    second_ends: NDArray[np.int32],
    joined: bool,
    messages: NDArray[np.uint8],
    words: NDArray[np.uint32],
    state: NDArray[np.uint32],
    block: NDArray[np.uint32],
    lanes: NDArray[np.int64],
    out: NDArray[np.uint8],
) -> None:
    """Fill `out`; a lane that is done with a string takes the next one.

    `words` are `messages`, which have room for one string of each lane.
    """
    row, rows, busy = 0, first_ends.shape[0] - 1, 1
    while busy > 0:
        busy = 0
        for lane in range(_LANES):
            work, message = lanes[lane], messages[lane]
            if work[_AT] == work[_END]:
                if work[_ROW] > 0:
                    _write_digits(state, lane, out, (work[_ROW] - 1) * width, width)
                    work[_ROW] = 0
                if row == rows:
                    continue
                size = _put(first, first_ends[row], first_ends[row + 1], message, 0)
                if joined:
                    message[size] = 10
                    size = _put(second, second_ends[row], second_ends[row + 1], message, size + 1)
                row += 1
                work[_ROW], work[_AT], work[_END] = row, 0, _pad(message, size)
                for i in range(8):
                    state[i, lane] = start[i]
            for i in range(16):
                block[i, lane] = words[lane, work[_AT] // 4 + i]
            work[_AT] += _BLOCK
            busy += 1
        _compress(state.ctypes.data, block.ctypes.data)


@inlined_uncounted
def _put(data: Any, start: Any, end: Any, message: Any, at: Any) -> Any:
    copy_bytes(data.ctypes.data + start, message.ctypes.data + at, end - start)
    return at + end - start


@inlined_uncounted
def _pad(message: Any, size: Any) -> Any:
    """Put the end that SHA-2 wants behind a message; return the length of the whole."""
    end = (size + 8) // _BLOCK * _BLOCK + _BLOCK
    message[size] = 0x80
    for at in range(size + 1, end):
        message[at] = 0
    for i in range(8):
        message[end - 1 - i] = (8 * size) >> (8 * i)
    return end


@inlined_uncounted
def _write_digits(state: Any, lane: Any, out: Any, at: Any, width: Any) -> None:
    for i in range(width):
        digit = (state[i // 8, lane] >> np.uint32(28 - 4 * (i % 8))) & np.uint32(15)
        out[at + i] = _DIGITS[digit]
