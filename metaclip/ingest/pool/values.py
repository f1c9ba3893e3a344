"""Turn a pool's columns into strings of valid UTF-8, and find the values that can't be."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import types

from metaclip.ingest.pool.opening import FormError

Role = Literal["url", "text", "id"]
Mask = NDArray[np.bool_]


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values: without a dictionary and without an extension."""
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    return plain_type(kind.value_type) if types.is_dictionary(kind) else kind


def plain(values: pa.Array) -> pa.Array:
    """Return the values without a dictionary and without an extension type."""
    if isinstance(values, pa.ExtensionArray):
        return plain(values.storage)
    return plain(values.dictionary_decode()) if types.is_dictionary(values.type) else values


def require_type(kind: pa.DataType, role: Role, column: str) -> None:
    """Raise FormError unless values of this type can be a pair's URL, text or id.

    A binary floating-point number has no one decimal form, so it is no URL and no text.
    """
    found = plain_type(kind)
    good = is_string(found) or types.is_integer(found) or types.is_decimal(found)
    if role == "id":
        good = good or types.is_floating(found)
    if role == "text" and is_list(found):
        good = is_string(plain_type(found.value_type))
    if not (good or types.is_null(found)):
        what = "strings or a list of strings" if role == "text" else "strings or integers"
        raise FormError(
            f"{what} in column {column}", str(found), f"name another column by import.{role}"
        )


def is_string(kind: pa.DataType) -> bool:
    """Return whether values of this type are bytes: strings and binary ones of all widths."""
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or _is_binary(kind)
    )


def is_list(kind: pa.DataType) -> bool:
    """Return whether values of this type are lists of any form."""
    return bool(
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_list_view(kind)
        or types.is_large_list_view(kind)
    )


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def as_strings(values: pa.Array, role: Role) -> tuple[pa.StringArray, Mask]:
    """Return a column of a type that `require_type` allows as strings.

    Binary ids are given in hex digits, whole floating-point ids as integers.

    Returns:
        The strings, null where a value is null or can't be one, and the mask of the latter.
    """
    values = plain(values)
    good = np.zeros(len(values), np.bool_)
    if types.is_null(values.type):
        return pa.nulls(len(values), pa.string()), good
    if role == "id" and _is_binary(values.type):
        return _hex(values), good
    if is_string(values.type):
        return _decoded(values)
    if types.is_floating(values.type):
        return _numbers(values), good
    return values.cast(pa.string()), good


def _hex(values: pa.Array) -> pa.StringArray:
    digits = [value if value is None else value.hex() for value in values.to_pylist()]
    return pa.array(digits, pa.string())


def _numbers(values: pa.Array) -> pa.StringArray:
    """Return 12 for 12.0 and null for NaN: pandas holds integers of a column with gaps so."""
    found = [None if n is None or math.isnan(n) else n for n in values.to_pylist()]
    texts = [n if n is None else str(int(n) if n.is_integer() else n) for n in found]
    return pa.array(texts, pa.string())


def _decoded(values: pa.Array) -> tuple[pa.StringArray, Mask]:
    """Return bytes as strings; no reader of Arrow or Parquet checks that strings are UTF-8."""
    none = np.zeros(len(values), np.bool_)
    try:
        # A cast from binary checks the bytes; one from string does not.
        strings = _as_binary(values).cast(pa.string())
    except pa.ArrowInvalid:
        decoded = [_decode(value) for value in _as_binary(values).to_pylist()]
        bad = np.array([text is False for text in decoded], np.bool_)
        texts = [None if text is False else text for text in decoded]
        return pa.array(texts, pa.string()), bad
    return strings, none


def _as_binary(values: pa.Array) -> pa.BinaryArray:
    if types.is_string_view(values.type):
        values = values.cast(pa.string())
    return values.cast(pa.binary())


def _decode(value: bytes | None) -> str | Literal[False] | None:
    try:
        return value if value is None else value.decode()
    except UnicodeDecodeError:
        return False


def is_blank(strings: pa.StringArray) -> Mask:
    """Return which strings are null or hold white space alone."""
    trimmed = pc.utf8_trim_whitespace(strings)
    blank = pc.fill_null(pc.equal(pc.binary_length(trimmed), 0), True)
    return np.asarray(blank.to_numpy(zero_copy_only=False), np.bool_)


def is_encodable(text: str) -> bool:
    """Return whether UTF-8 can hold a text: it has no lone surrogate."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
