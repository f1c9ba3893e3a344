"""The session and the list of entries that the tests of jobs have."""

from __future__ import annotations

from tests.spark.conftest import metadata, spark

__all__ = ["metadata", "spark"]
