"""Reopen the pool that a published curation was sampled from."""

from __future__ import annotations

from msgspec import Struct, json
from pyspark.sql import Row

from metaclip.balance.draws import DrawnMatches
from metaclip.curation.matches import choose_texts, read_matches, read_surviving_matches
from metaclip.warehouse.warehouse import Warehouse


class _Balance(Struct, frozen=True):
    """The settings of a curation that its row in `curations` holds in `config` alone."""

    texts_per_image: str = "all"
    survivors: str | list[str] = []


class _Recorded(Struct, frozen=True):
    balance: _Balance = _Balance()


def reopen_pool(warehouse: Warehouse, curation: Row) -> DrawnMatches:
    """Return the rows that a curation was sampled from, as the tables hold them today.

    Later versions of the tables may hold other rows. The caller compares the counts.

    Args:
        curation: the curation's row of `curations`.

    Raises:
        InputError: the list of a parent's survivors is no longer there.
    """
    balance = json.decode(curation.config, type=_Recorded).balance
    unique = curation.dedup == "all"
    if curation.parent is None:
        version, spacing = curation.metadata_version, curation.spacing
        matches = read_matches(
            warehouse, version, spacing, curation.crawls, curation.seed, unique=unique
        )
    else:
        matches, _ = read_surviving_matches(warehouse, curation.parent, balance.survivors)
    unique = unique or len(curation.crawls) == 1
    return choose_texts(matches, balance.texts_per_image, curation.seed, unique=unique)
