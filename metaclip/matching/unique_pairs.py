"""Find the unique pairs whose text has an entry, and account for the others.

Python tasks read and match the pairs, Spark brings equal pairs together, and Python tasks keep one
of each and write it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, field
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from metaclip.config.settings import LanguageSettings
from metaclip.errors import InputError
from metaclip.matching.engine import Engine
from metaclip.matching.languages import LanguageModel
from metaclip.warehouse.ids import PAIR_DIGITS, hex_digits
from metaclip.warehouse.tables import PAIR_SCHEMA
from metaclip.warehouse.tasks import Tasks

_ORDER = ("path", "page_url", "text_source", "warc_file", "warc_offset", "fetched_at", "source_id")
"""The sort order of equal pairs, of which the first stays; the last four columns break ties."""

_PAIRS = pa.schema([*PAIR_SCHEMA, ("path", pa.string())])
_FOUND = pa.schema([*_PAIRS, ("entry_ids", pa.list_(pa.int32()))])


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


def find_matches(pairs: Tasks, engine: Engine) -> DataFrame:
    """Return pairs with `entry_ids`, null where the text has no entry; not unique.

    The engine reaches the workers as a broadcast variable; PySpark keeps its decoded value
    for the life of a worker.

    Args:
        pairs: tasks that yield the columns of a pair, and path.
    """
    shared = pairs.given.sparkSession.sparkContext.broadcast(engine)
    make_rows = pairs.make_rows

    def match(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in make_rows(batches):
            found = shared.value.match(rows.column("text"))
            some = pc.if_else(pc.greater(pc.list_value_length(found), 0), found, None)
            columns = [rows.column(name) for name in _PAIRS.names]
            yield pa.RecordBatch.from_arrays([*columns, some], schema=_FOUND)

    return pairs.given.mapInArrow(match, from_arrow_schema(_FOUND))


def keep_unique(found: DataFrame, model: LanguageModel | None, settings: LanguageSettings) -> Tasks:
    """Return the tasks that yield the rows of `matches`, and note their PairAccount.

    The equal pair with the least (path, page_url, text_source) stays, so the order of tasks
    has no effect.

    Args:
        found: see `find_matches`, with `removed_by`; a pair stays unless all its rows are removed.
    """
    matched = F.col("entry_ids").isNotNull()
    others = [name for name in _FOUND.names if name not in ("pair_id", "entry_ids")]
    rows = found.select(
        # Half as long as its digits, of which each pair has its own.
        F.unhex("pair_id").alias("id"),
        (F.size("removed_by") > 0).alias("removed"),
        *(F.when(matched, F.col(name)).alias(name) for name in others),
        "entry_ids",
    )
    grouped = rows.repartition("id").sortWithinPartitions("id", "removed", *_ORDER)
    shared = None if model is None else found.sparkSession.sparkContext.broadcast(model)

    account = PairAccount()  # each task has a copy

    def keep(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for first in first_of_each(batches, account):
            rows = _complete(first)
            language_model = None if shared is None else shared.value
            yield _choose_languages(rows, language_model, settings, account)

    return Tasks(grouped, keep, lambda: msgspec.json.encode(account).decode())


def first_of_each(
    batches: Iterable[pa.RecordBatch], account: PairAccount
) -> Iterator[pa.RecordBatch]:
    """Yield the first rows of pairs that stay and have an entry, and count all rows.

    Args:
        batches: sorted by id, then by whether a row is removed.
    """
    last = b""  # no id
    for batch in batches:
        if not batch.num_rows:
            continue
        ids, removed = batch.column("id"), batch.column("removed")
        before = pa.concat_arrays([pa.array([last], ids.type), ids.slice(0, len(ids) - 1)])
        first = pc.not_equal(ids, before)
        account.pairs += batch.num_rows
        account.unique += pc.sum(first).as_py()
        account.removed += pc.sum(pc.and_(first, removed)).as_py()
        stays = pc.and_(pc.and_not(first, removed), batch.column("entry_ids").is_valid())
        yield batch.filter(stays)
        last = ids[-1].as_py()


def _complete(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows with `pair_id` and, still null, `language`."""
    columns: dict[str, Any] = {name: rows.column(name) for name in rows.schema.names}
    columns["pair_id"] = hex_digits(columns.pop("id").to_pylist(), PAIR_DIGITS)
    columns["language"] = pa.nulls(rows.num_rows, pa.string())
    del columns["removed"]
    return pa.RecordBatch.from_pydict(columns)


def _choose_languages(
    rows: pa.RecordBatch,
    model: LanguageModel | None,
    settings: LanguageSettings,
    account: PairAccount,
) -> pa.RecordBatch:
    """Return the rows in the languages that the settings keep, all without a model."""
    if model is None:
        account.matched += rows.num_rows
        return rows
    found = model.identify(rows.column("text"))
    languages = found.field("language")
    wanted = pc.greater_equal(found.field("score"), settings.min_score)
    if settings.keep:
        wanted = pc.and_(wanted, pc.is_in(languages, pa.array(settings.keep, pa.string())))
    wanted = pc.fill_null(wanted, False)
    kept, others = (languages.filter(mask) for mask in (wanted, pc.invert(wanted)))
    counted = PairAccount(matched=len(kept), kept=_count(kept), others=_count(others))
    account.add(counted)
    place = rows.schema.names.index("language")
    return rows.set_column(place, "language", languages).filter(wanted)


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
