"""Read the bytes of a list of entries, and take its rows out of CSV, JSON lines, JSON or text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pyarrow as pa

from metaclip.config.crawl import RequestSettings
from metaclip.crawl.files.listing import require_package
from metaclip.crawl.files.stream import read_whole
from metaclip.errors import InputError

_JSON = re.compile(r'\s*(\{|\[\s*(["\[{\]0-9-]|null|true|false|NaN|\Z))')
"""The start of JSON: a line of text such as [sic] has a bracket too."""
_NUMBERS = {"entry_id": pa.int64(), "score": pa.float64()}


def read_bytes(file: str, where: str) -> bytes:
    """Return the content of a local or remote file.

    Raises:
        InputError: it can't be read, or nothing is installed that reads such a URL.
    """
    require_package(file, where)
    try:
        return read_whole(file, RequestSettings())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise InputError(where, "a readable file", reason) from None


def parse_rows(text: str, file: str, where: str) -> list[object] | pa.Table:
    """Return the entries of a text, or a table where they have further columns.

    A suffix .txt, .csv, .tsv, .jsonl or .json decides; else JSON is known by its start, and
    any other text has one entry a line.

    Raises:
        InputError: the text is not of the form that its suffix or its start tells.
    """
    suffix = PurePosixPath(file.partition("?")[0]).suffix.lower()
    if suffix in (".csv", ".tsv"):
        return _from_csv(text, "\t" if suffix == ".tsv" else ",", where)
    if suffix in (".jsonl", ".ndjson") or _is_object_lines(text):
        return _from_lines(text, where)
    if suffix == ".json" or (suffix != ".txt" and _JSON.match(text)):
        return _from_json(text, where)
    entries: list[object] = [line.removesuffix("\r") for line in text.split("\n")]
    return entries[:-1] if entries[-1] == "" else entries


def _from_csv(text: str, delimiter: str, where: str) -> pa.Table:
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    header = rows[0] if rows else []
    odd = next((number for number, row in enumerate(rows) if len(row) != len(header)), None)
    if odd is not None:
        found = f"{len(rows[odd])} in record {odd}"
        raise InputError(where, f"{len(header)} cells in each record", found)
    columns = {name: [row[n] for row in rows[1:]] for n, name in enumerate(header)}
    return _table(columns, where)


def _is_object_lines(text: str) -> bool:
    """Return whether a text has an object with an entry in its first line."""
    first = text.lstrip().partition("\n")[0]
    try:
        found = json.loads(first) if first.startswith("{") else None
    except ValueError:
        return False
    return isinstance(found, dict) and "entry" in found


def _from_lines(text: str, where: str) -> list[object] | pa.Table:
    rows: list[object] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise InputError(
                    where, "JSON lines", f"bad JSON in line {number}: {error}"
                ) from None
    if not all(isinstance(row, dict) for row in rows):
        return rows
    objects = [row for row in rows if isinstance(row, dict)]
    names = dict.fromkeys(name for row in objects for name in row)
    return _table({name: [row.get(name) for row in objects] for name in names}, where)


def _from_json(text: str, where: str) -> list[object]:
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise InputError(where, "a JSON list of strings", f"bad JSON: {error}") from None
    if not isinstance(entries, list):
        raise InputError(where, "a JSON list of strings", f"a JSON {type(entries).__name__}")
    return entries


def _table(columns: Mapping[str, Sequence[object]], where: str) -> pa.Table:
    """Return columns as a table; a number may be written as text, and an empty one is none."""
    arrays = {}
    for name, values in columns.items():
        kind = _NUMBERS.get(name, pa.string())
        try:
            if kind == pa.string():
                arrays[name] = pa.array(values, kind)
            else:
                given = [None if value in ("", None) else float(str(value)) for value in values]
                arrays[name] = pa.array(given, pa.float64()).cast(kind)
        except (ValueError, TypeError, pa.ArrowException):
            raise InputError(where, f"{name} of type {kind}", "other values") from None
    return pa.table(arrays)
