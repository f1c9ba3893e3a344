"""Declare the settings of metadata: the list to import, the sources to build one from."""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=1)]
LanguageCode = Annotated[str, Meta(pattern=r"\A[A-Za-z][A-Za-z0-9-]*\Z")]
Version = Annotated[str, Meta(pattern=r"\A([0-9a-f]{16}|newest)\Z")]
VersionId = Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")]


class MetadataSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`metadata`: the list of entries to import or build, and the version to match with."""

    file: str | None = None
    build: bool = False
    version: Version | None = None
    old: VersionId | None = None
    new: VersionId | None = None


class WikipediaSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`build.wikipedia`: the texts whose words are counted."""

    dumps: str | list[str] = []
    texts: str | list[str] = []
    text_column: str = "text"
    max_page_characters: Count = 8 * 1024 * 1024
    """Characters of a page's wikitext; a longer page is dropped as `too_large`."""
    page_seconds: Annotated[float, Meta(gt=0)] = 10.0
    """CPU time of a page; one that takes longer is dropped as `page_timeout`."""
    page_memory: Annotated[int, Meta(ge=2**27)] = 2**30
    """Address space of the parsing process, in bytes; else `page_memory` or `parser_crash`."""


class UnigramSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`build.unigrams`: words by their count."""

    counts: str | list[str] = []
    min_count: Count = 100
    top: Count | None = None


class BigramSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`build.bigrams`: adjacent words by pointwise mutual information (PMI)."""

    min_count: Count = 100
    min_pmi: float | None = None
    top: Count | None = 100_646
    """The number that the paper's bigrams added (appendix A)."""

    def __post_init__(self) -> None:
        if self.min_pmi is not None and not math.isfinite(self.min_pmi):
            raise ValueError(f"min_pmi: expected a finite number, found {self.min_pmi}")


class TitleSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`build.titles`: titles of Wikipedia's pages by views."""

    pageviews: str | list[str] = []
    domain: LanguageCode | None = None
    namespaces: list[str] = []
    min_hourly_views: Count = 1
    min_views: Count = 1
    top: Count | None = 61_235
    """The number that the paper's titles added (appendix A)."""


class BuildSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`build`: the sources of a list of entries, in the order in which they count."""

    language: LanguageCode | None = None
    numbers: Annotated[int, Meta(ge=0)] = 100
    wordnet: str | None = None
    omw: str | list[str] = []
    wikipedia: WikipediaSettings = WikipediaSettings()
    unigrams: UnigramSettings = UnigramSettings()
    bigrams: BigramSettings = BigramSettings()
    titles: TitleSettings = TitleSettings()
    max_characters: Count = 100
    limit: Count | None = 500_000
    join: list[VersionId] = []

    def __post_init__(self) -> None:
        if self.join and self.language is None:
            raise ValueError("language: expected a language where versions are joined, found null")
