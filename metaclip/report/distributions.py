"""Count pairs by matches per text, text length, language and host, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

MOST_MATCHES = 32
"""Texts with this many matches or more share one bar."""
LENGTHS = (1, 5, 10, 20, 40, 60, 80, 100, 150, 200, 400, 1000, 10000)
"""Least lengths of the bars, in characters."""
TOP_HOSTS = 10
NO_HOST = "(no host)"
"""The bar of the URLs that are not http or https; a pool may have them."""
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
    """Return the distributions of a pool and of its curation.

    Texts and hosts are counted apart, so that each pass reads its own columns alone.

    Args:
        pool, curated: with entry_ids, text, language and image_url.
    """
    read = ("entry_ids", "text", "language", "image_url")
    sides = pool.select(*read, F.lit(1).alias("before"), F.lit(0).alias("after")).union(
        curated.select(*read, F.lit(0).alias("before"), F.lit(1).alias("after"))
    )
    texts = [_Texts(*row) for row in _count_texts(sides).collect()]
    hosts, (hosts_before, hosts_after) = _list_hosts(_count_hosts(sides))
    return Distributions(
        matches=sorted(_add_up(texts, "matches"), key=lambda bar: int(bar.value)),
        lengths=sorted(_add_up(texts, "length"), key=lambda bar: int(bar.value)),
        languages=sorted(_add_up(texts, "language"), key=lambda bar: (-bar.before, bar.value)),
        hosts=hosts,
        hosts_before=hosts_before,
        hosts_after=hosts_after,
    )


class _Texts(NamedTuple):
    """The pairs whose texts share three values."""

    matches: int
    length: int
    language: str
    before: int
    after: int


def _count_texts(sides: DataFrame) -> DataFrame:
    """Return (matches, length, language, before, after)."""
    matches = F.least(F.size("entry_ids"), F.lit(MOST_MATCHES))
    language = F.coalesce("language", F.lit("unknown"))
    # Each text is measured once, and its length compared with each of LENGTHS.
    length = F.length("text").alias("length")
    named = (matches.alias("matches"), length, language.alias("language"))
    measured = sides.select(*named, "before", "after")
    bar = F.lit(LENGTHS[0])
    for least in LENGTHS[1:]:
        bar = F.when(F.col("length") >= least, least).otherwise(bar)
    return _sum_sides(measured, F.col("matches"), bar.alias("length"), F.col("language"))


def _count_hosts(sides: DataFrame) -> DataFrame:
    """Return (host, before, after). The regular expression reads each origin once."""
    origins = _sum_sides(sides, F.substring_index("image_url", "/", 3).alias("origin"))
    found = F.lower(F.regexp_extract("origin", _HOST, 1))
    host = F.when(found == "", NO_HOST).otherwise(found)
    return _sum_sides(origins, host.alias("host"))


def _sum_sides(sides: DataFrame, *keys: Column) -> DataFrame:
    sums = (F.sum(side).alias(side) for side in ("before", "after"))
    return sides.groupBy(*keys).agg(*sums)


def _add_up(texts: Sequence[_Texts], name: str) -> list[Bar]:
    """Return a bar for each value of one column."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for one in texts:
        value = str(getattr(one, name))
        before[value] += one.before
        after[value] += one.after
    return [Bar(value, before[value], after[value]) for value in before]


def _list_hosts(hosts: DataFrame) -> tuple[list[Bar], tuple[int, int]]:
    """Return the largest hosts of the pool and of the curation, each once, and the number of all.

    One query has all three, so Spark counts the hosts once.
    """
    sides = ("before", "after")
    has_name = F.col("host") != NO_HOST
    number = (F.count_if(has_name & (F.col(side) > 0)).alias(side) for side in sides)
    found = hosts.agg(*number).select(F.lit(None).alias("host"), *sides)
    for side in sides:
        largest = hosts.orderBy(F.desc(side), "host").limit(TOP_HOSTS)
        found = found.union(largest.select("host", *sides))
    rows = {host: (before, after) for host, before, after in found.collect()}
    numbers = rows.pop(None)
    bars = [Bar(host, *counts) for host, counts in rows.items()]
    return sorted(bars, key=lambda bar: (-bar.before, bar.value)), numbers
