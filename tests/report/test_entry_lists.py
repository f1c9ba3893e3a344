"""Lists of entries, by hand: the largest, those never hit, languages and sources."""

from __future__ import annotations

import pyarrow as pa

from metaclip.report.entry_lists import LARGEST, UNHIT, EntryGroup, NamedEntry, list_entries


def make(counts: list[int], kept: list[int]) -> tuple[pa.Table, pa.Table]:
    """Return curation_counts and entries named e0, e1 ..., the odd ones French titles."""
    ids = range(len(counts))
    table = {
        "entry_id": pa.array(ids, pa.int32()),
        "count": counts,
        "probability": [0.5] * len(counts),
        "expected": [number / 2 for number in counts],
        "kept": kept,
    }
    entries = {
        "entry_id": table["entry_id"],
        "entry": [f"e{number}" for number in ids],
        "language": pa.array([("fr" if number % 2 else None) for number in ids], pa.string()),
        "source": ["title" if number % 2 else "unigram" for number in ids],
    }
    return pa.table(table), pa.table(entries)


def test_the_largest_come_first_and_equal_ones_by_their_number() -> None:
    lists = list_entries(*make([3, 9, 0, 9, 1], [3, 2, 0, 4, 0]))
    assert [(one.entry, one.count) for one in lists.before] == [
        ("e1", 9),
        ("e3", 9),
        ("e0", 3),
        ("e4", 1),
    ]
    assert [(one.entry, one.kept) for one in lists.after] == [("e3", 4), ("e0", 3), ("e1", 2)]
    assert lists.before[0] == NamedEntry("e1", "fr", 9, 0.5, 4.5, 2)
    assert lists.before[2].language == ""


def test_groups_add_up_and_the_largest_comes_first() -> None:
    lists = list_entries(*make([3, 9, 0, 9, 1], [3, 2, 0, 4, 0]))
    assert lists.languages == [
        EntryGroup("fr", 2, 2, 2, 18, 6),
        EntryGroup("none", 3, 2, 1, 4, 3),
    ]
    assert [group.name for group in lists.sources] == ["title", "unigram"]


def test_entries_never_hit_are_spread_over_the_whole_list() -> None:
    assert list_entries(*make([1, 0, 0, 2], [0, 0, 0, 1])).unhit == ["e1", "e2"]
    assert list_entries(*make([1, 2], [1, 1])).unhit == []
    many = list_entries(*make([0] * 1000 + [1] * 50, [0] * 1050))
    assert (len(many.unhit), many.unhit[0], many.unhit[-1]) == (UNHIT, "e0", "e999")
    assert len(many.before) == LARGEST
