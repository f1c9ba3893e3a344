"""Turn judged rows of pool files into rows of `extractions`: pairs and each file's account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from metaclip.crawl.extraction import FileAccount
from metaclip.crawl.files.listing import SourceFile
from metaclip.ingest.file_rows import add_progress, file_row, pair_rows
from metaclip.ingest.pool.reading import OURS
from metaclip.ingest.pool.records import BAD_RECORD, MORE, NO_TEXT, NO_URL, PAIR
from metaclip.spark.progress import ProgressAccumulator
from metaclip.warehouse.ids import id_arrays
from metaclip.warehouse.tables import PAIR_SCHEMA

_DROPPED_IMAGES = {"no_url": NO_URL, "no_text": NO_TEXT}


def finish_rows(
    batches: Iterable[pa.RecordBatch],
    files: Sequence[SourceFile],
    read_as: str,
    progress: ProgressAccumulator | None,
) -> Iterator[pa.RecordBatch]:
    """Yield pairs, and after those of each file its account.

    Args:
        batches: of ROW_SCHEMA, all rows of a file together. A further column, OURS + "keep",
            is false for rows that `import.where` excludes.
    """
    account = FileAccount()
    for batch in batches:
        for rows in _by_file(batch):
            file = files[rows.column(f"{OURS}file")[0].as_py()]
            pairs = _take(rows, account)
            if pairs.num_rows:
                yield pair_rows(file.path, _with_ids(pairs))
            end = rows.column(f"{OURS}end")[-1].as_py()
            if end is not None:
                seconds = _close(account, end)
                yield file_row(file, account, seconds, read_as)
                add_progress(progress, file, account)
                account = FileAccount()


def _by_file(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    if not batch.num_rows:
        return
    indices = batch.column(f"{OURS}file").to_numpy()
    cuts = [0, *(np.flatnonzero(np.diff(indices)) + 1), batch.num_rows]
    for begin, end in pairwise(cuts):
        yield batch.slice(begin, end - begin)


def _take(rows: pa.RecordBatch, account: FileAccount) -> pa.RecordBatch:
    """Count the rows of one file; return those that are pairs."""
    state = rows.column(f"{OURS}state").fill_null(-1).to_numpy()
    keep = np.ones(len(state), np.bool_)
    if f"{OURS}keep" in rows.schema.names:
        keep = rows.column(f"{OURS}keep").to_numpy(zero_copy_only=False).astype(np.bool_)
    records = (state >= 0) & (state != MORE)
    bad = int(np.count_nonzero(state == BAD_RECORD))
    unwanted = int(np.count_nonzero(records & (state != BAD_RECORD) & ~keep))
    pairs = ((state == PAIR) | (state == MORE)) & keep
    account.records += int(np.count_nonzero(records))
    kept = int(np.count_nonzero((state == PAIR) & keep))
    account.images_kept += kept
    account.pairs += int(np.count_nonzero(pairs))
    _count(account.dropped_records, "bad_record", bad)
    _count(account.dropped_records, "where", unwanted)
    images = kept
    for reason, code in _DROPPED_IMAGES.items():
        number = int(np.count_nonzero((state == code) & keep))
        _count(account.dropped_images, reason, number)
        images += number
    # A record of a pool is a page with one image.
    account.pages += images
    account.images += images
    return rows.filter(pa.array(pairs))


def _count(counts: dict[str, int], reason: str, number: int) -> None:
    if number:
        counts[reason] = counts.get(reason, 0) + number


def _close(account: FileAccount, end: dict[str, str | int | float | None]) -> float:
    """Set status, error and size of a file that was read to its end; return the seconds."""
    account.bytes = int(end["bytes"] or 0)
    bad = account.dropped_records.get("bad_record", 0)
    if end["error"] is not None:
        account.error = str(end["error"])
        account.status = "partial" if account.pages else "failed"
    elif bad and bad == account.records:
        account.error, account.status = f"no record can be read: {end['bad']}", "failed"
    else:
        account.error, account.status = None, "done"
    return float(end["seconds"] or 0.0)


def _with_ids(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return pairs in PAIR_SCHEMA; what only a crawl knows is null."""
    urls, texts = rows.column(f"{OURS}url"), rows.column(f"{OURS}text")
    pair_ids, image_ids = id_arrays(urls, texts)
    found = {
        "pair_id": pair_ids,
        "image_id": image_ids,
        "image_url": urls,
        "text": texts,
        "source_id": rows.column(f"{OURS}source_id"),
    }
    arrays = [
        found[field.name] if field.name in found else pa.nulls(rows.num_rows, field.type)
        for field in PAIR_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=PAIR_SCHEMA)
