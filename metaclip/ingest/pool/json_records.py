"""Read the needed fields of JSON lines, a JSON array of objects, or an object of columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import IO

import msgspec
import numpy as np
import pyarrow as pa

from metaclip.config.crawl import ImportSettings, PoolKind
from metaclip.ingest.pool.columns import NAMES, Where, names_of
from metaclip.ingest.pool.json_documents import read_objects
from metaclip.ingest.pool.json_values import (
    RawObject,
    Texts,
    Token,
    Unfit,
    as_array,
    as_text,
    as_texts,
    loads,
    text_array,
    type_of,
)
from metaclip.ingest.pool.lines import encoding_of
from metaclip.ingest.pool.opening import FormError
from metaclip.ingest.pool.records import Records, in_batches
from metaclip.ingest.pool.values import Role
from metaclip.ingest.pool.where_types import common_type

_NULL = b"null"
_NEEDED: tuple[Role, ...] = ("url", "text")


class Fields:
    """The fields that are read of each object, by the names that each may have."""

    def __init__(self, settings: ImportSettings, where: Where) -> None:
        self.names = {role: names_of(settings, role) for role in NAMES}
        self.where = where
        keys = [name for names in self.names.values() for name in names] + list(where)
        self.keys = list(dict.fromkeys(keys))
        fields = [(f"f{n}", msgspec.Raw, msgspec.Raw()) for n in range(len(self.keys))]
        rename = {f"f{n}": key for n, key in enumerate(self.keys)}
        kind = msgspec.defstruct("Record", fields, rename=rename)
        self._decoder = msgspec.json.Decoder(kind)

    def decode(self, line: bytes) -> RawObject | None:
        """Return the fields of one object as they are written, or None if it is none.

        Python's own json reads the lines that msgspec refuses and others write: with NaN, or
        with lone surrogates in fields that nobody needs.
        """
        try:
            found = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return loads(line)
        pairs = zip(self.keys, msgspec.structs.astuple(found), strict=True)
        return {key: bytes(raw) for key, raw in pairs if raw}

    def find(self, row: RawObject, role: Role) -> Token:
        """Return the value of the first name of a role that an object has."""
        return next((row[name] for name in self.names[role] if name in row), _NULL)

    def require(self, rows: Sequence[RawObject | None]) -> None:
        """Raise FormError where no object has a URL, or none has a text."""
        objects = [row for row in rows if row is not None]
        seen = {key for row in objects for key in row}
        for role in _NEEDED:
            if objects and not seen & set(self.names[role]):
                raise FormError(
                    f"a column {' or '.join(self.names[role])}",
                    "none of this name",
                    f"name it by import.{role}",
                )


def read_json(
    file: IO[bytes], settings: ImportSettings, where: Where, kind: PoolKind
) -> Iterator[Records]:
    """Yield the records of a file.

    Raises:
        FormError: no object of the first ones has a URL, or none has a text.
    """
    fields = Fields(settings, where)
    encoding = encoding_of(file, settings.encoding)
    rows = read_objects(file, encoding, fields.decode, kind)
    for number, some in enumerate(in_batches(rows)):
        if number == 0:
            fields.require(some)
        yield _records(some, fields, asked_for_id=settings.id is not None)


def _records(rows: Sequence[RawObject | None], fields: Fields, *, asked_for_id: bool) -> Records:
    empty: RawObject = {}
    kept = [row or empty for row in rows]
    urls = [as_text(fields.find(row, "url")) for row in kept]
    texts = [as_texts(fields.find(row, "text")) for row in kept]
    ids = [as_text(fields.find(row, "id")) for row in kept]
    if not asked_for_id:
        ids = [None if found is Unfit.KIND else found for found in ids]
    columns: dict[Role, Sequence[Texts]] = {"url": urls, "text": texts, "id": ids}
    bad = np.array([row is None for row in rows], np.bool_)
    why = "a line that is no JSON object" if bad.any() else ""
    for role, values in columns.items():
        unfit = next((value for value in values if isinstance(value, Unfit)), None)
        if unfit is not None:
            names = " or ".join(fields.names[role])
            why = why or f"{unfit.value} in column {names}; name another by import.{role}"
            bad |= np.array([isinstance(value, Unfit) for value in values], np.bool_)
    where = {
        name: as_array([row.get(name, _NULL) for row in kept], kind)
        for name, kind in fields.where.items()
    }
    return Records(text_array(urls), text_array(texts), text_array(ids), bad, where, why)


def field_types(
    file: IO[bytes], settings: ImportSettings, kind: PoolKind, names: Collection[str]
) -> dict[str, pa.DataType]:
    """Return the types of those of the fields `names` that any object of a file has."""
    fields = Fields(settings, dict.fromkeys(names, pa.string()))
    encoding = encoding_of(file, settings.encoding)
    rows = (row for row in read_objects(file, encoding, fields.decode, kind) if row)
    found: dict[str, set[pa.DataType]] = {}
    for some in in_batches(rows):
        for name in names:
            tokens = [row[name] for row in some if name in row]
            if tokens:
                found.setdefault(name, set()).add(type_of(tokens))
    return {name: common_type(kinds) for name, kinds in found.items()}
