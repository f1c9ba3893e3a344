"""Name the tasks of Python that make rows, and the functions that Spark calls in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame

ArrowMap = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
"""A function for mapInArrow."""


class Tasks(NamedTuple):
    """Tasks that make rows: what they are given, and what makes rows of it.

    `make_note`, called after the last row of a task, returns a text for the driver.
    """

    given: DataFrame
    make_rows: ArrowMap
    make_note: Callable[[], str] | None = None
