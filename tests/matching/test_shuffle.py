"""All pairs arrive where their ids belong, whatever the number of targets and the memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaclip.matching import shuffle
from metaclip.matching.shuffle import STAYS, Pack, collect_packs, pack_pairs, to_digits, to_words

PAIRS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), max_size=60)
"""A pair, whose digits are a hash of it, and its state."""
TASKS = st.lists(PAIRS, min_size=1, max_size=4)
Arrived = list[tuple[str, int, str | None]]


def digits(pair: int) -> str:
    return md5(bytes([pair])).hexdigest()


def batches(pairs: list[tuple[int, int]], task: int, size: int) -> Iterator[pa.RecordBatch]:
    """Yield the pairs of a task, each with a text of its own."""
    for start in range(0, len(pairs), size):
        part = pairs[start : start + size]
        texts = [f"{task} {start + number} é" for number in range(len(part))]
        yield pa.record_batch(
            {
                "id": pa.array([bytes.fromhex(digits(pair)) for pair, _ in part], pa.binary(16)),
                "state": pa.array([state for _, state in part], pa.uint8()),
                "text": pa.array(texts, pa.string()),
                "entry_ids": pa.array([[pair] for pair, _ in part], pa.list_(pa.int32())),
            }
        )


def packed(tasks: list[list[tuple[int, int]]], targets: int, size: int) -> list[pa.RecordBatch]:
    return [
        batch
        for task, pairs in enumerate(tasks)
        for batch in pack_pairs(batches(pairs, task, size), targets, task)
    ]


def arrived(packs: list[Pack]) -> Arrived:
    """Return the digits, the state and the text of each pair, None where it does not stay."""
    found: Arrived = []
    for pack in packs:
        rows = pack.read()
        texts = iter(rows["text"].to_pylist())
        stays = to_digits(pack.ids[pack.states == STAYS]).to_pylist()
        assert [digits(pair) for [pair] in rows["entry_ids"].to_pylist()] == stays
        for pair, state in zip(to_digits(pack.ids).to_pylist(), pack.states.tolist(), strict=True):
            found.append((pair, state, next(texts) if state == STAYS else None))
        assert next(texts, None) is None
    return found


def sent(tasks: list[list[tuple[int, int]]]) -> Arrived:
    return [
        (digits(pair), state, f"{task} {number} é" if state == STAYS else None)
        for task, pairs in enumerate(tasks)
        for number, (pair, state) in enumerate(pairs)
    ]


@given(TASKS, st.integers(1, 5), st.integers(1, 7), st.randoms(use_true_random=False))
def test_each_target_has_all_pairs_of_its_ids_in_order(
    tasks: list[list[tuple[int, int]]], targets: int, size: int, chance: random.Random
) -> None:
    made = packed(tasks, targets, size)
    chance.shuffle(made)
    everything: Arrived = []
    of_target: list[set[str]] = []
    for target in range(targets):
        here = [batch.filter(pc.equal(batch["target"], target)) for batch in made]
        lists = list(collect_packs(batch for batch in here if batch.num_rows))
        assert len(lists) <= 1
        found = arrived([pack for packs in lists for pack in packs])
        ids = {pair for pair, _, _ in found}
        assert found == [row for row in sent(tasks) if row[0] in ids]
        everything += found
        of_target.append(ids)
    assert sorted(everything, key=str) == sorted(sent(tasks), key=str)
    assert sum(map(len, of_target)) == len(set().union(*of_target))


@pytest.mark.parametrize("begun", [0, 1])
def test_too_many_packs_are_divided_on_disk(
    begun: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With memory for no pack, or for one."""
    chance = random.Random(0)
    tasks = [[(chance.randrange(256), chance.randrange(3)) for _ in range(500)] for _ in range(3)]
    monkeypatch.setattr(shuffle, "_TASK_BYTES", 2000)
    made = packed(tasks, 1, 40)
    monkeypatch.setattr(shuffle, "_MEMORY_BYTES", begun * made[0].nbytes)
    monkeypatch.setenv("SPARK_LOCAL_DIRS", str(tmp_path))
    before: set[str] = set()
    everything: Arrived = []
    lists = 0
    for packs in collect_packs(iter(made)):
        lists += 1
        found = arrived(packs)
        ids = {pair for pair, _, _ in found}
        assert not ids & before
        assert min(ids) > max(before, default="")
        before |= ids
        everything += found
        assert not list(tmp_path.iterdir())  # files without a name
    assert lists > 10
    assert sorted(everything, key=str) == sorted(sent(tasks), key=str)


def test_words_sort_as_digits_do() -> None:
    pairs = [digits(pair) for pair in range(200)]
    ids = pa.chunked_array([pa.array(map(bytes.fromhex, pairs), pa.binary(16))])
    both = pa.chunked_array([ids.chunk(0).slice(0, 70), ids.chunk(0).slice(70)])
    words = to_words(both)
    assert to_digits(words).to_pylist() == pairs
    assert sorted(range(200), key=pairs.__getitem__) == sorted(
        range(200), key=lambda number: tuple(words[number])
    )
