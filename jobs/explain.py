"""Explain a pair (--pair ID), the pairs of an image (--image URL) or any text (--text TEXT)."""

import sys

from pyspark.sql import functions as F

from metaclip.application import Summary, run_job
from metaclip.config.settings import Config, ExplainSettings
from metaclip.curation.explanation import Asked, Explainer, Found
from metaclip.errors import InputError
from metaclip.removals.requests import keys_of, read_removals
from metaclip.report.explanation import render_explanation
from metaclip.warehouse.ids import pair_id
from metaclip.warehouse.tables import EXTRACTIONS
from metaclip.warehouse.warehouse import Warehouse

FLAGS = {name: f"explain.{name}" for name in ("pair", "image", "text", "curation")}


def explain(config: Config, warehouse: Warehouse) -> Summary:
    """Say what was found in a text, with what chance it is kept, and where it came from."""
    explainer = Explainer(warehouse, config.explain.curation)
    explained = [explainer.explain(asked) for asked in _find_pairs(config.explain, warehouse)]
    return {"pairs": explained, "report": render_explanation(explained)}


def _find_pairs(settings: ExplainSettings, warehouse: Warehouse) -> list[Asked]:
    """Return each pair that is asked about; a text need not be of any.

    Raises:
        InputError: nothing is asked, or there is no such pair.
    """
    pair, image, text = settings.pair, settings.image, settings.text
    if (pair is None) == (image is None and text is None):
        raise InputError("explain", "either --pair, or --image, --text or both", "neither or more")
    if text is not None:
        wanted = None if image is None else pair_id(image, text)
        origins = _read_origins(warehouse, "pair_id", [wanted] if wanted else [])
        return [Asked(text, wanted, image, origins)]
    kind, value = ("pair_id", pair) if pair is not None else ("image_url", image)
    keys = keys_of(kind, str(value))
    column = kind.replace("_url", "_id")
    origins = _read_origins(warehouse, column, keys)
    if not origins:
        removals = read_removals(warehouse)
        removed = removals is not None and removals.keys.where(F.col("key").isin(keys)).count()
        found = "one that was removed" if removed else "none"
        raise InputError(f"--{'pair' if pair else 'image'} {value}", "a pair of the pool", found)
    asked: dict[str, Asked] = {}
    for row in origins:
        one = asked.setdefault(row["pair_id"], Asked(row["text"], row["pair_id"], row["image_url"]))
        one.origins.append(row)
    return list(asked.values())


def _read_origins(warehouse: Warehouse, column: str, keys: list[str]) -> list[Found]:
    if not keys or not warehouse.exists(EXTRACTIONS):
        return []
    pairs = warehouse.read(EXTRACTIONS).where("kind = 'pair'").select("crawl", "path", "pair.*")
    rows = pairs.where(F.col(column).isin(keys)).orderBy("pair_id", "crawl", "path", "page_url")
    times = rows.withColumn("fetched_at", F.col("fetched_at").cast("string"))
    return [row.asDict() for row in times.collect()]


if __name__ == "__main__":
    sys.exit(run_job("explain", __doc__, explain, FLAGS))
