"""Explanations, against a computation by hand and against the sampled pairs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import SparkSession

from metaclip.config.command_line import parse_arguments
from metaclip.errors import InputError
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.explain import explain, render
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.ids import pair_id
from metaclip.warehouse.tables import CURATED
from tests.helpers.runner import Runner

CAT = "http://example.org/cat.jpg"
FIRST = pair_id(CAT, "a cat")  # its draw at seed 0 is 0.6244281616445617
T = 2.0


@pytest.fixture(scope="module")
def pool(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Return two curations of a pool: entry `a` in 8 pairs, `cat` in 5, `dog` in 3."""
    folder = tmp_path_factory.mktemp("pool")
    texts = [
        "a cat",
        "cat, a cat",
        "no entry",
        "a dog",
        "a dog ",
        "a cat.",
        "a  cat",
        "a",
        "a dog!",
    ]
    lines = [{"url": CAT, "text": text} for text in texts[:3]]
    lines += [{"url": f"http://example.org/{n}", "text": text} for n, text in enumerate(texts[3:])]
    lines.append({"url": "http://example.org/x", "text": "cat"})
    (folder / "pool.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "entries.json").write_text('["a", "cat", "dog", "never"]')
    run = Runner(spark, folder / "warehouse")
    run(import_metadata, f"metadata.file={folder}/entries.json")
    run(import_pairs, f"crawl.files={folder}/pool.jsonl")
    for step in (match_entries, count_entries):
        run(step)
    run(sample_pairs, f"balance.t={T}")
    run(sample_pairs, "balance.t=100", "balance.curation=everything")
    return run


def asked(run: Runner, **settings: str) -> list[dict[str, Any]]:
    pairs: list[dict[str, Any]] = run(
        explain, *(f"explain.{name}={json.dumps(value)}" for name, value in settings.items())
    )["pairs"]
    return pairs


def test_a_pair_is_explained_as_worked_by_hand(pool: Runner) -> None:
    summary = pool(explain, f"explain.pair='{FIRST}'")
    (pair,) = summary["pairs"]
    assert pair["spaced_text"] == " a cat "
    (origin,) = pair["found_at"]
    assert (origin["crawl"], origin["path"], origin["image_url"]) == ("local", "pool.jsonl", CAT)
    by_name = {judged["curation"]: judged for judged in pair["curations"]}
    judged = by_name["default"]
    assert judged["entries"] == [
        {"entry_id": 0, "entry": "a", "positions": [1], "count": 8, "probability": 0.25},
        {"entry_id": 1, "entry": "cat", "positions": [3], "count": 5, "probability": 0.4},
    ]
    assert judged["keep_probability"] == pytest.approx(1 - 0.75 * 0.6)
    assert judged["draw"] == 0.6244281616445617
    assert not judged["kept"]
    assert judged["why"].startswith("not kept: the draw 0.624428 is not below")
    # 1 - (1 - t/8)(1 - t/5) = draw, solved for t
    draw = judged["draw"]
    assert judged["enters_at"] == pytest.approx((13 - (169 - 160 * draw) ** 0.5) / 2)
    assert by_name["everything"]["kept"]
    assert by_name["everything"]["keep_probability"] == 1.0
    for words in (FIRST, "[ a cat ]", "0.6244281616445617", "crawl local, file pool.jsonl"):
        assert words in pool.report(render)


def test_each_pair_is_explained_as_it_was_sampled(pool: Runner) -> None:
    """Probability, draw and entrance of kept and of other pairs are equal, bit for bit."""
    everything = pool.warehouse.read_partition(CURATED, {"curation": "everything"}).collect()
    kept = {
        row.pair_id: (row.keep_probability, row.draw, row.enters_at)
        for row in pool.warehouse.read_partition(CURATED, {"curation": "default"}).collect()
    }
    assert 0 < len(kept) < len(everything)
    others = [row for row in everything if row.pair_id not in kept]
    for row in [next(r for r in everything if r.pair_id in kept), others[0]]:
        (pair,) = asked(pool, pair=row.pair_id, curation="default")
        (judged,) = pair["curations"]
        assert [entry["entry_id"] for entry in judged["entries"]] == row.entry_ids
        assert judged["kept"] == (row.pair_id in kept)
        assert (judged["draw"], judged["enters_at"]) == (row.draw, row.enters_at)
        assert judged["kept"] == (judged["draw"] < judged["keep_probability"])
        if judged["kept"]:
            found = (judged["keep_probability"], judged["draw"], judged["enters_at"])
            assert found == kept[row.pair_id]


def test_all_pairs_of_an_image_are_explained(pool: Runner) -> None:
    pairs = asked(pool, image="HTTP://example.org/cat.jpg", curation="default")
    assert {pair["text"] for pair in pairs} == {"a cat", "cat, a cat", "no entry"}
    bare = next(pair for pair in pairs if pair["text"] == "no entry")["curations"][0]
    assert (bare["entries"], bare["keep_probability"]) == ([], 0.0)
    assert bare["why"] == "not kept: no entry is found in the text"


def test_a_text_outside_of_the_pool_is_explained(pool: Runner) -> None:
    (found,) = asked(pool, text="never, dog", curation="default")
    assert (found["pair_id"], found["found_at"]) == (None, [])
    (judged,) = found["curations"]
    assert [(e["entry"], e["count"], e["probability"]) for e in judged["entries"]] == [
        ("dog", 3, pytest.approx(2 / 3)),
        ("never", 0, 1.0),
    ]
    assert (judged["keep_probability"], judged["draw"]) == (1.0, None)
    (found,) = asked(pool, text="a cat", image=CAT, curation="default")
    assert found["pair_id"] == FIRST
    assert found["curations"][0]["draw"] == 0.6244281616445617
    (found,) = asked(pool, text="dog", image=CAT, curation="default")
    assert found["curations"][0]["why"] == "not kept: the pair is in none of the crawls local"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([], "explain: expected either --pair, or --image, --text or both, found neither"),
        (["explain.pair=x", "explain.text=y"], "explain: expected either --pair"),
        ([f"explain.pair='{'0' * 32}'"], f"--pair {'0' * 32}: expected a pair of the pool"),
        (["explain.pair=cat"], "--pair cat: expected a pair of the pool, found none"),
        (["explain.image=http://a.org/"], "--image http://a.org/: expected a pair of the pool"),
        (["explain.text=a", "explain.curation=z"], "curation: expected one of the warehouse"),
    ],
)
def test_an_unknown_pair_or_curation_is_refused(
    pool: Runner, settings: list[str], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        pool(explain, *settings)
    assert message in str(caught.value)


def test_a_text_on_the_command_line_is_no_yaml() -> None:
    flags = {"pair": "explain.pair", "text": "explain.text"}
    config = parse_arguments("", ["--text", "3.5: [a", "--set", "balance.t=3"], flags)
    assert (config.explain.text, config.explain.pair, config.balance.t) == ("3.5: [a", None, 3.0)
