"""Describe an export in Croissant 1.1, the vocabulary of MLCommons for data sets.

Source: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from __future__ import annotations

import json

from metaclip.report.card_facts import CardFacts, TextFile
from metaclip.report.funnel import CrawlFunnel
from metaclip.report.page import Step

_CROISSANT = "http://mlcommons.org/croissant/"
_TERMS = [
    "arrayShape", "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty",
    "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key",
    "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace",
    "samplingRate", "separator", "source", "subField", "transform",
]  # fmt: skip
_CONTEXT: dict[str, object] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    # The validator knows the namespace under http:// alone.
    "cr": _CROISSANT,
    "rai": f"{_CROISSANT}RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{term: f"cr:{term}" for term in _TERMS},
}
_COLUMNS = {
    "url": ("sc:URL", "URL of the image"),
    "caption": ("sc:Text", "text with the greatest keep probability"),
    "captions": ("sc:Text", "all kept texts of the image"),
    "pair_ids": ("sc:Text", "first 32 hex digits of SHA-256 over URL, newline and text, by text"),
    "image_id": ("sc:Text", "first 24 hex digits of SHA-224 over the URL"),
    "source_id": ("sc:Text", "identifier of the pair in its source, where it has one"),
}
"""The columns of an exported image: Croissant's type, and what they hold."""
_LISTS = ("captions", "pair_ids")


def render_croissant(facts: CardFacts) -> str:
    """Return the card as JSON-LD; what the settings leave open is left out."""
    settings = facts.settings
    creator: dict[str, object] = {
        "@type": "sc:Organization",
        "name": settings.creator,
        "email": settings.contact,
    }
    card: dict[str, object] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": f"{_CROISSANT}1.1",
        "name": facts.name,
        "description": facts.description,
        "version": f"{facts.row.curated_version}.0.0",
        "dateCreated": facts.row.created_at.date().isoformat(),
        "license": settings.license,
        "url": settings.url,
        "creator": _without_nulls(creator) if settings.creator else None,
        "inLanguage": list(facts.languages) or None,
        "rai:dataCollection": " ".join(map(_describe_crawl, facts.funnel.crawls)),
        "rai:dataPreprocessingProtocol": [_describe_step(step) for step in facts.steps],
        "distribution": [_images(), *map(_file, facts.counts)],
        "recordSet": [_records()],
    }
    return json.dumps(_without_nulls(card), ensure_ascii=False, indent=2) + "\n"


def _describe_crawl(crawl: CrawlFunnel) -> str:
    """Return the provenance of one crawl as a sentence."""
    read = crawl.read
    return (
        f"{read.crawl}: {read.status.get('done', 0):,} of {read.files:,} files read, "
        f"{read.pages:,} pages, {read.pairs:,} pairs, {crawl.unique_pairs:,} unique, "
        f"{crawl.matched:,} matched."
    )


def _describe_step(step: Step) -> str:
    """Return one line of the funnel, with its drops by reason."""
    drops = ", ".join(f"{count:,} {reason}" for reason, count in step.drops.items())
    return f"{step.name}: {step.number:,}" + (f" (dropped: {drops})" if drops else "")


def _images() -> dict[str, object]:
    return {
        "@type": "cr:FileSet",
        "@id": "image-files",
        "name": "image-files",
        "description": "One row for each image, with its kept texts.",
        # The validator reads Parquet under this name alone, as the specification writes it.
        "encodingFormat": "application/x-parquet",
        "includes": "images/*.parquet",
    }


def _file(file: TextFile) -> dict[str, object]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "description": file.description,
        "contentUrl": file.name,
        "encodingFormat": "application/json",
        "sha256": file.sha256,
    }


def _records() -> dict[str, object]:
    return {
        "@type": "cr:RecordSet",
        "@id": "images",
        "name": "images",
        "description": "The images of the curation.",
        "field": [_field(name, *described) for name, described in _COLUMNS.items()],
    }


def _field(name: str, kind: str, description: str) -> dict[str, object]:
    of_list = {"isArray": True, "arrayShape": "-1"} if name in _LISTS else {}
    return {
        "@type": "cr:Field",
        "@id": f"images/{name}",
        "name": name,
        "description": description,
        "dataType": kind,
        **of_list,
        "source": {"fileSet": {"@id": "image-files"}, "extract": {"column": name}},
    }


def _without_nulls(card: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in card.items() if value is not None}
