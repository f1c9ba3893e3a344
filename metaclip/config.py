"""The settings of all jobs: their types and their defaults, written here and nowhere else.

`conf/default.yaml` shows and explains them; `command_line.py` reads them.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from metaclip.crawl.limits import ExtractionOptions
from metaclip.crawl.retries import RequestSettings
from metaclip.languages import LanguageSettings
from metaclip.matching.build import EngineName
from metaclip.matching.spacing import Spacing
from metaclip.redaction import HIDDEN, is_secret, redact

Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]+\Z", description="letters, digits, . _ -")]
Share = Annotated[float, Meta(ge=0, le=1)]
DEFAULT_T = 20_000.0
"""The paper's t for 400 million pairs (section 3.4)."""
_WAYS_TO_T = ("t", "tail_share", "size", "reference_matches")
SAFE_HOURS = 168.0
"""No job runs longer than a week; Delta's own default."""


class CrawlSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`crawl`: the files to read, and the name their pairs get."""

    name: Name = "local"
    files: str | list[str] = []
    prefix: str = ""
    kind: Literal["wat", "warc"] | None = None
    base: str = "https://data.commoncrawl.org/"
    limit: Annotated[int, Meta(ge=1)] | None = None
    retry: Literal["failed"] | None = None
    min_coverage: Share = 1.0
    batch_files: Annotated[int, Meta(ge=1)] = 1000
    requests: RequestSettings = RequestSettings()
    extraction: ExtractionOptions = ExtractionOptions()

    def __post_init__(self) -> None:
        if self.kind is None:
            return
        if self.files:
            raise ValueError("kind: expected to be null where crawl.files is set, found both")
        if not re.fullmatch(r"CC-MAIN-\d{4}-\d{2}", self.name):
            raise ValueError(
                "kind: expected crawl.name to be a snapshot such as CC-MAIN-2024-22, "
                f"found {self.name}"
            )


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
    reference_matches: Annotated[int, Meta(ge=1)] | None = None
    reference_t: float = DEFAULT_T
    seed: int = 0
    texts_per_image: Literal["all", "one"] = "all"
    parent: Name | None = None
    survivors: str | list[str] = []

    def __post_init__(self) -> None:
        for name, value in (("t", self.t), ("reference_t", self.reference_t)):
            if value is not None and not _is_threshold(value):
                raise ValueError(f"{name}: expected a finite number above 0, found {value}")
        if self.tail_share is not None and not 0 < self.tail_share < 1:
            raise ValueError(
                f"tail_share: expected a number above 0 and below 1, found {self.tail_share}"
            )
        if not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"seed: expected an integer of 64 bits, found {self.seed}")
        given = [name for name in _WAYS_TO_T if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"{given[0]}: expected at most one of {', '.join(_WAYS_TO_T[:-1])} and "
                f"{_WAYS_TO_T[-1]}, found {' and '.join(given)}"
            )
        if (self.parent is None) != (not self.survivors):
            lone = "survivors" if self.parent is None else "parent"
            raise ValueError(f"{lone}: expected parent and survivors together, found {lone} alone")
        if self.parent == self.curation:
            raise ValueError(
                f"parent: expected another curation than this one, found {self.parent}"
            )

    def asks_for_t(self) -> bool:
        """Return whether one of the ways to t is set."""
        return any(getattr(self, name) is not None for name in _WAYS_TO_T)


def _is_threshold(value: float) -> bool:
    return math.isfinite(value) and value > 0


class PlanSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`plan`: what to look at before sampling."""

    t: list[float] = []

    def __post_init__(self) -> None:
        for value in self.t:
            if not _is_threshold(value):
                raise ValueError(f"t: expected finite numbers above 0, found {value}")


class RemovalSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`removals`: the list of what has to go."""

    files: str | list[str] = []


class ExportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`export`: where a curation goes, and in which form."""

    to: str | None = None
    files: Annotated[int, Meta(ge=1)] = 1
    uids: bool = False


class ExplainSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`explain`: what is asked about, of one curation or all."""

    pair: str | None = None
    image: str | None = None
    text: str | None = None
    curation: Name | None = None


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
    languages: LanguageSettings = LanguageSettings()
    balance: BalanceSettings = BalanceSettings()
    plan: PlanSettings = PlanSettings()
    removals: RemovalSettings = RemovalSettings()
    export: ExportSettings = ExportSettings()
    explain: ExplainSettings = ExplainSettings()
    maintain: MaintainSettings = MaintainSettings()
    spark: dict[str, str | int | float | bool] = {}

    def to_json(self) -> str:
        """Return all settings but secrets as one line of JSON, keys sorted."""
        spark = {key: HIDDEN if is_secret(key) else value for key, value in self.spark.items()}
        shown = msgspec.structs.replace(self, spark=spark)
        return redact(msgspec.json.encode(shown, order="sorted").decode())

    def digest(self) -> str:
        """Return 16 hex digits that name these settings."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]


def with_metadata_version(config: Config, version: str) -> Config:
    """Return `config` with `metadata.version` set."""
    metadata = msgspec.structs.replace(config.metadata, version=version)
    return msgspec.structs.replace(config, metadata=metadata)
