"""Record lists of removals, and mark the rows that they cover."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import ada_url
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType

from metaclip.errors import InputError
from metaclip.ingest.id_lists import Listed, read_list
from metaclip.ingest.ledger import read_pairs, scan_pairs
from metaclip.spark.arrow_udf import arrow_column
from metaclip.warehouse.ids import image_id
from metaclip.warehouse.lineage import ADDED
from metaclip.warehouse.tables import REMOVALS
from metaclip.warehouse.tasks import Tasks
from metaclip.warehouse.warehouse import Warehouse

SETTING = "removals.files"
KINDS = {
    "pair_id": r"^[0-9a-fA-F]{32}$",
    "image_id": r"^[0-9a-fA-F]{24}$",
    "image_url": r"^[A-Za-z][A-Za-z0-9+.-]*://.",
    "domain": r"^[^/?#@\s]+$",
}
_HOST = re.compile(r"[^\s.]+(\.[^\s.]+)+|\[[0-9a-f:.]+\]")
_URL_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*:[/\\]*(?:[^/?#\\]*@)?(\[[^\]]*\]|[^/?#\\:]*)"


@dataclass(frozen=True)
class Removals:
    """All keys (columns kind, key) of the table at `version` or later."""

    version: int
    keys: DataFrame


@dataclass(frozen=True)
class RecordedList:
    """A list that was recorded: its keys (kind, value, key), persisted, and its account."""

    keys: DataFrame
    kind: str
    listed: int
    new: int


def record_list(warehouse: Warehouse, files: str | Sequence[str]) -> RecordedList:
    """Add the list that `files` hold to the table `removals`.

    Raises:
        InputError: as `read_list`, or values that are none of their kind.
    """
    listed = read_list(warehouse.spark, files, SETTING, KINDS)
    keys = find_keys(listed).persist()
    values = keys.select("value").distinct().count()
    return RecordedList(keys, listed.kind, values, add_removals(warehouse, keys))


def keys_of(kind: str, value: str) -> list[str]:
    """Return the lookup keys of `value`; none where it is not of its kind.

    An image URL is looked up literally and in the form of the crawl reader. A domain
    may have a port, capitals, a leading `*.` and letters beyond ASCII; its key is the host
    after a dot, so that no key is of two kinds.
    """
    if kind == "image_url":
        if not ada_url.check_url(value):
            return [image_id(value)]
        return sorted({image_id(value), image_id(ada_url.URL(value).href)})
    if kind != "domain":
        return [value.lower()] if re.search(KINDS[kind], value) else []
    host = value.removeprefix("*").strip(".")
    if not re.search(KINDS[kind], host) or not ada_url.check_url(f"http://{host}"):
        return []
    name = ada_url.URL(f"http://{host}").hostname.strip(".")
    # A name with one label is a local host (localhost) or a top-level domain (com).
    return sorted({f".{name}", f".{_in_letters(name)}"}) if _HOST.fullmatch(name) else []


def _in_letters(host: str) -> str:
    """Return a host in Unicode: pools keep URLs literally, so both forms occur there."""
    try:
        return str(ada_url.idna.decode(host)).lower() or host
    except ValueError:
        return host


def find_keys(listed: Listed) -> DataFrame:
    """Return (kind, value, key) of a list.

    Raises:
        InputError: values that are not of the list's kind.
    """
    kind = listed.kind  # without the list: no DataFrame crosses to the workers

    def keys(values: pa.Array) -> pa.Array:
        found = [keys_of(kind, value) for value in values.to_pylist()]
        return pa.array(found, pa.list_(pa.string()))

    column = arrow_column(keys, ArrayType(StringType()))
    rows = listed.values.withColumn("keys", column("value")).persist()
    bad = rows.where(F.size("keys") == 0)
    first = bad.orderBy("value").first()
    if first is not None:
        raise InputError(
            SETTING,
            f"a {listed.kind} in each row",
            f"{bad.count()} others, such as {first.value[:60]}",
        )
    return rows.select(F.lit(kind).alias("kind"), "value", F.explode("keys").alias("key"))


def add_removals(warehouse: Warehouse, keys: DataFrame) -> int:
    """Add the new rows of (kind, value, key) to the table, and return their number."""
    warehouse.create(REMOVALS)
    known = warehouse.read(REMOVALS).select("kind", "key")
    new = keys.join(known, on=["kind", "key"], how="left_anti").withColumn(
        "asked_at", F.current_timestamp()
    )
    with warehouse.committing(REMOVALS, ADDED, {}) as table:
        merge = table.alias("t").merge(new.alias("s"), "t.kind = s.kind and t.key = s.key")
        columns = ("kind", "value", "key", "asked_at")
        merge.whenNotMatchedInsert(values={name: f"s.{name}" for name in columns}).execute()
    before = known.join(keys, on=["kind", "key"], how="left_semi")
    return keys.count() - before.count()


def read_removals(warehouse: Warehouse) -> Removals | None:
    """Return all removals, or None where there are none."""
    # The version first: rows that come after it do no harm.
    added = warehouse.last_change(REMOVALS, ADDED)
    if added is None:
        return None
    return Removals(added.version, warehouse.read(REMOVALS).select("kind", "key").distinct())


def mark_removed(rows: DataFrame, removals: Removals | None) -> DataFrame:
    """Add `removed_by`, the keys of `removals` that cover a row; empty for a row that stays.

    Args:
        rows: pairs, with pair_id, image_id, image_url and page_url. A domain covers the
            pairs of its pages and the images of its hosts.
    """
    found: list[Column] = []
    kinds = set() if removals is None else {row.kind for row in _kinds(removals).collect()}
    for column in ("pair_id", "image_id"):
        if removals is not None and kinds & {column, column.replace("_id", "_url")}:
            keys = removals.keys.where(~F.col("key").startswith("."))
            once = keys.select(F.col("key").alias(f"_{column}")).distinct()
            rows = rows.join(once, on=F.col(column) == F.col(f"_{column}"), how="left")
            found.append(F.array_compact(F.array(f"_{column}")))
    if removals is not None and "domain" in kinds:
        hosts = _removed_hosts(rows, removals.keys)
        for column in ("image_url", "page_url"):
            named = hosts.select(
                F.col("host").alias("_host"), F.col("keys").alias(f"_{column}_keys")
            )
            rows = rows.join(named, on=host_of(column) == F.col("_host"), how="left").drop("_host")
            found.append(F.coalesce(f"_{column}_keys", F.array().cast("array<string>")))
    removed_by = F.array_distinct(F.concat(*found)) if found else F.array().cast("array<string>")
    extra = [name for name in rows.columns if name.startswith("_")]
    return rows.withColumn("removed_by", removed_by).drop(*extra)


def scan_marked_pairs(warehouse: Warehouse, crawl: str, removals: Removals | None) -> Tasks:
    """Return tasks that yield the pairs of a crawl, with `removed` where there are removals."""
    if removals is None:
        return scan_pairs(warehouse, crawl)
    marked = mark_removed(read_pairs(warehouse, crawl), removals)
    return Tasks(marked.withColumn("removed", F.size("removed_by") > 0).drop("removed_by"), iter)


def _kinds(removals: Removals) -> DataFrame:
    return removals.keys.select("kind").distinct()


def host_of(column: str) -> Column:
    """Return the lower-case host of a URL without its port; null where there is none."""
    host = F.regexp_extract(column, _URL_HOST, 1)
    decoded = F.coalesce(F.try_url_decode(host), host)
    return F.nullif(F.lower(F.rtrim(decoded, F.lit("."))), F.lit(""))


def _removed_hosts(rows: DataFrame, keys: DataFrame) -> DataFrame:
    """Return (host, keys) of the hosts in `rows` that have a domain of `keys` above them.

    Hosts are few beside rows: so the names above a host are looked up once for each.
    """
    both = F.explode(F.array(host_of("image_url"), host_of("page_url"))).alias("host")
    hosts = rows.select(both).where("host is not null").distinct()
    labels = F.split("host", r"\.")
    # The rest of the name from each label on: .a.example.org, .example.org, .org
    above = F.transform(
        F.sequence(F.lit(1), F.size(labels)),
        lambda first: F.concat(
            F.lit("."), F.array_join(F.slice(labels, first, F.size(labels)), ".")
        ),
    )
    named = hosts.withColumn("key", F.explode(above))
    domains = keys.where("kind = 'domain'").select("key")
    return (
        named.join(domains, on="key", how="inner")
        .groupBy("host")
        .agg(F.collect_set("key").alias("keys"))
    )
