"""Export a curation for training tools: images in Parquet files, counts, DataComp's uids."""

import io
import json
import sys

import numpy as np

from metaclip import __version__
from metaclip.application import Summary, log, run_job
from metaclip.config.settings import Config
from metaclip.curation.export import collect_uids, deal_into_files, gather_images, render_counts
from metaclip.curation.export_folder import Folder
from metaclip.errors import InputError
from metaclip.removals.requests import mark_removed, read_removals
from metaclip.warehouse.lineage import find_curation
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, METADATA
from metaclip.warehouse.warehouse import Warehouse


def export_pairs(config: Config, warehouse: Warehouse) -> Summary:
    """Write the curation `balance.curation` to the folder `export.to`, all of it or nothing."""
    settings, partition = config.export, {"curation": config.balance.curation}
    if settings.to is None:
        raise InputError("export.to", "a folder", "null")
    curation = find_curation(warehouse, config.balance.curation)
    curated = warehouse.read_partition(CURATED, partition)
    _require_no_removed(warehouse, config)
    folder = Folder(warehouse.spark, settings.to, "export.to")
    try:
        images = gather_images(curated).persist()
        written = images.count()
        files = min(settings.files, written)
        folder.write_parquet("images", deal_into_files(images, files), files)
        if settings.uids:
            stream = io.BytesIO()
            np.save(stream, collect_uids(curated, f"curation {curation.curation}"))
            folder.add_file("uids.npy", stream.getvalue())
        counts = warehouse.read_partition(CURATION_COUNTS, partition)
        entries = warehouse.read_partition(
            METADATA, {"metadata_version": curation.metadata_version}
        ).select("entry_id", "entry")
        folder.write_text("pool_counts.json", render_counts(counts, entries, "count"))
        folder.write_text("curation_counts.json", render_counts(counts, entries, "kept"))
        summary = {**partition, "images": written, "pairs": curation.actual_size}
        row = {**summary, "curated_version": curation.curated_version, "t": curation.t}
        folder.publish(json.dumps({"metaclip": __version__, **row}) + "\n")
    finally:
        folder.discard()
    images.unpersist()
    log.info("export_pairs     %s images in %d files", f"{written:,}", files)
    return {**summary, "files": files, "to": settings.to}


def _require_no_removed(warehouse: Warehouse, config: Config) -> None:
    """A run of sample_pairs may have begun before a removal and ended after it."""
    curated = warehouse.read_partition(CURATED, {"curation": config.balance.curation})
    marked = mark_removed(curated, read_removals(warehouse))
    gone = marked.where("size(removed_by) > 0").count()
    if gone:
        where = f"curation {config.balance.curation}"
        raise InputError(where, "no removed pairs", f"{gone:,}", "run remove_pairs again")


if __name__ == "__main__":
    sys.exit(run_job("export_pairs", __doc__, export_pairs))
