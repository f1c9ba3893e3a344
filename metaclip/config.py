"""The settings of all jobs: their types and their defaults, written here and nowhere else.

`conf/default.yaml` shows and explains them; `command_line.py` reads them.
"""

from __future__ import annotations

import hashlib
import math
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from metaclip.crawl.limits import ExtractionOptions
from metaclip.matching.build import EngineName
from metaclip.matching.spacing import Spacing

Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]+\Z", description="letters, digits, . _ -")]
Share = Annotated[float, Meta(ge=0, le=1)]
DEFAULT_T = 20_000.0
"""The paper's t for 400 million pairs (section 3.4)."""
SAFE_HOURS = 168.0
"""No job runs longer than a week; Delta's own default."""


class CrawlSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`crawl`: the files to read, and the name their pairs get."""

    name: Name = "local"
    files: str | list[str] = []
    prefix: str = ""
    min_coverage: Share = 1.0
    batch_files: Annotated[int, Meta(ge=1)] = 1000
    extraction: ExtractionOptions = ExtractionOptions()


class ImportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`import`: how a ready pool of pairs is read."""

    where: str | None = None


class MetadataSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`metadata`: the list of entries to import, and which version to match with."""

    file: str | None = None
    version: Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")] | None = None


class MatchingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`matching`: how entries are found in texts."""

    engine: EngineName = "compiled"
    spacing: Spacing = "reference"


class BalanceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`balance`: one curation, its inputs and its size."""

    curation: Name = "default"
    crawls: list[Name] = []
    dedup: Literal["all", "crawl"] = "all"
    t: float | None = None
    tail_share: float | None = None
    size: Annotated[int, Meta(ge=1)] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.t is not None and not (math.isfinite(self.t) and self.t > 0):
            raise ValueError(f"t: expected a finite number above 0, found {self.t}")
        if self.tail_share is not None and not 0 < self.tail_share < 1:
            raise ValueError(
                f"tail_share: expected a number above 0 and below 1, found {self.tail_share}"
            )
        if not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"seed: expected an integer of 64 bits, found {self.seed}")
        given = [name for name in ("t", "tail_share", "size") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"{given[0]}: expected at most one of t, tail_share and size, "
                f"found {' and '.join(given)}"
            )


class MaintainSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`maintain`: what the upkeep of the tables may do."""

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
    matching: MatchingSettings = MatchingSettings()
    balance: BalanceSettings = BalanceSettings()
    maintain: MaintainSettings = MaintainSettings()
    spark: dict[str, str | int | float | bool] = {}

    def to_json(self) -> str:
        """Return all settings as one line of JSON, keys sorted."""
        return msgspec.json.encode(self, order="sorted").decode()

    def digest(self) -> str:
        """Return 16 hex digits that name these settings."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]


def with_metadata_version(config: Config, version: str) -> Config:
    """Return `config` with `metadata.version` set."""
    metadata = msgspec.structs.replace(config.metadata, version=version)
    return msgspec.structs.replace(config, metadata=metadata)
