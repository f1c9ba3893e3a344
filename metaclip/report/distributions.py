"""Count pairs by matches per text, text length, language and host, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

MOST_MATCHES = 32
"""Texts with this many matches or more share one bar."""
LENGTHS = (1, 5, 10, 20, 40, 60, 80, 100, 150, 200, 400, 1000, 10000)
"""Least lengths of the bars, in characters."""
TOP_HOSTS = 10
_HOST = r"^https?://(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)"


@dataclass(frozen=True)
class Bar:
    """The pairs of one value, in the pool and in the curation."""

    value: str
    before: int
    after: int


@dataclass(frozen=True)
class Distributions:
    """Pairs by matches per text, by text length, by language of the text and by image host.

    `hosts` holds the largest of the pool and of the curation. `hosts_before` and
    `hosts_after` count all hosts.
    """

    matches: list[Bar]
    lengths: list[Bar]
    languages: list[Bar]
    hosts: list[Bar]
    hosts_before: int
    hosts_after: int


def count_distributions(pool: DataFrame, curated: DataFrame) -> Distributions:
    """Return the distributions of a pool and of its curation, from one pass over each.

    Args:
        pool, curated: with entry_ids, text, language and image_url.
    """
    before, after = (_count_values(rows) for rows in (pool, curated))
    both = before.withColumnRenamed("count", "before").join(
        after.withColumnRenamed("count", "after"), on=["kind", "value"], how="full"
    )
    both = both.fillna(0, ["before", "after"]).persist()
    small = both.where("kind != 'host'").collect()
    hosts = both.where("kind = 'host'")
    counted = hosts.agg(F.count_if(F.col("before") > 0), F.count_if(F.col("after") > 0))
    numbers = counted.collect()[0]
    result = Distributions(
        matches=_numbered(small, "matches"),
        lengths=_numbered(small, "length"),
        languages=_largest(small, "language"),
        hosts=_top_hosts(hosts),
        hosts_before=numbers[0],
        hosts_after=numbers[1],
    )
    both.unpersist()
    return result


def host_column(url: str) -> Column:
    """Return the host of a URL, in lower case, without user and port."""
    return F.lower(F.regexp_extract(url, _HOST, 1))


def _count_values(rows: DataFrame) -> DataFrame:
    """Return (kind, value, count); every row has one value of each kind."""
    length = F.lit(str(LENGTHS[0]))
    for least in LENGTHS[1:]:
        length = F.when(F.length("text") >= least, str(least)).otherwise(length)
    values = {
        "matches": F.least(F.size("entry_ids"), F.lit(MOST_MATCHES)).cast("string"),
        "length": length,
        "language": F.coalesce("language", F.lit("unknown")),
        "host": host_column("image_url"),
    }
    kinds = F.array(
        *(F.struct(F.lit(kind).alias("kind"), v.alias("value")) for kind, v in values.items())
    )
    return rows.select(F.inline(kinds)).groupBy("kind", "value").count()


def _numbered(rows: Sequence[tuple[str, str, int, int]], kind: str) -> list[Bar]:
    """Return the bars of a kind whose values are numbers, in their order."""
    bars = [Bar(value, before, after) for found, value, before, after in rows if found == kind]
    return sorted(bars, key=lambda bar: int(bar.value))


def _largest(rows: Sequence[tuple[str, str, int, int]], kind: str) -> list[Bar]:
    bars = [Bar(value, before, after) for found, value, before, after in rows if found == kind]
    return sorted(bars, key=lambda bar: (-bar.before, bar.value))


def _top_hosts(hosts: DataFrame) -> list[Bar]:
    """Return the largest hosts of the pool and those of the curation, each once."""
    found = {
        row.value: Bar(row.value, row.before, row.after)
        for by in ("before", "after")
        for row in hosts.orderBy(F.desc(by), "value").limit(TOP_HOSTS).collect()
    }
    return sorted(found.values(), key=lambda bar: (-bar.before, bar.value))
