"""Split JSON into its objects: lines, an array of objects, or one object of columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import IO

from metaclip.ingest.pool.json_values import RawObject, token_of
from metaclip.ingest.pool.lines import read_byte_lines
from metaclip.ingest.pool.opening import FormError, PoolError

Decode = Callable[[bytes], RawObject | None]
_BLANK = b" \t\r\n"


def read_objects(
    file: IO[bytes], encoding: str, decode: Decode, kind: str
) -> Iterator[RawObject | None]:
    """Yield each object's fields as written, None for a line that is none.

    Args:
        decode: makes the fields of an object of a line.
        kind: `jsonl` is lines. `json` is lines too, where the first one is an object of its
            own; else it is one document, which is held in memory.

    Raises:
        PoolError: a document of another form, or one that is not JSON.
    """
    lines = (line for line in read_byte_lines(file, encoding) if line.strip(_BLANK))
    if kind == "jsonl":
        yield from map(decode, lines)
        return
    first = next(lines, None)
    if first is None:
        return
    second = next(lines, None)
    begun = [line for line in (first, second) if line is not None]
    if _is_line(first, alone=second is None):
        yield from map(decode, chain(begun, lines))
        return
    yield from _document(b"".join(chain(begun, lines)))


def _is_line(line: bytes, *, alone: bool) -> bool:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and not (alone and _is_columns(found))


def _is_columns(found: dict[str, object]) -> bool:
    """Return whether an object holds columns: lists of one length, or dicts of one length."""
    sizes = {len(value) for value in found.values() if isinstance(value, (list, dict))}
    return len(sizes) == 1 and all(isinstance(value, (list, dict)) for value in found.values())


def _document(data: bytes) -> Iterator[RawObject | None]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PoolError("JSON", str(error)[:120]) from None
    if isinstance(found, dict) and _is_columns(found):
        columns = [
            list(value.values()) if isinstance(value, dict) else value for value in found.values()
        ]
        rows = zip(*columns, strict=True)
        found = [dict(zip(found, row, strict=True)) for row in rows]
    if not isinstance(found, list):
        raise FormError(
            "JSON lines, an array of objects or an object of columns", "another document"
        )
    for row in found:
        yield {key: token_of(v) for key, v in row.items()} if isinstance(row, dict) else None
