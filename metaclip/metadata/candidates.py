"""Offer the entries of each source: dictionaries, words and bigrams of texts, titles by views."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from metaclip.config.metadata import BigramSettings, BuildSettings
from metaclip.metadata.bigrams import join_words, require_reachable, score_bigrams
from metaclip.metadata.input_files import InputFile, InputFiles, describe_files, digest
from metaclip.metadata.merge import Candidates
from metaclip.metadata.ngram_counts import (
    read_bigrams,
    read_ready_counts,
    read_text_column,
    read_unigrams,
    stage_counts,
)
from metaclip.metadata.tokens import TOKENIZER
from metaclip.metadata.wikipedia.dump_parts import list_namespaces
from metaclip.metadata.wikipedia.page_texts import account_of_dumps, read_texts, stage_dumps
from metaclip.metadata.wikipedia.pageviews import KEPT, ViewRules, stage_views
from metaclip.metadata.wordnet import numbers, read_omw, read_wordnet
from metaclip.warehouse.tables import TITLE_VIEWS
from metaclip.warehouse.warehouse import Warehouse

_RANKED = "entry string, rank int, score double"

Notes = dict[str, object]
"""Facts on the sources for the record of a version; each function adds its own."""


def dictionary_candidates(
    warehouse: Warehouse, settings: BuildSettings, inputs: InputFiles, notes: Notes
) -> list[Candidates]:
    """Return the numbers, and the words of WordNet and of other wordnets."""
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


def _files(files: Sequence[InputFile]) -> dict[str, object]:
    return {"files": describe_files(files)}


def word_candidates(
    warehouse: Warehouse, settings: BuildSettings, inputs: InputFiles, notes: Notes
) -> list[Candidates]:
    """Return the unigrams and bigrams of the texts, or the unigrams of ready counts."""
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
    warehouse: Warehouse, settings: BuildSettings, inputs: InputFiles, notes: Notes
) -> str:
    """Stage texts and their counts; return the corpus of the counts."""
    wikipedia = settings.wikipedia
    texts: list[DataFrame] = []
    if inputs.texts:  # a wrong column is refused before the dumps are read
        texts.append(read_text_column(warehouse.spark, inputs.texts, wikipedia.text_column))
        notes["texts"] = _files(inputs.texts) | {"column": wikipedia.text_column}
    corpora = stage_dumps(warehouse, inputs.dumps, wikipedia) if inputs.dumps else []
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
    notes: Notes,
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


def title_candidates(
    warehouse: Warehouse, settings: BuildSettings, inputs: InputFiles, notes: Notes
) -> list[Candidates]:
    """Return the titles of articles by views."""
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
