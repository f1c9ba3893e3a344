"""The first row of each pair is found whatever pack it is in, and all pairs are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from operator import itemgetter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from metaclip.matching.shuffle import (
    NO_MATCH,
    REMOVED,
    STAYS,
    Pack,
    collect_packs,
    pack_pairs,
)
from metaclip.matching.unique_pairs import PairAccount, choose_targets, first_of_each

SOME = st.one_of(st.none(), st.sampled_from(["", "a", "b"]))
ROWS = st.lists(
    st.tuples(
        st.integers(0, 6),  # the pair
        st.booleans(),  # whether the row is removed
        st.tuples(st.sampled_from("xyz"), SOME, SOME),  # path, page_url and text_source
        st.integers(0, 3),  # the pack
    ),
    max_size=40,
)
MATCHED = st.lists(st.booleans(), min_size=7, max_size=7)
TEXTS = ("path", "page_url", "text_source", "warc_file", "source_id", "text")
SCHEMA = pa.schema(
    [
        ("id", pa.binary(16)),
        ("state", pa.uint8()),
        *((name, pa.string()) for name in TEXTS),
        ("warc_offset", pa.int64()),
        ("fetched_at", pa.timestamp("us", "UTC")),
    ]
)


KINDS: dict[str, Callable[[int], object]] = {
    **dict.fromkeys(("text_source", "warc_file", "source_id"), "abc".__getitem__),
    "warc_offset": int,
    "fetched_at": lambda number: datetime(2024, 1, 1 + number, tzinfo=UTC),
}
"""The columns that break ties, with their values of 0, 1 and 2."""


def as_kinds(order: Iterable[str | None], last: str) -> list[object]:
    """Return values of a row's order, the last as the column `last` has them."""
    *first, value = order
    return [*first, None if value is None else KINDS[last](["", "a", "b"].index(value))]


def nulls_first(order: Iterable[str | None]) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for value in order]


@given(ROWS, MATCHED, st.sampled_from(sorted(KINDS)))
def test_the_first_row_of_each_pair_stays(
    rows: list[tuple[int, bool, tuple[str | None, ...], int]], matched: list[bool], last: str
) -> None:
    """Path, page and any other column of the order decide; the others are null."""
    names = ["path", "page_url", last]
    packs = []
    for number in range(4):
        table = pa.Table.from_pylist(
            [
                {
                    "id": bytes([pair]) * 16,
                    "state": REMOVED if removed else STAYS if matched[pair] else NO_MATCH,
                    "text": f"{pair}",
                    **dict(zip(names, as_kinds(order, last), strict=True)),
                }
                for pair, removed, order, pack in rows
                if pack == number
            ],
            schema=SCHEMA,
        )
        packs += [pack for batch in pack_pairs(table.to_batches(), 1, 0) for pack in unpack(batch)]
    account = PairAccount()
    tables = list(first_of_each(packs, account)) if packs else []
    found = [
        (row["text"], row["pair_id"], [row[name] for name in names])
        for table in tables
        for row in table.to_pylist()
    ]
    groups: dict[int, list[tuple[bool, tuple[str | None, ...]]]] = {}
    for pair, removed, order, _ in rows:
        groups.setdefault(pair, []).append((removed, order))
    staying = {
        pair: [order for removed, order in group if not removed] for pair, group in groups.items()
    }
    assert sorted(found, key=itemgetter(0)) == [
        (f"{pair}", f"{pair:02x}" * 16, as_kinds(min(orders, key=nulls_first), last))
        for pair, orders in sorted(staying.items())
        if orders and matched[pair]
    ]
    gone = sum(not orders for orders in staying.values())
    assert (account.pairs, account.unique, account.removed) == (len(rows), len(groups), gone)


def unpack(batch: pa.RecordBatch) -> list[Pack]:
    [packs] = collect_packs([batch])
    return packs


def test_a_task_for_each_100000_pairs() -> None:
    for pairs, tasks in (([None], 1), ([99_999, None], 1), ([60_000, 40_000], 2), ([10**12], 2000)):
        files = pa.table({"pairs": pa.array(pairs, pa.int64())})
        assert choose_targets(files) == tasks


def test_accounts_add_up() -> None:
    total = PairAccount(pairs=3, unique=2, removed=1, matched=1, kept={"en": 1})
    total.add(PairAccount(pairs=9, unique=7, matched=3, kept={"de": 2, "en": 1}, others={"fr": 2}))
    assert total.kept == {"de": 2, "en": 2}
    assert total.outcomes() == {
        "pairs": 12,
        "unique_pairs": 9,
        "duplicates": 3,
        "no_match": 2,
        "other_language": 2,
        "removed": 1,
        "matched": 4,
    }
