"""From pairs, not unique, to the unique pairs whose text has an entry."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

# Which of several equal pairs stays; what follows the first three only settles real ties.
_ORDER = ("path", "page_url", "text_source", "warc_file", "warc_offset", "fetched_at", "source_id")


def find_matches(pairs: DataFrame, match: Callable[[Column], Column]) -> DataFrame:
    """Return the columns of the table `matches` but for its partition columns.

    Texts without a match go first, since they are half of all; of equal pairs the one with
    the least (path, page_url, text_source) stays, whatever the order of work was.
    """
    matched = pairs.withColumn("entry_ids", match(F.col("text")))
    matched = matched.where(F.size("entry_ids") > 0)
    order = Window.partitionBy("pair_id").orderBy(*_ORDER)
    unique = matched.withColumn("_rank", F.row_number().over(order)).where(F.col("_rank") == 1)
    return unique.withColumn("language", F.lit(None).cast("string")).drop("_rank")
