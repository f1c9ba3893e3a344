"""Sum the views of Wikipedia's titles over hourly dumps in the table `title_views`.

Source: the pageview dumps of Wikimedia, lines `domain_code page_title count_views bytes`. The
domain `en` is the desktop site, `en.m` and `en.zero` are the mobile ones, and a letter such as in
`en.d` or `en.m.d` names a sister project.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from metaclip.metadata.input_files import InputFile, spark_path
from metaclip.warehouse.tables import TITLE_VIEWS
from metaclip.warehouse.warehouse import Warehouse

KEPT = "kept"
NAMESPACES = (
    *("user", "wikipedia", "project", "file", "image", "mediawiki", "template", "help", "category"),
    *("portal", "book", "draft", "module", "timedtext", "gadget", "gadget definition", "topic"),
    *("education program", "media", "special", "talk", "wp", "wt", "mos"),
)
"""Names of the namespaces without articles that every wiki knows, and English aliases.

Each has a talk namespace.
"""

log = logging.getLogger(__name__)


class ViewRules(NamedTuple):
    """The lines that count: of one wiki, not in a namespace, with enough views in an hour."""

    domain: str
    namespaces: Sequence[str]
    """Names of namespaces without articles, beside NAMESPACES."""
    min_hourly_views: int
    """A title's hour with fewer views adds none (`below_hourly`)."""


def stage_views(
    warehouse: Warehouse, corpus: str, files: Sequence[InputFile], rules: ViewRules
) -> None:
    """Sum the views of all files into the partition `corpus`, unless it is there."""
    if warehouse.last_change(TITLE_VIEWS, {"corpus": corpus}) is not None:
        log.info("views of corpus %s are summed already", corpus)
        return
    views = sum_views(read_lines(warehouse.spark, files), rules)
    warehouse.replace(TITLE_VIEWS, views, {"corpus": corpus}, {})


def read_lines(spark: SparkSession, files: Sequence[InputFile]) -> DataFrame:
    """Return the lines of hourly dumps, gzipped or not: hour (the file's name), value."""
    lines = spark.read.text([spark_path(file) for file in files])
    return lines.select(F.col("_metadata.file_name").alias("hour"), "value")


def sum_views(lines: DataFrame, rules: ViewRules) -> DataFrame:
    """Return the views of each title, and the number of lines dropped for each reason.

    Args:
        lines: hour, value.

    Returns:
        title (null for dropped lines), reason (`kept` for a title), lines, views.
    """
    parsed = _classify(_parse(lines), rules)
    hourly = parsed.groupBy("hour", "reason", "title").agg(
        F.count("*").alias("lines"), F.sum("views").alias("views")
    )
    below = (F.col("reason") == KEPT) & (F.col("views") < rules.min_hourly_views)
    marked = hourly.select(
        F.when(~below, F.col("title")).alias("title"),
        F.when(below, "below_hourly").otherwise(F.col("reason")).alias("reason"),
        "lines",
        F.when(below | (F.col("reason") != KEPT), 0).otherwise(F.col("views")).alias("views"),
    )
    return marked.groupBy("title", "reason").agg(
        F.sum("lines").alias("lines"), F.sum("views").alias("views")
    )


def _parse(lines: DataFrame) -> DataFrame:
    """Return hour, domain, title with its escapes resolved, and views; null where broken."""
    fields = F.split("value", " ", -1)
    whole = (F.size(fields) == 4) & fields[2].rlike(r"^\d{1,18}$") & (fields[1] != "")
    split = lines.select("hour", F.when(whole, fields).alias("fields"))
    raw = F.col("fields")[1]
    # A plus sign is one in a path; bytes that are no escape or no UTF-8 stay as they are.
    decoded = F.try_url_decode(F.replace(raw, F.lit("+"), F.lit("%2B")))
    readable = decoded.isNotNull() & ~F.contains(decoded, F.lit("\ufffd"))
    escaped = F.when(F.contains(raw, F.lit("%")) & readable, decoded).otherwise(raw)
    title = F.btrim(F.regexp_replace(escaped, r"[_\s]+", " "))
    capital = F.upper(F.substring(title, 1, 1))
    rest = title.substr(F.lit(2), F.length(title))
    return split.select(
        "hour",
        F.col("fields")[0].alias("domain"),
        F.concat(capital, rest).alias("title"),
        F.col("fields")[2].cast("bigint").alias("views"),
    )


def _classify(parsed: DataFrame, rules: ViewRules) -> DataFrame:
    """Return hour, reason, title (of kept lines alone) and views."""
    sites = [rules.domain, f"{rules.domain}.m", f"{rules.domain}.zero"]
    subjects = {name.replace("_", " ").lower() for name in (*NAMESPACES, *rules.namespaces)}
    names = subjects | {f"{name} talk" for name in subjects}
    reason = (
        F.when(F.col("domain").isNull(), "broken")
        .when(~F.col("domain").isin(sites), "other_project")
        .when(F.col("title").isin("", "-"), "no_title")
        .when(_namespace(F.col("title")).isin(sorted(names)), "namespace")
        .otherwise(KEPT)
    )
    marked = parsed.select("hour", reason.alias("reason"), "title", "views")
    kept = F.col("reason") == KEPT
    return marked.select(
        "hour",
        "reason",
        F.when(kept, F.col("title")).alias("title"),
        F.when(kept, F.col("views")).otherwise(0).alias("views"),
    )


def _namespace(title: Column) -> Column:
    """Return the lower-case name before the first colon, or null."""
    prefix = F.lower(F.btrim(F.substring_index(title, ":", 1)))
    return F.when(F.contains(title, F.lit(":")), prefix)
