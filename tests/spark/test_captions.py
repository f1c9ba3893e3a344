"""Statistics of balanced samples of real captions; all draws are seeded.

Probabilities and counts are computed here once more, from the matches, with NumPy.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession

from metaclip.balance.sampling import t_from_size
from metaclip.config.command_line import load_config
from metaclip.curation.inputs import open_inputs
from metaclip.ingest.ledger import read_pairs
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.plan_balance import plan_balance
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, MATCHES
from tests.helpers.draws import draw_column, scored
from tests.helpers.runner import ROOT, Runner
from tests.helpers.shared_data import SHARED, needs_shared

Array = NDArray[Any]
SMALL = ROOT / "tests" / "data"
# Short enough for a look at a change, but too long for `make test`.
SMALL_POOL = pytest.param("small", marks=pytest.mark.long)
LARGE_POOL = pytest.param("large", marks=(pytest.mark.long, needs_shared))
TS = {"small": (20.0, 100.0, 500.0), "large": (20.0, 200.0, 2000.0)}


class Captions:
    """Matched captions, as arrays: one row a pair, sorted by pair_id."""

    def __init__(self, run: Runner, ts: tuple[float, ...]) -> None:
        self.run, self.ts = run, ts
        columns = ("pair_id", "image_id", "entry_ids", draw_column(0).alias("draw"))
        self.rows = run.warehouse.read(MATCHES).select(*columns).toArrow().sort_by("pair_id")
        self.pair_ids = self.rows["pair_id"].combine_chunks()
        self.draws = self.rows["draw"].to_numpy()
        ids = self.rows["entry_ids"].combine_chunks()
        self.starts, self.ids = ids.offsets.to_numpy()[:-1], ids.values.to_numpy()
        self.sizes = np.diff(ids.offsets.to_numpy())
        self.pairs = np.repeat(np.arange(len(self.sizes)), self.sizes)
        """The index of each match's pair."""

    def keep(self, t: float, among: Array | None = None) -> tuple[Array, Array]:
        """Return keep probabilities at t and entry counts, both among the pairs of a mask."""
        chosen = np.ones(len(self.sizes), bool) if among is None else among
        counts = np.bincount(self.ids[chosen[self.pairs]], minlength=int(self.ids.max()) + 1)
        drop = 1 - t / np.maximum(t, counts)
        return 1 - np.multiply.reduceat(drop[self.ids], self.starts), counts

    def by_entry(self, values: Array) -> Array:
        """Return the sum of `values` over the pairs of each entry."""
        return np.bincount(self.ids, values[self.pairs])

    def sample(self, curation: str, *settings: str) -> tuple[dict[str, Any], Array]:
        """Run sample_pairs; return its summary and a mask of the pairs that it keeps."""
        summary = self.run(sample_pairs, f"balance.curation={curation}", *settings)
        return summary, self.is_kept(curation)

    def is_kept(self, curation: str) -> Array:
        return self.mask_of(self.curated(curation))

    def mask_of(self, frame: DataFrame) -> Array:
        """Return a mask of the pairs that a frame has, each once."""
        found = frame.select("pair_id").toArrow()["pair_id"]
        mask = pc.is_in(self.pair_ids, value_set=found).to_numpy(zero_copy_only=False)
        assert mask.sum() == len(found)
        return np.asarray(mask)

    def curated(self, curation: str) -> DataFrame:
        return self.run.warehouse.read_partition(CURATED, {"curation": curation})


def words_of(captions: Path) -> Callable[[str], bool]:
    """Return a function that tells whether some caption has each word of an entry."""
    words = set(" ".join(pq.read_table(captions)["text"].to_pylist()).split())
    return lambda entry: all(word in words for word in entry.split())


def import_small(run: Runner, folder: Path) -> None:
    """Import 20,000 captions, and of 500,000 entries the few that can match one."""
    captions = SMALL / "captions/captions.parquet"
    entries = pq.read_table(SMALL / "metadata/entries.parquet")
    has_a_chance = words_of(captions)
    chosen = entries.filter(pa.array([has_a_chance(e) for e in entries["entry"].to_pylist()]))
    pq.write_table(chosen, folder / "entries.parquet")
    run(import_metadata, f"metadata.file={folder}/entries.parquet")
    run(import_pairs, f"crawl.files={captions}")


@pytest.fixture(scope="module", params=[SMALL_POOL, LARGE_POOL])
def captions(
    request: pytest.FixtureRequest, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Captions:
    """Return the matched pool."""
    folder = tmp_path_factory.mktemp(request.param)
    run = Runner(spark, folder / "warehouse")
    if request.param == "small":
        import_small(run, folder)
    else:
        run(import_metadata, f"metadata.file={SHARED}/metadata_500k.parquet")
        assert run(import_pairs, f"crawl.files={SHARED}/captions.parquet")["pairs"] == 740_834
    matched = run(match_entries)
    assert matched["unique_pairs"] == {"small": 19_999, "large": 738_628}[request.param]
    run(count_entries)
    return Captions(run, TS[request.param])


@pytest.fixture(scope="module")
def curations(captions: Captions) -> dict[float, tuple[dict[str, Any], Array]]:
    """Return for each t the summary of its curation and a mask of the pairs that it keeps."""
    return {t: captions.sample(f"t{t:g}", f"balance.t={t}") for t in captions.ts}


def test_ids_are_digests_of_the_urls_and_texts_of_the_file(captions: Captions) -> None:
    name = SMALL / "captions" if captions.ts == TS["small"] else SHARED
    table = pq.read_table(name / "captions.parquet", columns=["url", "text"])
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    expected = Counter(
        (
            hashlib.sha256(f"{url}\n{text}".encode()).hexdigest()[:32],
            hashlib.sha224(url.encode()).hexdigest()[:24],
        )
        for url, text in rows
        if url
    )
    pairs = read_pairs(captions.run.warehouse, "local").select("pair_id", "image_id").toArrow()
    assert Counter(zip(*(c.to_pylist() for c in pairs.columns), strict=True)) == expected


def assert_size(kept: float, keep: Array, sds: float = 4) -> None:
    sd = np.sqrt((keep * (1 - keep)).sum())
    assert abs(kept - keep.sum()) <= sds * sd, f"{(kept - keep.sum()) / sd:.1f} sd"


def assert_entries(captions: Captions, kept: Array, keep: Array, counts: Array, t: float) -> None:
    """Check that the number kept of each head entry is within 5 sd of the expected one.

    Below a variance of 25 the normal curve does not hold: where all pairs of an entry are
    nearly sure to be kept (sd 0.08), one dropped pair is 12 sd. There Chernoff's bound on the
    tail has to be at least the tail of a normal curve beyond 5 sd.
    """
    variance = captions.by_entry(keep * (1 - keep))
    found, expected, head = captions.by_entry(kept * 1.0), captions.by_entry(keep), counts >= t
    normal = head & (variance >= 25)
    assert (head & (variance > 0)).sum() > 5
    assert (np.abs(found - expected)[normal] <= 5 * np.sqrt(variance[normal])).all()
    log_bound = np.zeros(len(counts))
    for s in (-4, -2, -1, -0.5, -0.2, -0.1, 0.1, 0.2, 0.5, 1, 2, 4):
        cumulants = captions.by_entry(np.log1p(keep * np.expm1(s)))
        log_bound = np.minimum(log_bound, cumulants - s * found)
    assert log_bound[head].min() > np.log(2.87e-7)


def test_sizes_and_entries_are_those_that_probability_gives(
    captions: Captions, curations: dict[float, Any]
) -> None:
    before = captions.run.commits()
    plan = captions.run(plan_balance, f"plan.t={list(captions.ts)}")["plan"]
    assert captions.run.commits() == before
    for t, figures in zip(captions.ts, plan, strict=True):
        summary, kept = curations[t]
        keep, counts = captions.keep(t)
        assert np.array_equal(kept, captions.draws < keep)
        assert summary["actual_size"] == kept.sum()
        assert summary["expected_size"] == pytest.approx(keep.sum(), rel=1e-9)
        assert summary["expected_sd"] == pytest.approx(np.sqrt((keep * (1 - keep)).sum()))
        names = ("t", "tail_share", "actual_size", "expected_size", "expected_sd")
        assert [figures[name] for name in names] == pytest.approx([summary[name] for name in names])
        assert figures["head_entries"] == (counts >= t).sum()
        of_head = (counts >= t)[captions.ids]
        for side, chosen in (("head", of_head), ("tail", ~of_head)):
            pairs = captions.pairs[chosen]
            assert figures[f"{side}_expected_matches"] == pytest.approx(keep[pairs].sum())
            assert figures[f"{side}_actual_matches"] == kept[pairs].sum()
        assert_size(kept.sum(), keep)
        assert_entries(captions, kept, keep, counts, t)
        table = captions.run.warehouse.read_partition(CURATION_COUNTS, {"curation": f"t{t:g}"})
        by_entry = table.where("count > 0").toArrow().sort_by("entry_id")
        hit = counts > 0
        assert np.array_equal(by_entry["count"].to_numpy(), counts[hit])
        assert np.array_equal(by_entry["kept"].to_numpy(), captions.by_entry(kept * 1.0)[hit])
        assert np.allclose(by_entry["expected"].to_numpy(), captions.by_entry(keep)[hit])


def test_a_smaller_t_keeps_a_subset(captions: Captions, curations: dict[float, Any]) -> None:
    small, middle, large = (curations[t][1] for t in captions.ts)
    assert not (small & ~middle).any()
    assert not (middle & ~large).any()
    assert small.sum() < middle.sum() < large.sum()


def test_two_seeds_overlap_as_independent_draws_would(
    captions: Captions, curations: dict[float, Any]
) -> None:
    t = captions.ts[1]
    _, other = captions.sample("other", f"balance.t={t}", "balance.seed=1")
    keep, _ = captions.keep(t)
    assert_size(other.sum(), keep)
    assert_size((other & curations[t][1]).sum(), keep**2)


def test_sizes_are_met_exactly(captions: Captions) -> None:
    """Ten sizes, from 1,000 to the pool, and a curation of one more."""
    config = load_config(None, [f"warehouse={captions.run.root}"])
    pool = open_inputs(config, captions.run.warehouse)
    _, counts = captions.keep(1.0)
    entrances = scored(pool.matches, counts, 1.0).select("enters_at").toArrow()["enters_at"]
    for size in np.linspace(1000, len(captions.draws), 10).astype(int):
        t = t_from_size(pool.matches, counts, int(size))
        assert (entrances.to_numpy() <= t).sum() == size
    size = len(captions.draws) // 3
    summary, kept = captions.sample("sized", f"balance.size={size}")
    assert summary["actual_size"] == kept.sum() == size


def test_the_draws_are_as_likely_as_the_papers(
    captions: Captions, curations: dict[float, Any]
) -> None:
    """Toss each entry of a pair alone, 200 times; chi-square over 20 bins of probability."""
    t, rounds, bins = captions.ts[0], 200, 20
    chance = np.random.default_rng(0)
    keep, counts = captions.keep(t)
    probability = (t / np.maximum(t, counts))[captions.ids].astype(np.float32)
    times = np.zeros(len(keep))
    for _ in range(rounds):
        heads = chance.random(len(probability), np.float32) < probability
        times += np.logical_or.reduceat(heads, captions.starts)
    assert (times[keep == 1] == rounds).all()
    open_ = keep < 1
    place = np.minimum((keep * bins).astype(int), bins - 1)[open_]
    found, expected, variance = (
        np.bincount(place, values[open_], minlength=bins)
        for values in (times, rounds * keep, rounds * keep * (1 - keep))
    )
    chi_square = ((found - expected) ** 2 / variance).sum()
    # 20 degrees of freedom: above 45 one time in a thousand.
    assert chi_square < 45
    assert curations[t][1].any()
    curated = captions.curated(f"t{t:g}").select("pair_id", "keep_probability").toArrow()
    rows = pc.index_in(curated["pair_id"], value_set=captions.pair_ids).to_numpy()
    assert np.allclose(curated["keep_probability"].to_numpy(), keep[rows], rtol=1e-12)


def test_survivors_are_balanced_as_if_they_were_the_pool(
    captions: Captions, curations: dict[float, Any], tmp_path: Path
) -> None:
    """Balance 65 % of a curation anew at half its t."""
    t = captions.ts[0]
    kept = curations[t][1]
    survives = kept & (np.random.default_rng(0).random(len(kept)) < 0.65)
    pq.write_table(
        pa.table({"pair_id": captions.pair_ids.filter(survives)}), tmp_path / "list.parquet"
    )
    parent = (f"balance.parent=t{t:g}", f"balance.survivors={tmp_path}/list.parquet")
    summary, again = captions.sample("again", f"balance.t={t / 2}", *parent)
    assert summary["survivors"] == survives.sum()
    assert not (again & ~survives).any()
    keep, counts = captions.keep(t / 2, survives)
    keep = np.where(survives, keep, 0.0)
    assert summary["expected_size"] == pytest.approx(keep.sum())
    assert_size(again.sum(), keep)
    assert_entries(captions, again, keep, counts, t / 2)
    # The parent's own draws would keep 28 % too many of the large pool: the test detects it.
    unconditioned = survives & (captions.draws < keep)
    print(f"unconditioned: {unconditioned.sum() / keep.sum() - 1:.1%} too many")
    with pytest.raises(AssertionError, match="sd"):
        assert_size(unconditioned.sum(), keep)
    for size in (1000, int(survives.sum()) - 7):
        _, sized = captions.sample("again", f"balance.size={size}", *parent)
        assert sized.sum() == size
        assert not (sized & ~survives).any()


def test_each_text_of_an_image_is_as_likely(captions: Captions) -> None:
    """Counts stay, and the draw of a text is independent of the draw that keeps a pair."""
    t = captions.ts[1]
    summary, kept = captions.sample("one", f"balance.t={t}", "balance.texts_per_image=one")
    keep, _ = captions.keep(t)
    config = load_config(None, [f"warehouse={captions.run.root}", "balance.texts_per_image=one"])
    pool = open_inputs(config, captions.run.warehouse)
    chosen = captions.mask_of(pool.matches.frame())
    image = captions.rows["image_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    texts = np.bincount(image)
    assert np.array_equal(np.bincount(image, chosen), np.ones(len(texts)))
    assert np.array_equal(kept, chosen & (captions.draws < keep))
    assert summary["expected_size"] == pytest.approx(keep[chosen].sum())
    # Pairs are sorted by a hash: the position among an image's texts is as good as random.
    order = np.argsort(image, kind="stable")
    first = np.concatenate([[0], np.cumsum(texts)[:-1]])
    position = np.empty(len(image), int)
    position[order] = np.arange(len(image)) - first[image[order]]
    for count in (1, 2, 3, 5):
        of_these = chosen & (texts[image] == count)
        if of_these.sum() < 100:
            continue
        assert_size(kept[of_these].sum(), keep[of_these])
        found = np.bincount(position[of_these], minlength=count)
        mean = of_these.sum() / count
        # At most 4 degrees of freedom: above 23.5 one time in ten thousand.
        assert ((found - mean) ** 2 / mean).sum() < 23.5
    assert len({int(n) for n in texts}) > 1
