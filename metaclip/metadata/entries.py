"""Read lists of entries, and compute the version that identifies one."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from metaclip.errors import InputError
from metaclip.metadata.checking import check_entries

ENTRY_SCHEMA = pa.schema(
    [
        ("entry_id", pa.int32()),
        ("entry", pa.string()),
        ("language", pa.string()),
        ("source", pa.string()),
        ("score", pa.float64()),
    ]
)
DEFAULT_SOURCE = "import"


def metadata_version(entries: Sequence[str], languages: Sequence[str | None] | None = None) -> str:
    """Return the first 16 hex digits of SHA-256 over the entries, a newline after each.

    Where entries have languages, each line is `language TAB entry`.
    """
    digest = hashlib.sha256()
    if languages is None or not any(languages):
        for entry in entries:
            digest.update(entry.encode() + b"\n")
    else:
        for language, entry in zip(languages, entries, strict=True):
            digest.update(f"{language or ''}\t{entry}\n".encode())
    return digest.hexdigest()[:16]


def read_entries(file: str) -> pa.Table:
    """Return the entries of a JSON list, a text file (one a line) or a Parquet file.

    The kind is found by content. Entry ids are the positions, or a Parquet file's own
    `entry_id`.

    Returns:
        A table of ENTRY_SCHEMA, in the order of the ids.

    Raises:
        InputError: unreadable, empty, not strings, or duplicate, blank or unmatchable
            entries; the error names some.
    """
    where = f"metadata.file {file}"
    try:
        with fsspec.open(file, "rb") as stream:
            data = stream.read()
    except (OSError, ValueError) as error:
        raise InputError(
            where, "a readable file", getattr(error, "strerror", "") or str(error)
        ) from None
    return _from_parquet(data, where) if data[:4] == b"PAR1" else _from_text(data, where)


def _from_text(data: bytes, where: str) -> pa.Table:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            where, "UTF-8", f"byte {data[error.start]:#04x} at offset {error.start}"
        ) from None
    if text.lstrip()[:1] in ("[", "{"):
        entries = _from_json(text, where)
    else:
        entries = [line.removesuffix("\r") for line in text.split("\n")]
        entries = entries[:-1] if entries[-1] == "" else entries
    check_entries(entries, where)
    return _table(entries, {})


def _from_json(text: str, where: str) -> list[object]:
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise InputError(where, "a JSON list of strings", f"bad JSON: {error}") from None
    if not isinstance(entries, list):
        raise InputError(where, "a JSON list of strings", f"a JSON {type(entries).__name__}")
    return entries


def _from_parquet(data: bytes, where: str) -> pa.Table:
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(where, "a Parquet file", str(error).splitlines()[0]) from None
    if "entry" not in table.column_names:
        raise InputError(where, "a column entry", f"the columns {', '.join(table.column_names)}")
    table = _with_declared_types(table, where)
    if "entry_id" in table.column_names:
        table = table.sort_by("entry_id")
        if table["entry_id"].to_pylist() != list(range(table.num_rows)):
            raise InputError(where, "entry_id to be 0, 1, 2 ... without gaps", "other numbers")
    columns = {n: table[n] for n in ("language", "source", "score") if n in table.column_names}
    entries = table["entry"].to_pylist()
    languages = columns["language"].to_pylist() if "language" in columns else None
    check_entries(entries, where, languages)
    return _table(entries, columns)


def _with_declared_types(table: pa.Table, where: str) -> pa.Table:
    """Cast the columns of ENTRY_SCHEMA: other writers have large or dictionary strings."""
    for field in ENTRY_SCHEMA:
        if field.name not in table.column_names:
            continue
        found = table[field.name]
        kind = found.type.value_type if pa.types.is_dictionary(found.type) else found.type
        if pa.types.is_string(field.type) and not (pa.types.is_null(kind) or _is_string(kind)):
            raise InputError(where, f"{field.name} of type string", str(kind))
        try:
            cast = found.cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise InputError(where, f"{field.name} of type {field.type}", str(kind)) from None
        if field.name == "source":
            cast = cast.fill_null(DEFAULT_SOURCE)
        table = table.set_column(table.column_names.index(field.name), field.name, cast)
    return table


def _is_string(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _table(entries: Sequence[object], columns: dict[str, pa.ChunkedArray]) -> pa.Table:
    count = len(entries)
    defaults = {
        "entry_id": pa.array(range(count), pa.int32()),
        "entry": pa.array(entries, pa.string()),
        "language": pa.nulls(count, pa.string()),
        "source": pa.repeat(DEFAULT_SOURCE, count),
        "score": pa.nulls(count, pa.float64()),
    }
    merged = {**defaults, **columns}
    return pa.table([merged[field.name] for field in ENTRY_SCHEMA], names=ENTRY_SCHEMA.names).cast(
        ENTRY_SCHEMA
    )
