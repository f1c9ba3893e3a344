"""Read the matches that a curation is sampled from, with their draws."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from metaclip.balance.draws import DrawnMatches, drawn_frame
from metaclip.balance.sampling import (
    count_shared_draws,
    keep_one_row_per_pair,
    keep_one_text_per_image,
)
from metaclip.curation.survivors import SurvivorAccount, keep_survivors, read_survivors
from metaclip.warehouse.lineage import match_partition
from metaclip.warehouse.tables import CURATED, MATCHES
from metaclip.warehouse.views import read_crawls
from metaclip.warehouse.warehouse import Warehouse


def read_matches(
    warehouse: Warehouse,
    version: str,
    spacing: str,
    crawls: Sequence[str],
    seed: int,
    *,
    unique: bool,
) -> DrawnMatches:
    """Return the matches of crawls, with the draws of a seed.

    Args:
        version: the metadata version.
        unique: keep the row of the least crawl name of each pair.
    """
    frame = partial(read_crawls, warehouse, MATCHES, version, spacing, crawls)
    if len(crawls) == 1:
        # Rows that need not meet are read by the tasks that sample them.
        partition = match_partition(version, spacing, crawls[0])
        return DrawnMatches(partial(warehouse.scan, MATCHES, partition), frame, seed)
    return drawn_frame(keep_one_row_per_pair(frame()) if unique else frame(), seed)


def read_surviving_matches(
    warehouse: Warehouse, parent: str, files: str | Sequence[str]
) -> tuple[DrawnMatches, SurvivorAccount]:
    """Return the rows of a curation that a list of survivors names, with their draws.

    Raises:
        InputError: the list can't be read, or is not of this curation.
    """
    listed = read_survivors(warehouse.spark, files)
    curated = warehouse.read_partition(CURATED, {"curation": parent})
    survivors, account = keep_survivors(curated, listed, f"curation {parent}")
    return drawn_frame(survivors, None), account


def choose_texts(
    matches: DrawnMatches, texts_per_image: str, seed: int, *, unique: bool
) -> DrawnMatches:
    """Return `matches`; where `texts_per_image` is one, one text of each image.

    Args:
        unique: no two rows share a pair.
    """
    if unique and texts_per_image != "one":
        return matches
    frame = matches.frame()
    if texts_per_image == "one":
        frame = keep_one_text_per_image(frame, seed)
    if not unique:
        frame = count_shared_draws(frame)
    return drawn_frame(frame, matches.seed, shared=not unique)
