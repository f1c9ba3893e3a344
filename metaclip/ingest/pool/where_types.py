"""Give the columns of `import.where` one type over all files, one that Spark knows."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from metaclip.ingest.pool.opening import FormError
from metaclip.ingest.pool.values import is_list, is_string, plain, plain_type


def spark_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of Spark that holds the values of an Arrow type: a string at the worst."""
    kind = plain_type(kind)
    if types.is_integer(kind):
        return pa.decimal128(20, 0) if types.is_uint64(kind) else pa.int64()
    if types.is_floating(kind):
        return pa.float64()
    if types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if types.is_date(kind):
        return pa.date32()
    if is_list(kind):
        return pa.list_(spark_type(kind.value_type))
    if types.is_struct(kind):
        return pa.struct([(field.name, spark_type(field.type)) for field in kind])
    if is_string(kind):
        return _bytes_type(kind)
    return kind if types.is_boolean(kind) or types.is_decimal128(kind) else pa.string()


def _bytes_type(kind: pa.DataType) -> pa.DataType:
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    return pa.string() if text else pa.binary()


def common_type(kinds: Iterable[pa.DataType]) -> pa.DataType:
    """Return the one type to read a column by whose files have these types.

    Integers and floating-point numbers are read as the latter; types that have nothing in
    common as strings; a column without a value anywhere as strings too.
    """
    found = {spark_type(kind) for kind in kinds if not types.is_null(kind)}
    if len(found) < 2:
        return next(iter(found), pa.string())
    try:
        fields = [pa.schema([("x", kind)]) for kind in sorted(found, key=str)]
        merged = pa.unify_schemas(fields, promote_options="permissive").field("x").type
    except pa.ArrowException:
        return pa.string()
    return spark_type(merged)


def cast_to(values: pa.Array, kind: pa.DataType, column: str) -> pa.Array:
    """Return the values in the type that the column has over all files.

    Raises:
        FormError: Arrow has no cast for them.
    """
    values = plain(values)
    if values.type == kind:
        return values
    try:
        return pc.cast(values, kind, safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    try:
        # Times of a day, durations: as Python writes them.
        return pa.array([None if v is None else str(v) for v in values.to_pylist()], kind)
    except (pa.ArrowException, UnicodeDecodeError, ValueError):
        raise FormError(
            f"column {column} of a type that import.where can use", str(values.type)
        ) from None
