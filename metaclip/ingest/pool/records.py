"""Judge the records of a pool: each gives pairs, or is dropped for one reason."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from metaclip.ingest.pool.opening import UNREADABLE
from metaclip.ingest.pool.values import Mask, as_strings, is_blank, is_list, plain

PAIR, MORE, BAD_RECORD, NO_URL, NO_TEXT = range(5)
"""States of a row. A record is one row, but one with n texts: PAIR, then n - 1 of MORE."""

BATCH_ROWS = 10_000


T = TypeVar("T")


def in_batches(items: Iterator[T]) -> Iterator[list[T]]:
    """Yield items in lists of BATCH_ROWS; those before an error first, and then raise it."""
    fault: Exception | None = None
    while fault is None:
        batch: list[T] = []
        try:
            batch.extend(islice(items, BATCH_ROWS))
        except UNREADABLE as error:
            fault = error
        if batch:
            yield batch
        elif fault is None:
            return
    raise fault


class Records(NamedTuple):
    """Records of a pool as its file has them: one element a record in each array."""

    url: pa.Array
    text: pa.Array
    """Strings, or lists of strings."""
    id: pa.Array
    bad: Mask
    """Records that can't be read."""
    where: dict[str, pa.Array]
    """The columns of `import.where`."""
    why: str = ""
    """The fault of the first bad record."""


class Rows(NamedTuple):
    """Judged records: rows with the columns of `import.where` beside them."""

    state: NDArray[np.int8]
    url: pa.StringArray
    text: pa.StringArray
    source_id: pa.StringArray
    where: dict[str, pa.Array]
    why: str


def judge(records: Records) -> Rows:
    """Return the rows of `records`, in their order."""
    urls, bad_urls = as_strings(records.url, "url")
    ids, bad_ids = as_strings(records.id, "id")
    bad = records.bad | bad_urls | bad_ids
    no_url = is_blank(urls)
    if is_list(plain(records.text).type):
        texts, owners, bad_texts = _listed(plain(records.text))
    else:
        texts, bad_texts = as_strings(records.text, "text")
        owners = None
    bad |= bad_texts
    why = records.why or ("bytes that are not UTF-8" if bad.any() else "")
    if owners is None:
        state = _states(bad, no_url, is_blank(texts))
        return Rows(state, urls, texts, ids, records.where, why)
    has_text = np.bincount(owners, minlength=len(bad)) > 0
    state = _states(bad, no_url, ~has_text)
    takes, chosen = _expand(state, owners)
    more = np.zeros(len(takes), np.bool_)
    more[1:] = takes[1:] == takes[:-1]
    return Rows(
        np.where(more, np.int8(MORE), state[takes]).astype(np.int8),
        urls.take(pa.array(takes)),
        texts.take(chosen),
        ids.take(pa.array(takes)),
        {name: values.take(pa.array(takes)) for name, values in records.where.items()},
        why,
    )


def _states(bad: Mask, no_url: Mask, no_text: Mask) -> NDArray[np.int8]:
    state = np.where(no_text, np.int8(NO_TEXT), np.int8(PAIR))
    state = np.where(no_url, np.int8(NO_URL), state)
    return np.where(bad, np.int8(BAD_RECORD), state).astype(np.int8)


def _listed(lists: pa.Array) -> tuple[pa.StringArray, NDArray[np.int64], Mask]:
    """Return the texts of all lists that are not blank, each one's record, and bad records."""
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    owners = np.repeat(np.arange(len(lists)), sizes)
    texts, bad_items = as_strings(lists.flatten(), "text")
    bad = np.zeros(len(lists), np.bool_)
    bad[owners[bad_items]] = True
    kept = ~is_blank(texts)
    return texts.filter(pa.array(kept)), owners[kept], bad


def _expand(
    state: NDArray[np.int8], owners: NDArray[np.int64]
) -> tuple[NDArray[np.int64], pa.Array]:
    """Return the record of each row, and the row's text or null, in the order of records."""
    pairs = np.flatnonzero(state[owners] == PAIR)
    others = np.flatnonzero(state != PAIR)
    takes = np.concatenate([owners[pairs], others])
    order = np.argsort(takes, kind="stable")
    chosen = pa.concat_arrays([pa.array(pairs, pa.int64()), pa.nulls(len(others), pa.int64())])
    return takes[order], chosen.take(pa.array(order))
