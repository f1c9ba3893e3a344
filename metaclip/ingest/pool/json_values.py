"""Turn JSON values, as they are written, into strings, lists of strings and Arrow arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum

import msgspec
import pyarrow as pa

from metaclip.ingest.pool.values import is_encodable

Token = bytes
"""A JSON value as its file has it, without blanks around it."""
RawObject = dict[str, Token]
_NULL = b"null"
_UNENCODABLE = b'"\\ud800"'


class Unfit(Enum):
    """The reason why a value is no text."""

    BYTES = "text that is not UTF-8"
    KIND = "a value that is neither a string nor a list of strings"


Text = str | Unfit | None
Texts = Text | list[str | None]


class _Written(str):
    """A number as it is written."""


_LIST = msgspec.json.Decoder(list[str | None])
_STRING = msgspec.json.Decoder(str)


def loads(line: bytes) -> RawObject | None:
    """Return the fields of a JSON object by Python's json, or None if it is none.

    It takes what msgspec refuses and others write: NaN, lone surrogates. A string that
    UTF-8 can't hold is given as one lone surrogate.
    """
    try:
        text = line.decode()
        plain = json.loads(text)
        written = json.loads(text, parse_int=_Written, parse_float=_Written)
    except (ValueError, RecursionError):
        return None
    if not isinstance(plain, dict):
        return None
    return {key: token_of(value, written[key]) for key, value in plain.items()}


def token_of(value: object, written: object = None) -> Token:
    """Return a value as JSON, its number as `written`."""
    if isinstance(written, _Written):
        return written.encode()
    if isinstance(value, str) and not is_encodable(value):
        return _UNENCODABLE
    return json.dumps(value).encode()


def as_text(token: Token) -> Text:
    """Return a string, a number as it is written, or None for null."""
    begin = token[:1]
    if begin == b'"':
        return _string(token)
    if token == _NULL or token == b"NaN":
        return None
    return token.decode() if begin.isdigit() or begin == b"-" else Unfit.KIND


def as_texts(token: Token) -> Texts:
    """Return a list of strings as such, else as `as_text`."""
    if token[:1] != b"[":
        return as_text(token)
    try:
        return _LIST.decode(token)
    except msgspec.ValidationError:
        return Unfit.KIND
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Unfit.BYTES


def _string(token: Token) -> Text:
    try:
        return _STRING.decode(token)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Unfit.BYTES


def text_array(values: Sequence[Texts]) -> pa.Array:
    """Return strings, or lists of strings where any value is a list; null for unfit ones."""
    kept = [None if isinstance(value, Unfit) else value for value in values]
    if not any(isinstance(value, list) for value in kept):
        return pa.array(kept, pa.string())
    lists = [[value] if isinstance(value, str) else value for value in kept]
    return pa.array(lists, pa.list_(pa.string()))


def as_array(tokens: Sequence[Token], kind: pa.DataType) -> pa.Array:
    """Return the values of a column of `import.where` in the type it has over all files."""
    if pa.types.is_string(kind):
        found = [as_text(token) for token in tokens]
        # As Spark does, what is no string is given as it is written.
        texts = [
            token.decode("utf-8", "replace") if isinstance(text, Unfit) else text
            for text, token in zip(found, tokens, strict=True)
        ]
        return pa.array(texts, pa.string())
    return pa.array([_value(token) for token in tokens], kind)


def type_of(tokens: Sequence[Token]) -> pa.DataType:
    """Return the Arrow type of all these values, a string where they have none in common."""
    try:
        return pa.array([_value(token) for token in tokens]).type
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.string()


def _value(token: Token) -> object:
    return None if token == b"NaN" else json.loads(token)
