"""Compile the kernels once a machine: `python -m metaclip.setup.kernels`.

Otherwise the first task of each kind compiles them, which takes some 30 seconds.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from metaclip.balance.expectation import SIZES, group_by_entry, sum_rows
from metaclip.balance.probability import enters_at, keep_probability
from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.page import Page
from metaclip.crawl.pair_batch import PairBatch
from metaclip.crawl.wat.reader import WatReader
from metaclip.matching.engine import build_engine


def main() -> None:
    """Run every kernel on one row of each type that Spark passes to it."""
    engine = build_engine("compiled", ["a", "a b"], "reference")
    for kind in (pa.string(), pa.large_string()):
        ids = engine.match(pa.array(["a b"], kind))
    _extract_a_page()
    counts, draws = np.ones(2), pa.array([0.5])
    keep_probability(ids, counts, 1.0)
    enters_at(ids, counts, draws)
    batch = pa.record_batch([ids, draws, pa.array([1])], ["entry_ids", "draw", "draw_rows"])
    next(sum_rows(iter([batch]), counts, [1.0], group_by_entry(np.ones(2, np.int64)), SIZES))
    print("Kernels: compiled and cached")


def _extract_a_page() -> None:
    link = b'{"path":"IMG@/src","url":"http://example.org/i.png","alt":"a"}'
    page = b'{"HTTP-Response-Metadata":{"HTML-Metadata":{"Links":[' + link + b"]}}}"
    batch = PairBatch()
    block = b'{"Envelope":{"Payload-Metadata":' + page + b"}}"
    found = WatReader(ExtractionOptions(), batch).read(block)
    assert isinstance(found, Page)
    assert batch.take().num_rows == 1


if __name__ == "__main__":
    main()
