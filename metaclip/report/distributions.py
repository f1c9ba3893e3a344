"""Count pairs by matches per text, text length, language and host, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pyspark.sql import DataFrame
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
    texts = [_Texts(*row) for row in _before_and_after(pool, curated, _count_texts).collect()]
    hosts = _before_and_after(pool, curated, _count_hosts).persist()
    named = F.col("host") != NO_HOST
    sides = (named & (F.col(side) > 0) for side in ("before", "after"))
    counted = hosts.agg(*map(F.count_if, sides))
    [hosts_before, hosts_after] = counted.collect()[0]
    result = Distributions(
        matches=sorted(_add_up(texts, "matches"), key=lambda bar: int(bar.value)),
        lengths=sorted(_add_up(texts, "length"), key=lambda bar: int(bar.value)),
        languages=sorted(_add_up(texts, "language"), key=lambda bar: (-bar.before, bar.value)),
        hosts=_top_hosts(hosts),
        hosts_before=hosts_before,
        hosts_after=hosts_after,
    )
    hosts.unpersist()
    return result


class _Texts(NamedTuple):
    """The pairs whose texts share three values."""

    matches: int
    length: int
    language: str
    before: int
    after: int


def _before_and_after(
    pool: DataFrame, curated: DataFrame, count: Callable[[DataFrame], DataFrame]
) -> DataFrame:
    """Return the groups of `count` with their pairs in the pool and in the curation."""
    sides = [
        count(rows).withColumn(side, F.col("count")).drop("count")
        for rows, side in ((pool, "before"), (curated, "after"))
    ]
    keys = [name for name in sides[0].columns if name != "before"]
    both = sides[0].join(sides[1], on=keys, how="full")
    return both.fillna(0, ["before", "after"]).select(*keys, "before", "after")


def _count_texts(rows: DataFrame) -> DataFrame:
    length = F.lit(LENGTHS[0])
    for least in LENGTHS[1:]:
        length = F.when(F.length("text") >= least, least).otherwise(length)
    matches = F.least(F.size("entry_ids"), F.lit(MOST_MATCHES))
    language = F.coalesce("language", F.lit("unknown"))
    named = (matches.alias("matches"), length.alias("length"), language.alias("language"))
    return rows.groupBy(*named).count()


def _count_hosts(rows: DataFrame) -> DataFrame:
    """Return (host, count). The regular expression reads each origin once."""
    origins = rows.groupBy(F.substring_index("image_url", "/", 3).alias("origin")).count()
    found = F.lower(F.regexp_extract("origin", _HOST, 1))
    host = F.when(found == "", NO_HOST).otherwise(found)
    return origins.groupBy(host.alias("host")).agg(F.sum("count").alias("count"))


def _add_up(texts: Sequence[_Texts], name: str) -> list[Bar]:
    """Return a bar for each value of one column."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for one in texts:
        value = str(getattr(one, name))
        before[value] += one.before
        after[value] += one.after
    return [Bar(value, before[value], after[value]) for value in before]


def _top_hosts(hosts: DataFrame) -> list[Bar]:
    """Return the largest hosts of the pool and those of the curation, each once."""
    found = {
        row.host: Bar(row.host, row.before, row.after)
        for by in ("before", "after")
        for row in hosts.orderBy(F.desc(by), "host").limit(TOP_HOSTS).collect()
    }
    return sorted(found.values(), key=lambda bar: (-bar.before, bar.value))
