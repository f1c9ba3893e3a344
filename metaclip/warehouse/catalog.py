"""Register the tables of a warehouse in a database of the session's catalog."""

from __future__ import annotations

from pyspark.sql import Row, SparkSession
from pyspark.sql.types import StructField

from metaclip.errors import InputError
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import EXTRACTIONS, TABLES
from metaclip.warehouse.views import VIEWS
from metaclip.warehouse.warehouse import Warehouse, quote


def register_tables(warehouse: Warehouse, database: str) -> tuple[list[str], list[str]]:
    """Register every table that exists, and the views over `extractions`; return their names.

    The tables stay where they are: dropping the database deletes no data.

    Raises:
        InputError: no table is there, or the database has one of that name elsewhere.
    """
    found = [table for table in TABLES if warehouse.exists(table)]
    if not found:
        raise InputError(f"warehouse {warehouse.root}", "tables", "none", "run extract_pairs first")
    spark = warehouse.spark
    spark.sql(f"CREATE DATABASE IF NOT EXISTS {database}")
    for table in found:
        _register(spark, database, table, warehouse.path(table))
    views = list(VIEWS) if EXTRACTIONS in found else []
    for view in views:
        spark.sql(_view_statement(database, view))
    return [table.name for table in found], views


def _register(spark: SparkSession, database: str, table: Table, path: str) -> None:
    name = f"{database}.{table.name}"
    # Delta's log gives the schema and all comments.
    spark.sql(f"CREATE TABLE IF NOT EXISTS {name} USING delta LOCATION {quote(path)}")
    [row] = spark.sql(f"DESCRIBE DETAIL {name}").select("location").collect()
    location = _location(row)
    if location != path:
        raise InputError(f"catalog.database {database}", f"{table.name} at {path}", location)


def _location(row: Row) -> str:
    return str(row.location).removeprefix("file:").rstrip("/")


def _view_statement(database: str, view: str) -> str:
    kind, columns, comment = VIEWS[view]
    own = [EXTRACTIONS.schema["crawl"], EXTRACTIONS.schema["path"]]
    declared = ", ".join(_with_comment(field) for field in [*own, *columns])
    return (
        f"CREATE OR REPLACE VIEW {database}.{view} ({declared}) COMMENT {quote(comment)} AS "
        f"SELECT crawl, path, {kind}.* FROM {database}.{EXTRACTIONS.name} WHERE kind = '{kind}'"
    )


def _with_comment(field: StructField) -> str:
    return f"{field.name} COMMENT {quote(str(field.metadata['comment']))}"
