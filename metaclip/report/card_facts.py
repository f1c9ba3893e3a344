"""Gather the facts of the cards: figures, files, the publisher's settings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from metaclip.config.settings import CardSettings
from metaclip.report.funnel import Funnel
from metaclip.report.page import Step, list_steps


@dataclass(frozen=True)
class TextFile:
    """A small file of the export, with its content and a description."""

    name: str
    text: str
    description: str

    @property
    def sha256(self) -> str:
        """The hash of the file's bytes, in hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class CardFacts:
    """The facts of one exported curation.

    Attributes:
        row: the curation's row of `curations`.
        images: rows of the Parquet files, one for each image.
        languages: pairs by the language of the text, largest first.
    """

    settings: CardSettings
    row: Row
    funnel: Funnel
    images: int
    languages: dict[str, int]
    counts: Sequence[TextFile]

    @property
    def name(self) -> str:
        """The publisher's name of the data set, or the curation's."""
        return self.settings.name or str(self.row.curation)

    @property
    def steps(self) -> list[Step]:
        """The lines of the funnel."""
        return list_steps(self.funnel)

    @property
    def description(self) -> str:
        """The figures in a few sentences."""
        row = self.row
        removed = f" {row.removed:,} pairs were removed since." if row.removed else ""
        return (
            f"{row.actual_size:,} image-text pairs of {self.images:,} images from "
            f"{', '.join(row.crawls)}, balanced over metadata entries as in Demystifying CLIP Data "
            f"(Xu et al., 2023), at t = {row.t:.17g} with a tail share of {row.tail_share:.4f}."
            f"{removed} The rows hold URLs and texts, not the images."
        )


def count_languages(curated: DataFrame) -> dict[str, int]:
    """Return the number of pairs by language, largest first; texts without one are left out."""
    known = curated.where(F.col("language").isNotNull())
    rows = known.groupBy("language").count().orderBy(F.desc("count"), "language").collect()
    return {row.language: row["count"] for row in rows}
