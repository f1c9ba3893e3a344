"""Find the unique pairs whose text has an entry, and account for the others.

Tasks read and match the pairs, a shuffle brings equal pairs together, and tasks keep one of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, field
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from metaclip.config.settings import LanguageSettings
from metaclip.errors import InputError
from metaclip.matching.engine import Engine
from metaclip.matching.languages import LanguageModel
from metaclip.matching.shuffle import (
    NO_MATCH,
    REMOVED,
    STAYS,
    Pack,
    collect_packs,
    group,
    join,
    shuffle,
    to_digits,
)
from metaclip.warehouse.ids import pair_bytes
from metaclip.warehouse.scanning import BATCH_ROWS
from metaclip.warehouse.tables import PAIR_SCHEMA
from metaclip.warehouse.tasks import Tasks

_ORDER = ("path", "page_url", "text_source", "warc_file", "warc_offset", "fetched_at", "source_id")
"""The sort order of equal pairs, of which the first stays; the last four columns break ties."""

_OTHERS = [*(name for name in PAIR_SCHEMA.names if name != "pair_id"), "path"]
"""Columns of a pair but its id."""

_PAIRS_PER_TASK, _MOST_TASKS = 100_000, 2000
"""Pairs, not unique, of a task: as packs some 15 MB. With so many tasks each gets more."""
_CHOSEN_BYTES = 4 << 20
"""Bytes of the rows that are written or whose language is identified at a time."""


class PairAccount(Struct):
    """Numbers of rows, of unique pairs, of those whose rows are all removed, and of those matched.

    With a language model, `kept` and `others` count the pairs with an entry by language.
    """

    pairs: int = 0
    unique: int = 0
    removed: int = 0
    matched: int = 0
    kept: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)

    def add(self, other: PairAccount) -> None:
        """Add the account of another task."""
        self.pairs += other.pairs
        self.unique += other.unique
        self.removed += other.removed
        self.matched += other.matched
        self.kept = _by_count(Counter(self.kept) + Counter(other.kept))
        self.others = _by_count(Counter(self.others) + Counter(other.others))

    def outcomes(self) -> dict[str, int]:
        """Return the number of pairs by outcome: duplicates and the reasons add up to `pairs`."""
        others = sum(self.others.values())
        return {
            "pairs": self.pairs,
            "unique_pairs": self.unique,
            "duplicates": self.pairs - self.unique,
            "no_match": self.unique - self.removed - others - self.matched,
            "other_language": others,
            "removed": self.removed,
            "matched": self.matched,
        }


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def find_matches(pairs: Tasks, engine: Engine) -> Tasks:
    """Return tasks that yield pairs with `id`, `state` and `entry_ids`; not unique.

    The engine reaches the workers as a broadcast variable; PySpark keeps its decoded value
    from task to task.

    Args:
        pairs: tasks that yield the columns of a pair, path, and `removed` where rows may be.
    """
    shared = pairs.given.sparkSession.sparkContext.broadcast(engine)
    make_rows = pairs.make_rows

    def match(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in make_rows(batches):
            found = shared.value.match(rows.column("text"))
            states = np.where(pc.list_value_length(found).to_numpy() > 0, STAYS, NO_MATCH)
            if "removed" in rows.schema.names:
                states[rows.column("removed").to_numpy(False)] = REMOVED
            columns = {
                "id": pair_bytes(rows.column("pair_id")),
                "state": states.astype(np.uint8),
                **{name: rows.column(name) for name in _OTHERS},
                "entry_ids": found,
            }
            yield pa.RecordBatch.from_pydict(columns)

    return Tasks(pairs.given, match)


def choose_targets(files: pa.Table) -> int:
    """Return the number of tasks of `keep_unique` for the pairs of files.

    Args:
        files: the accounts of the files, with `pairs`, null where they were not read.
    """
    pairs = pc.sum(files["pairs"]).as_py() or 0
    return min(_MOST_TASKS, 1 + pairs // _PAIRS_PER_TASK)


def keep_unique(
    found: Tasks, targets: int, model: LanguageModel | None, settings: LanguageSettings
) -> Tasks:
    """Return the tasks that yield the rows of `matches`, and note their PairAccount.

    The equal pair with the least (path, page_url, text_source) stays, so the order of tasks
    has no effect. A pair stays unless all its rows are removed.

    Args:
        found: see `find_matches`.
        targets: number of tasks.
    """
    context = found.given.sparkSession.sparkContext
    shared = None if model is None else context.broadcast(model)
    account = PairAccount()  # each task has a copy

    def keep(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        language_model = None if shared is None else shared.value
        for packs in collect_packs(batches):
            for parts in group(first_of_each(packs, account), _CHOSEN_BYTES):
                rows = pa.concat_tables(parts).combine_chunks()
                for first in rows.to_batches(BATCH_ROWS):
                    yield _choose_languages(first, language_model, settings, account)

    return Tasks(shuffle(found, targets), keep, lambda: msgspec.json.encode(account).decode())


def first_of_each(packs: Sequence[Pack], account: PairAccount) -> Iterator[pa.Table]:
    """Yield the first row of each pair that stays, in the order of packs; count all pairs."""
    ids, states = join(packs)
    removed, stays = states == REMOVED, states == STAYS
    order = np.lexsort((removed, ids[:, 1], ids[:, 0]))
    ids, removed = ids[order], removed[order]
    new = np.append(True, (ids[1:] != ids[:-1]).any(axis=1))
    account.pairs += len(order)
    account.unique += int(new.sum())
    account.removed += int((new & removed).sum())
    groups, single = np.empty(len(order), np.int64), np.empty(len(order), bool)
    groups[order], single[order] = np.cumsum(new), new & np.append(new[1:], True)
    first, several = stays & single, stays & ~single
    edges = np.cumsum([len(one.ids) for one in packs])[:-1]
    equal = _sort_equal(packs, np.split(groups, edges), np.split(several, edges))
    first[np.flatnonzero(several)[equal]] = True
    for pack, chosen in zip(packs, np.split(first, edges), strict=True):
        if chosen.any():
            rows = pack.read().filter(pa.array(chosen[pack.states == STAYS]))
            yield rows.append_column("pair_id", to_digits(pack.ids[chosen]))


def _sort_equal(
    packs: Sequence[Pack], groups: Sequence[NDArray[np.int64]], several: Sequence[NDArray[np.bool_]]
) -> NDArray[np.int64]:
    """Return the index of the first row of each group, in the order of _ORDER, among `several`."""
    parts = [
        pack.read()
        .select(_ORDER)
        .filter(pa.array(mask[pack.states == STAYS]))
        .append_column("group", pa.array(numbers[mask]))
        for pack, numbers, mask in zip(packs, groups, several, strict=True)
        if mask.any()
    ]
    if not parts:
        return np.empty(0, np.int64)
    rows = pa.concat_tables(parts).combine_chunks()
    # Backwards, since Arrow has nulls last, and Spark, as here, first.
    keys = [(name, "descending") for name in ("group", *_ORDER)]
    order = pc.sort_indices(rows, sort_keys=keys).to_numpy()[::-1]
    found = rows["group"].to_numpy()[order]
    first: NDArray[np.int64] = order[np.append(True, found[1:] != found[:-1])]
    return first


def _choose_languages(
    rows: pa.RecordBatch,
    model: LanguageModel | None,
    settings: LanguageSettings,
    account: PairAccount,
) -> pa.RecordBatch:
    """Return the rows in the languages that the settings keep, all without a model."""
    if model is None:
        account.matched += rows.num_rows
        return rows.append_column("language", pa.nulls(rows.num_rows, pa.string()))
    found = model.identify(rows.column("text"))
    languages = found.field("language")
    wanted = pc.greater_equal(found.field("score"), settings.min_score)
    if settings.keep:
        wanted = pc.and_(wanted, pc.is_in(languages, pa.array(settings.keep, pa.string())))
    wanted = pc.fill_null(wanted, False)
    kept, others = (languages.filter(mask) for mask in (wanted, pc.invert(wanted)))
    counted = PairAccount(matched=len(kept), kept=_count(kept), others=_count(others))
    account.add(counted)
    return rows.append_column("language", languages).filter(wanted)


def _count(languages: pa.StringArray) -> dict[str, int]:
    return Counter(languages.fill_null("unknown").to_pylist())


def keep_first(rows: DataFrame, *keys: str) -> DataFrame:
    """Return the first row, in the order of _ORDER, of each group with equal `keys`."""
    order = Window.partitionBy(*keys).orderBy(*_ORDER)
    ranked = rows.withColumn("_rank", F.row_number().over(order)).where(F.col("_rank") == 1)
    return ranked.drop("_rank")


def sum_accounts(notes: Iterable[str], crawl: str) -> PairAccount:
    """Return the account of all tasks.

    Raises:
        InputError: no text has an entry, or no match is in a language that stays.
    """
    total = PairAccount()
    for note in notes:
        total.add(msgspec.json.decode(note, type=PairAccount))
    if total.matched:
        return total
    if total.others:
        found = ", ".join(total.others)
        raise InputError("languages", "matched texts in languages that stay", f"only {found}")
    raise InputError(
        f"crawl {crawl}",
        "texts with entries of the metadata",
        f"0 of {total.pairs} texts match",
        "is it the right list, and of the language of the texts?",
    )
