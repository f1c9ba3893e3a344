"""Export a curation in the forms that training tools take."""

from __future__ import annotations

import io
import json
import logging

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from metaclip import __version__
from metaclip.config.settings import Config
from metaclip.curation.cards import gather_facts, render_all_counts
from metaclip.curation.export_folder import Folder
from metaclip.errors import InputError
from metaclip.removals.requests import mark_removed, read_removals
from metaclip.report.card_facts import CardFacts
from metaclip.report.croissant import render_croissant
from metaclip.report.hugging_face import render_readme
from metaclip.report.summaries import ExportSummary
from metaclip.warehouse.lineage import find_curation
from metaclip.warehouse.tables import CURATED
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

_BUCKET_BITS = 16
_UID = "^[0-9a-fA-F]{32}$"

Uids = NDArray[np.void]


def export_curation(config: Config, warehouse: Warehouse) -> ExportSummary:
    """Write the curation `balance.curation` to the folder `export.to`, all of it or nothing.

    Raises:
        InputError: no folder or no such curation, or removed pairs in it.
    """
    settings, name = config.export, config.balance.curation
    if settings.to is None:
        raise InputError("export.to", "a folder", "null")
    curation = find_curation(warehouse, name)
    curated = warehouse.read_partition(CURATED, {"curation": name})
    _require_no_removed(warehouse, curated, name)
    folder = Folder(warehouse.spark, settings.to, "export.to")
    try:
        with warehouse.stage("gather images"):
            images = gather_images(curated).persist()
            written = images.count()
        files = min(settings.files, written)
        with warehouse.stage("write images"):
            folder.write_parquet("images", deal_into_files(images, files), files)
            if settings.uids:
                folder.add_file("uids.npy", _as_npy(collect_uids(curated, f"curation {name}")))
        with warehouse.stage("write cards"):
            counts = render_all_counts(warehouse, name, curation.metadata_version)
            _write_cards(folder, gather_facts(warehouse, config.cards, curation, written, counts))
        row = {"curation": name, "images": written, "pairs": curation.actual_size}
        row |= {"curated_version": curation.curated_version, "t": curation.t}
        folder.publish(json.dumps({"metaclip": __version__, **row}) + "\n")
    finally:
        folder.discard()
    images.unpersist()
    log.info("%s images in %d files", f"{written:,}", files)
    return ExportSummary(name, written, curation.actual_size, files, settings.to)


def _require_no_removed(warehouse: Warehouse, curated: DataFrame, name: str) -> None:
    """Refuse removed pairs: a run of sample_pairs may overlap with a removal."""
    marked = mark_removed(curated, read_removals(warehouse))
    removed = marked.where("size(removed_by) > 0").count()
    if removed:
        raise InputError(
            f"curation {name}", "no removed pairs", f"{removed:,}", "run remove_pairs again"
        )


def _write_cards(folder: Folder, facts: CardFacts) -> None:
    """Write the entry counts, the Croissant card and the Hugging Face card."""
    for file in facts.counts:
        folder.write_text(file.name, file.text)
    folder.write_text("croissant.json", render_croissant(facts))
    folder.write_text("README.md", render_readme(facts))


def _as_npy(uids: Uids) -> bytes:
    stream = io.BytesIO()
    np.save(stream, uids)
    return stream.getvalue()


def gather_images(curated: DataFrame) -> DataFrame:
    """Return one row for each image of a curation, with its kept texts.

    Columns: url, caption (of the text with the greatest keep probability, of equal ones
    the least pair_id), captions and pair_ids (all, in that order, each pair once),
    image_id, source_id (of the caption's pair).
    """
    row = F.struct(
        (-F.col("keep_probability")).alias("order"),
        "pair_id",
        "crawl",
        "text",
        "image_url",
        "source_id",
    )
    grouped = curated.groupBy("image_id").agg(F.array_sort(F.collect_list(row)).alias("all"))
    # Under dedup: crawl a pair may have a row of each crawl.
    first = F.filter(
        "all", lambda row, at: (at == 0) | (row.pair_id != F.get("all", at - 1).pair_id)
    )
    once = grouped.withColumn("rows", first)
    return once.select(
        F.col("rows")[0].image_url.alias("url"),
        F.col("rows")[0].text.alias("caption"),
        F.col("rows.text").alias("captions"),
        F.col("rows.pair_id").alias("pair_ids"),
        "image_id",
        F.col("rows")[0].source_id.alias("source_id"),
    )


def deal_into_files(images: DataFrame, files: int) -> DataFrame:
    """Add the `file` of each row, 0 to files - 1, and put the rows of each file in order.

    All rows are ordered by a hash of their own and cut into files whose sizes differ by at
    most one, so that each file is a random sample of all. Nothing depends on how the rows
    come. Each file's rows are in one partition.
    """
    hashed = images.withColumn("order", F.xxhash64("image_id", F.lit("order")))
    # Buckets by the leading bits make the rank of a row without one sort over all rows.
    bucket = F.shiftright("order", 64 - _BUCKET_BITS).cast("int") + 2 ** (_BUCKET_BITS - 1)
    hashed = hashed.withColumn("bucket", bucket)
    counts = np.zeros(2**_BUCKET_BITS, dtype=np.int64)
    for row in hashed.groupBy("bucket").count().collect():
        counts[row.bucket] = row["count"]
    total = int(counts.sum())
    starts = np.cumsum(counts) - counts
    session = images.sparkSession
    before = session.createDataFrame(
        [(number, int(start)) for number, start in enumerate(starts) if counts[number]],
        "bucket int, start bigint",
    )
    order = Window.partitionBy("bucket").orderBy("order", "image_id")
    within = F.row_number().over(order) - 1
    ranked = hashed.withColumn("within", within).join(F.broadcast(before), on="bucket", how="inner")
    rank = F.col("start") + F.col("within")
    dealt = ranked.withColumn("rank", rank).withColumn(
        # bigint: exact up to 2^63 / files rows.
        "file",
        F.expr(f"cast(rank * {files} div {total} as int)"),
    )
    columns = (*images.columns, "file", "rank")
    ordered = dealt.select(*columns).repartition("file").sortWithinPartitions("file", "rank")
    return ordered.drop("rank")


def collect_uids(curated: DataFrame, where: str) -> Uids:
    """Return DataComp's uids of a curation, sorted and unique, of dtype u8,u8.

    Raises:
        InputError: a row whose source_id is not 32 hexadecimal digits.
    """
    bad = curated.where(F.col("source_id").isNull() | ~F.col("source_id").rlike(_UID))
    first = bad.orderBy("source_id").first()
    if first is not None:
        example = first.source_id or "null"
        found = f"{bad.count():,} of {curated.count():,} others, such as {example}"
        raise InputError(where, "a source_id of 32 hexadecimal digits in each row", found)
    unique = curated.select(F.unhex("source_id").alias("uid")).distinct().toArrow()["uid"]
    halves = np.frombuffer(b"".join(unique.to_pylist()), dtype=">u8,>u8")
    return np.sort(halves.astype("u8,u8"))
