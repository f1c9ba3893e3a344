"""The first row of each pair is found wherever batches are cut, and all rows are counted."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from metaclip.matching.unique_pairs import PairAccount, first_of_each

ROWS = st.lists(
    st.tuples(
        st.integers(0, 6),  # the pair
        st.booleans(),  # whether the row is removed
        st.integers(0, 9),  # the order of equal pairs
    ),
    max_size=40,
)
MATCHED = st.lists(st.booleans(), min_size=7, max_size=7)
CUTS = st.lists(st.integers(0, 40), max_size=6)
SCHEMA = pa.schema(
    [
        ("id", pa.binary()),
        ("removed", pa.bool_()),
        ("order", pa.int64()),
        ("entry_ids", pa.list_(pa.int32())),
    ]
)


@given(ROWS, MATCHED, CUTS)
def test_the_first_row_of_each_pair_stays(
    rows: list[tuple[int, bool, int]], matched: list[bool], cuts: list[int]
) -> None:
    rows = sorted(rows)
    table = pa.Table.from_pylist(
        [
            {
                "id": bytes([pair]) * 16,
                "removed": removed,
                "order": order,
                "entry_ids": [1] if matched[pair] else None,
            }
            for pair, removed, order in rows
        ],
        schema=SCHEMA,
    )
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    batches = [
        batch
        for begin, end in pairwise(edges)
        for batch in table.slice(begin, end - begin).combine_chunks().to_batches()
        or [pa.RecordBatch.from_pylist([], schema=SCHEMA)]
    ]
    account = PairAccount()
    found = [
        (row["id"][0], row["order"])
        for batch in first_of_each(batches, account)
        for row in batch.to_pylist()
    ]
    groups: dict[int, list[tuple[bool, int]]] = {}
    for pair, removed, order in rows:
        groups.setdefault(pair, []).append((removed, order))
    staying = {
        pair: [order for removed, order in group if not removed] for pair, group in groups.items()
    }
    assert found == [
        (pair, min(orders)) for pair, orders in staying.items() if orders and matched[pair]
    ]
    gone = sum(not orders for orders in staying.values())
    assert (account.pairs, account.unique, account.removed) == (len(rows), len(groups), gone)


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
