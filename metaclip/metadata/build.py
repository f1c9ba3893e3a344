"""Gather the candidates of each source that the settings of `build` name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from metaclip.config.metadata import BigramSettings, BuildSettings
from metaclip.errors import InputError
from metaclip.metadata.bigrams import join_words, require_reachable, score_bigrams
from metaclip.metadata.entries import ENTRY_SCHEMA
from metaclip.metadata.merge import Candidates, merge_candidates, number_entries
from metaclip.metadata.ngram_counts import (
    read_bigrams,
    read_ready_counts,
    read_text_column,
    read_unigrams,
    stage_counts,
)
from metaclip.metadata.source_files import SourceFile, describe_files, digest, list_source
from metaclip.metadata.tokens import TOKENIZER
from metaclip.metadata.wikipedia.dump_parts import list_namespaces
from metaclip.metadata.wikipedia.page_texts import account_of_dumps, read_texts, stage_dump
from metaclip.metadata.wikipedia.pageviews import KEPT, ViewRules, stage_views
from metaclip.metadata.wikipedia.wikitext import parser_name
from metaclip.metadata.wordnet import numbers, read_omw, read_wordnet
from metaclip.warehouse.tables import METADATA, TITLE_VIEWS
from metaclip.warehouse.warehouse import Warehouse

_RANKED = "entry string, rank int, score double"


@dataclass
class Built:
    """A built list of ENTRY_SCHEMA, and what its record tells of the sources."""

    entries: pa.Table
    sources: dict[str, object]
    tokenizer: str | None = None
    parser: str | None = None


@dataclass
class _Inputs:
    """All files of the sources, listed before any of them is read."""

    omw: list[SourceFile]
    dumps: list[SourceFile]
    texts: list[SourceFile]
    counts: list[SourceFile]
    pageviews: list[SourceFile]


def build_entries(warehouse: Warehouse, settings: BuildSettings) -> Built:
    """Read all sources and merge them.

    Raises:
        InputError: no source, or one that is wrong.
    """
    inputs = _list_inputs(settings)
    joined = _read_joined(warehouse, settings)
    notes: dict[str, object] = {}
    sources = [
        *_dictionaries(warehouse, settings, inputs, notes),
        *_word_sources(warehouse, settings, inputs, notes),
        *_title_source(warehouse, settings, inputs, notes),
    ]
    entries, accounts = merge_candidates(
        sources, settings.language, settings.max_characters, settings.limit
    )
    if not entries.num_rows:
        raise InputError("build", "at least one source with entries", "none", "name its files")
    figures = {name: asdict(account) for name, account in accounts.items()}
    counted = bool(inputs.dumps or inputs.texts)
    return Built(
        number_entries(pa.concat_tables([joined, entries])),
        {"figures": figures, **notes},
        TOKENIZER if counted else None,
        parser_name() if inputs.dumps else None,
    )


def _list_inputs(settings: BuildSettings) -> _Inputs:
    wikipedia = settings.wikipedia
    inputs = _Inputs(
        list_source(settings.omw, "build.omw"),
        list_source(wikipedia.dumps, "build.wikipedia.dumps"),
        list_source(wikipedia.texts, "build.wikipedia.texts"),
        list_source(settings.unigrams.counts, "build.unigrams.counts"),
        list_source(settings.titles.pageviews, "build.titles.pageviews"),
    )
    if inputs.counts and (inputs.dumps or inputs.texts):
        raise InputError(
            "build.unigrams.counts",
            "ready counts or texts to count, not both",
            "both",
            "empty build.wikipedia.dumps and build.wikipedia.texts, or the counts",
        )
    return inputs


def _read_joined(warehouse: Warehouse, settings: BuildSettings) -> pa.Table:
    """Return the entries of the versions of other languages, in the order of the setting."""
    tables = [ENTRY_SCHEMA.empty_table()]
    seen = {settings.language}
    for version in settings.join:
        rows = warehouse.read_partition(METADATA, {"metadata_version": version})
        table = rows.orderBy("entry_id").select(*ENTRY_SCHEMA.names).toArrow().cast(ENTRY_SCHEMA)
        languages = set(table["language"].unique().to_pylist())
        if not languages or None in languages or languages & seen:
            found = ", ".join(sorted(map(str, languages))) or "no such version"
            expected = "a version of other languages alone"
            raise InputError(f"build.join {version}", expected, found)
        seen |= languages
        tables.append(table)
    return pa.concat_tables(tables)


def _dictionaries(
    warehouse: Warehouse, settings: BuildSettings, inputs: _Inputs, notes: dict[str, object]
) -> list[Candidates]:
    words: list[str] = [] if settings.wordnet is None else read_wordnet(settings.wordnet)
    for file in inputs.omw:
        words += read_omw(file.url)
    if settings.wordnet is not None or inputs.omw:
        notes["wordnet"] = {"dictionary": settings.wordnet is not None} | _files(inputs.omw)
    return [
        Candidates("number", _listed(warehouse, numbers(settings.numbers), ranked=True)),
        Candidates("wordnet", _listed(warehouse, words)),
    ]


def _listed(warehouse: Warehouse, entries: Sequence[str], ranked: bool = False) -> DataFrame:
    count = len(entries)
    table = pa.table(
        {
            "entry": pa.array(entries, pa.string()),
            "rank": pa.array(range(count) if ranked else [0] * count, pa.int32()),
            "score": pa.nulls(count, pa.float64()),
        }
    )
    return warehouse.spark.createDataFrame(table, _RANKED)


def _files(files: Sequence[SourceFile]) -> dict[str, object]:
    return {"files": describe_files(files)}


def _word_sources(
    warehouse: Warehouse, settings: BuildSettings, inputs: _Inputs, notes: dict[str, object]
) -> list[Candidates]:
    """Return unigrams and bigrams of the texts, or the unigrams of ready counts."""
    if inputs.counts:
        notes["unigram_counts"] = _files(inputs.counts)
        words = read_ready_counts(warehouse.spark, inputs.counts)
        return [_unigrams(words, settings)]
    if not inputs.dumps and not inputs.texts:
        return []
    corpus = _stage_words(warehouse, settings, inputs, notes)
    words = read_unigrams(warehouse, corpus)
    return [_unigrams(words, settings), _bigrams(warehouse, settings.bigrams, corpus, words, notes)]


def _stage_words(
    warehouse: Warehouse, settings: BuildSettings, inputs: _Inputs, notes: dict[str, object]
) -> str:
    """Stage texts and their counts; return the corpus of the counts."""
    wikipedia = settings.wikipedia
    texts: list[DataFrame] = []
    if inputs.texts:  # a wrong column is refused before the dumps are read
        texts.append(read_text_column(warehouse.spark, inputs.texts, wikipedia.text_column))
        notes["texts"] = _files(inputs.texts) | {"column": wikipedia.text_column}
    corpora = [stage_dump(warehouse, file, wikipedia) for file in inputs.dumps]
    if corpora:
        texts.append(read_texts(warehouse, corpora))
        notes["dumps"] = _files(inputs.dumps) | account_of_dumps(warehouse, corpora)
    identity = [[file.name, file.size] for file in inputs.texts]
    corpus = digest(corpora, identity, wikipedia.text_column, TOKENIZER)
    stage_counts(warehouse, corpus, texts[0] if len(texts) == 1 else texts[0].union(texts[1]))
    return corpus


def _unigrams(words: DataFrame, settings: BuildSettings) -> Candidates:
    enough = words.where(F.col("count") >= settings.unigrams.min_count)
    rows = enough.select(F.col("word").alias("entry"), *_scored(F.col("count")))
    return Candidates("unigram", rows, settings.unigrams.top, words=True)


def _scored(score: Column) -> list[Column]:
    return [F.lit(0).alias("rank"), score.cast("double").alias("score")]


def _bigrams(
    warehouse: Warehouse,
    rules: BigramSettings,
    corpus: str,
    words: DataFrame,
    notes: dict[str, object],
) -> Candidates:
    total = words.agg(F.sum("count")).head()
    count = int(total[0] or 0) if total else 0
    notes["words"] = count
    if rules.min_pmi is not None:
        require_reachable(rules.min_pmi, count, rules.min_count)
    bigrams = read_bigrams(warehouse, corpus).where(F.col("count") >= rules.min_count)
    scored = score_bigrams(bigrams, words, count)
    if rules.min_pmi is not None:
        scored = scored.where(F.col("score") >= rules.min_pmi)
    entry = join_words(F.col("first"), F.col("second"))
    rows = scored.select(entry.alias("entry"), *_scored(F.col("score")))
    return Candidates("bigram", rows, rules.top, words=True)


def _title_source(
    warehouse: Warehouse, settings: BuildSettings, inputs: _Inputs, notes: dict[str, object]
) -> list[Candidates]:
    if not inputs.pageviews:
        return []
    rules = settings.titles
    domain = rules.domain or settings.language or "en"
    local = {name for file in inputs.dumps for name in list_namespaces(file).values()}
    namespaces = sorted({*rules.namespaces, *local})
    identity = [[file.name, file.size] for file in inputs.pageviews]
    corpus = digest("views", identity, domain, namespaces, rules.min_hourly_views)
    stage_views(
        warehouse, corpus, inputs.pageviews, ViewRules(domain, namespaces, rules.min_hourly_views)
    )
    views = warehouse.read_partition(TITLE_VIEWS, {"corpus": corpus})
    lines = views.groupBy("reason").agg(F.sum("lines").alias("lines")).collect()
    notes["pageviews"] = _files(inputs.pageviews) | {
        "domain": domain,
        "lines": {row.reason: row.lines for row in sorted(lines)},
    }
    enough = views.where((F.col("reason") == KEPT) & (F.col("views") >= rules.min_views))
    rows = enough.select(F.col("title").alias("entry"), *_scored(F.col("views")))
    return [Candidates("title", rows, rules.top)]
