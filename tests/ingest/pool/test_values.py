"""Columns of every type become strings of valid UTF-8."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from metaclip.ingest.pool.values import Role, as_strings


@pytest.mark.parametrize(
    ("values", "role", "strings"),
    [
        (
            pa.array([1.0, None, math.nan, 2.5, 1e11]),
            "id",
            ["1", None, None, "2.5", "100000000000"],
        ),
        (pa.array([b"\x00\xff", None]), "id", ["00ff", None]),
        (pa.array([b"caf\xc3\xa9", None]), "text", ["café", None]),
        (pa.array(["a", "b", None]).dictionary_encode(), "text", ["a", "b", None]),
        (pa.array([2**63, 7], pa.uint64()), "url", ["9223372036854775808", "7"]),
        (pa.nulls(2), "text", [None, None]),
    ],
)
def test_a_value_becomes_a_string(values: pa.Array, role: Role, strings: list[str | None]) -> None:
    found, bad = as_strings(values, role)
    assert found.to_pylist() == strings
    assert not bad.any()


def test_bytes_that_are_not_utf8_are_bad() -> None:
    """Also of a string column, whose bytes no reader of Arrow checks."""
    binary = pa.array([b"caf\xe9", b"tea", None], pa.binary())
    validity, ends, data = binary.buffers()
    for values in (binary, pa.StringArray.from_buffers(3, ends, data, validity)):
        found, bad = as_strings(values, "text")
        assert found.to_pylist() == [None, "tea", None]
        assert bad.tolist() == [True, False, False]
