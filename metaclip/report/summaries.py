"""Declare the summary of each job: the fields of the last line of JSON that it prints.

A field that is UNSET is left out of the line.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from metaclip.balance.planning import PlanRow
from metaclip.metadata.lint import Finding
from metaclip.report.explanation import Explained


class MetadataSummary(Struct, frozen=True):
    """build_metadata, import_metadata, lint_metadata: a version, its entries, its findings."""

    metadata_version: str
    entries: int
    lint: dict[str, Finding] = {}
    sources: dict[str, object] | UnsetType = UNSET
    """Figures, files and drops of each source of a built list."""


class CrawlSummary(Struct, frozen=True):
    """extract_pairs, import_pairs: the sums of all accounts of a crawl's files."""

    crawl: str
    files: int
    status: dict[str, int]
    records: int
    pages: int
    images: int
    images_kept: int
    lazy_images: int
    pairs: int
    dropped_records: dict[str, int]
    dropped_images: dict[str, int]


class MatchSummary(Struct, frozen=True):
    """match_entries: pairs = duplicates + no_match + other_language + removed + matched."""

    pairs: int
    unique_pairs: int
    duplicates: int
    no_match: int
    other_language: int
    removed: int
    matched: int
    languages: dict[str, int] | UnsetType = UNSET
    """Matched pairs by language, where a model identified it."""
    other_languages: dict[str, int] | UnsetType = UNSET
    """Pairs dropped as other_language, by language."""


class CountSummary(Struct, frozen=True):
    """count_entries: matches, entries of the metadata, and entries with a match."""

    matches: int
    entries: int
    entries_hit: int


class InputSummary(Struct, frozen=True, kw_only=True):
    """The pairs that a curation is sampled from: whole crawls, or a parent's survivors."""

    crawls: list[str]
    parent: str | UnsetType = UNSET
    parent_size: int | UnsetType = UNSET
    survivors_key: str | UnsetType = UNSET
    survivors_listed: int | UnsetType = UNSET
    survivors_repeated: int | UnsetType = UNSET
    survivors: int | UnsetType = UNSET


class SampleSummary(InputSummary, frozen=True, kw_only=True):
    """sample_pairs: the curation, its t and tail share, its expected and actual size."""

    curation: str
    metadata_version: str
    t: float
    tail_share: float
    expected_size: float
    expected_sd: float
    actual_size: int


class PlanSummary(InputSummary, frozen=True, kw_only=True):
    """plan_balance: the figures of each t, and the t that `balance` asks for."""

    metadata_version: str
    matches: int
    chosen_t: float | None
    plan: list[PlanRow]


class ExplainSummary(Struct, frozen=True):
    """explain: the pairs or texts that were asked about."""

    pairs: list[Explained]


class ExportSummary(Struct, frozen=True):
    """export_pairs: the curation, and the folder that holds it now."""

    curation: str
    images: int
    pairs: int
    files: int
    to: str


class ReportSummary(Struct, frozen=True):
    """report_curation: the page, its size in bytes, and the charts beside it."""

    curation: str
    against: str | None
    page: str
    bytes: int
    charts: list[str]


class RegisterSummary(Struct, frozen=True):
    """register_tables: the database, and the tables and views that it names now."""

    database: str
    tables: list[str]
    views: list[str]


class RemoveSummary(Struct, frozen=True, kw_only=True):
    """remove_pairs: the list, if there was one, and the rows that were deleted."""

    kind: str | UnsetType = UNSET
    listed: int | UnsetType = UNSET
    new: int | UnsetType = UNSET
    matched_nothing: int | UnsetType = UNSET
    """Number of listed values that cover no row of any table."""
    deleted: dict[str, int]
    recounted: list[dict[str, str]]
    curations: dict[str, int]
    """Number of pairs that each curation has lost since it was sampled."""


class MaintainSummary(Struct, frozen=True):
    """maintain_tables: the tables that agree, and the files that compaction moved."""

    tables: list[str]
    stale: list[str]
    compacted: dict[str, dict[str, int]]
    vacuum_hours: float | None


class CurateSummary(Struct, frozen=True, kw_only=True):
    """curate: the summaries of the jobs that it ran."""

    import_metadata: MetadataSummary | UnsetType = UNSET
    build_metadata: MetadataSummary | UnsetType = UNSET
    extract_pairs: CrawlSummary | UnsetType = UNSET
    import_pairs: CrawlSummary | UnsetType = UNSET
    match_entries: MatchSummary
    count_entries: CountSummary
    sample_pairs: SampleSummary

    @property
    def files(self) -> CrawlSummary:
        """The summary of the job that read the files."""
        read = self.extract_pairs or self.import_pairs
        assert isinstance(read, CrawlSummary)
        return read
