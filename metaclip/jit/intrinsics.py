"""Provide LLVM instructions that NumPy lacks: unaligned loads, bit masks of bytes, prefetching.

Addresses are integers; the caller guarantees that the bytes there can be read.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)
_BLOCK = ir.VectorType(_BYTE, 64)


def _pointer(builder: Any, address: Any) -> Any:
    return builder.inttoptr(address, ir.PointerType())


def _equal_to_any(builder: Any, block: Any, letters: str) -> Any:
    found = ir.Constant(ir.VectorType(ir.IntType(1), 64), [False] * 64)
    for letter in letters:
        splat = ir.Constant(_BLOCK, [ord(letter)] * 64)
        found = builder.or_(found, builder.icmp_unsigned("==", block, splat))
    return builder.bitcast(found, _WORD)


@intrinsic  # type: ignore[untyped-decorator]
def load_word(typing_context: Any, address: Any) -> Any:
    """load_word(address: int64) -> uint64: the 8 bytes at any address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_pointer(builder, args[0]), typ=_WORD, align=1)

    return types.uint64(types.int64), codegen


def two_masks_of(apart: str, blank: str) -> Any:
    """Return masks(address: int64) -> (uint64, uint64) of the 64 bytes there.

    Bit i of the first is set where byte i is one of `apart` or `blank`, bit i of the second
    where it is one of `apart`. LLVM compiles it to a few vector instructions on any machine.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def masks(typing_context: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            block = builder.load(_pointer(builder, args[0]), typ=_BLOCK, align=1)
            marks = _equal_to_any(builder, block, apart)
            blanks = _equal_to_any(builder, block, blank)
            return context.make_tuple(
                builder, signature.return_type, [builder.or_(marks, blanks), marks]
            )

        return types.UniTuple(types.uint64, 2)(types.int64), codegen

    return masks


def mask_of(letters: str) -> Any:
    """Return mask(address: int64) -> uint64: bit i is set if byte i there is one of `letters`."""

    @intrinsic  # type: ignore[untyped-decorator]
    def mask(typing_context: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            block = builder.load(_pointer(builder, args[0]), typ=_BLOCK, align=1)
            return _equal_to_any(builder, block, letters)

        return types.uint64(types.int64), codegen

    return mask


@intrinsic  # type: ignore[untyped-decorator]
def lowest_bit(typing_context: Any, word: Any) -> Any:
    """lowest_bit(word: uint64) -> int64: the index of its lowest set bit; word is not 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def word_if(typing_context: Any, condition: Any, word: Any) -> Any:
    """word_if(condition: bool, word: uint64) -> uint64: the word, or 0, without a branch.

    LLVM compiles most other forms to a branch, above all where the word is loaded.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        condition = builder.icmp_unsigned("!=", args[0], args[0].type(0))
        chosen = builder.select(condition, args[1], _WORD(0))
        chosen.set_metadata("unpredictable", builder.module.add_metadata([]))
        return chosen

    return types.uint64(types.boolean, types.uint64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(typing_context: Any, address: Any) -> Any:
    """prefetch(address: int64): start to load the cache line there, without waiting for it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [ir.PointerType(), flag, flag, flag])
        function = builder.module.declare_intrinsic("llvm.prefetch", [ir.PointerType()], kind)
        read, keep, data = (ir.Constant(flag, value) for value in (0, 3, 1))
        builder.call(function, [_pointer(builder, args[0]), read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def count_less(typing_context: Any, block: Any, values: Any, blocks: Any, ranks: Any) -> Any:
    """count_less(block, values, blocks, ranks): addresses of int32.

    For each of the 16 at `block`, store at `ranks` the number of lesser ones among the
    16 * `blocks` at `values`.
    """
    lanes = ir.VectorType(ir.IntType(32), 16)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        block, values, blocks, ranks = args
        own = builder.load(_pointer(builder, block), typ=lanes, align=4)
        total = cgutils.alloca_once_value(builder, ir.Constant(lanes, [0] * 16))
        with cgutils.for_range(builder, blocks) as loop:
            address = builder.add(values, builder.mul(loop.index, loop.index.type(64)))
            others = builder.load(_pointer(builder, address), typ=lanes, align=4)
            found = builder.load(total)
            for lane in range(16):
                mask = ir.Constant(lanes, [lane] * 16)
                one = builder.shuffle_vector(others, others, mask)
                less = builder.icmp_signed("<", one, own)
                found = builder.sub(found, builder.sext(less, lanes))
            builder.store(found, total)
        builder.store(builder.load(total), _pointer(builder, ranks), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.int64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def pack(typing_context: Any, block: Any, count: Any, gap: Any, target: Any) -> Any:
    """pack(block, count, gap, target) -> uint64: addresses of int32, a number, and one int32.

    Store at `target` those of the first `count` of the 16 at `block` that are not `gap`, in
    their order, and return their number. The rest of the 16 at `target` is undefined.
    """
    lanes, bits = ir.VectorType(ir.IntType(32), 16), ir.VectorType(ir.IntType(1), 16)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        block, count, gap, target = args
        anything, zeros = ir.Constant(lanes, ir.Undefined), ir.Constant(lanes, [0] * 16)

        def in_each_lane(value: Any) -> Any:
            one = builder.insert_element(anything, value, ir.Constant(ir.IntType(32), 0))
            return builder.shuffle_vector(one, anything, zeros)

        values = builder.load(_pointer(builder, block), typ=lanes, align=4)
        kept = builder.icmp_signed("!=", values, in_each_lane(gap))
        inside = builder.icmp_signed("<", ir.Constant(lanes, [*range(16)]), in_each_lane(count))
        kept = builder.and_(kept, inside)
        kind = ir.FunctionType(lanes, [lanes, bits, lanes])
        name = "llvm.experimental.vector.compress.v16i32"
        compress = cgutils.get_or_insert_function(builder.module, kind, name)
        packed = builder.call(compress, [values, kept, anything])
        builder.store(packed, _pointer(builder, target), align=4)
        return builder.zext(builder.ctpop(builder.bitcast(kept, ir.IntType(16))), _WORD)

    return types.uint64(types.int64, types.int32, types.int32, types.int64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def fold(typing_context: Any, left: Any, right: Any) -> Any:
    """fold(left: uint64, right: uint64) -> uint64: the two halves of their product, xored."""
    wide = ir.IntType(128)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        left, right = (builder.zext(word, wide) for word in args)
        product = builder.mul(left, right)
        upper = builder.lshr(product, ir.Constant(wide, 64))
        return builder.trunc(builder.xor(product, upper), _WORD)

    return types.uint64(types.uint64, types.uint64), codegen
