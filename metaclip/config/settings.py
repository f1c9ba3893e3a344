"""Declare the settings of all jobs, with their types and defaults.

The larger sections are in `crawl.py`, `metadata.py` and `balance.py`. `conf/default.yaml` shows
and explains every setting; `command_line.py` reads them.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from metaclip.config.balance import BalanceSettings, PlanSettings
from metaclip.config.crawl import CrawlSettings, ImportSettings
from metaclip.config.metadata import BuildSettings, MetadataSettings
from metaclip.config.types import Name
from metaclip.redaction import HIDDEN, is_secret, redact

EngineName = Literal["compiled", "pyahocorasick"]
Spacing = Literal["reference", "symmetric"]

SAFE_HOURS = 168.0
"""Delta's own default: no job runs longer than a week."""


class MatchingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`matching`: the engine that finds entries in texts, and its spacing."""

    engine: EngineName = "compiled"
    spacing: Spacing = "reference"


class LanguageSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`languages`: the languages of matched texts that stay; all, without a model."""

    model: str | None = None
    keep: list[str] = []
    min_score: Annotated[float, Meta(ge=0, le=1)] = 0.0

    def __post_init__(self) -> None:
        if self.model is None and (self.keep or self.min_score):
            raise ValueError("model: expected a fastText model for what is kept, found null")


class RemovalSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`removals`: the list of pairs, images or domains to remove."""

    files: str | list[str] = []


class ExportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`export`: the folder and the form of an exported curation."""

    to: str | None = None
    files: Annotated[int, Meta(ge=1)] = 1
    uids: bool = False


class CardSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`cards`: what only the publisher knows; a card leaves out a value that is null."""

    name: str | None = None
    license: str | None = None
    creator: str | None = None
    contact: str | None = None
    url: str | None = None


class ReportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`report`: the folder of a curation's report, and the curation to compare with."""

    to: str | None = None
    against: Name | None = None


class CatalogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`catalog`: the database that tables are registered in."""

    database: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_]+\Z")] = "metaclip"


class ExplainSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`explain`: the pair, image or text to explain, by one curation or all."""

    pair: str | None = None
    image: str | None = None
    text: str | None = None
    curation: Name | None = None


class MaintainSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`maintain`: compaction and vacuum of the tables."""

    compact: bool = True
    vacuum_hours: Annotated[float, Meta(ge=0)] | None = SAFE_HOURS
    short_vacuum: bool = False

    def __post_init__(self) -> None:
        hours = self.vacuum_hours
        if hours is not None and hours < SAFE_HOURS and not self.short_vacuum:
            raise ValueError(
                f"vacuum_hours: expected at least {SAFE_HOURS:g} (a job that still runs would lose "
                "its files; where none does, set maintain.short_vacuum=true), "
                f"found {hours:g}"
            )


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of a job."""

    warehouse: Annotated[str, Meta(min_length=1)] = "warehouse"
    crawl: CrawlSettings = CrawlSettings()
    import_: ImportSettings = msgspec.field(name="import", default=ImportSettings())
    metadata: MetadataSettings = MetadataSettings()
    build: BuildSettings = BuildSettings()
    matching: MatchingSettings = MatchingSettings()
    languages: LanguageSettings = LanguageSettings()
    balance: BalanceSettings = BalanceSettings()
    plan: PlanSettings = PlanSettings()
    removals: RemovalSettings = RemovalSettings()
    export: ExportSettings = ExportSettings()
    cards: CardSettings = CardSettings()
    report: ReportSettings = ReportSettings()
    catalog: CatalogSettings = CatalogSettings()
    explain: ExplainSettings = ExplainSettings()
    maintain: MaintainSettings = MaintainSettings()
    spark: dict[str, str | int | float | bool] = {}

    def to_json(self) -> str:
        """Return all settings but secrets as one line of JSON, keys sorted."""
        spark = {key: HIDDEN if is_secret(key) else value for key, value in self.spark.items()}
        shown = msgspec.structs.replace(self, spark=spark)
        return redact(msgspec.json.encode(shown, order="sorted").decode())

    def digest(self) -> str:
        """Return 16 hex digits that identify these settings."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]


def with_metadata_version(config: Config, version: str) -> Config:
    """Return `config` with `metadata.version` set."""
    metadata = msgspec.structs.replace(config.metadata, version=version)
    return msgspec.structs.replace(config, metadata=metadata)
