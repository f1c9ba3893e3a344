"""Declare every table of a warehouse: columns, comments, partitions, constraints.

The Arrow schemas of what workers produce are derived from these declarations, and so is the
table reference of the docs.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructType,
    TimestampType,
)

from metaclip.warehouse.table import Constraint, Table, arrow_schema, column, required

_STRING, _INT, _LONG, _DOUBLE, _TIME = (
    StringType(),
    IntegerType(),
    LongType(),
    DoubleType(),
    TimestampType(),
)
_COUNTS = MapType(_STRING, _LONG)
_IDS = ArrayType(_INT)

_PAIR_ID = "first 32 hex digits of SHA-256 over image URL, newline and text"

_FOUND = (
    column("image_id", _STRING, "first 24 hex digits of SHA-224 over the image URL"),
    column("image_url", _STRING, "absolute http or https URL of the image"),
    column("text", _STRING, "text of the image"),
    column("text_source", _STRING, "attribute that held the text: alt, title, data-image-title"),
    column("page_url", _STRING, "URL of the page that shows the image"),
    column("fetched_at", _TIME, "time at which the crawler fetched the page, UTC"),
    column("warc_file", _STRING, "name of the WARC file that holds the page"),
    column("warc_offset", _LONG, "offset of the page's record in that file, in bytes"),
    column("source_id", _STRING, "id that the pair had in an imported pool (uid, key)"),
)

PAIR = StructType([column("pair_id", _STRING, _PAIR_ID), *_FOUND])
"""A pair and where it was found."""

FILE = StructType(
    [
        column("status", _STRING, "pending, done, partial or failed"),
        column("bytes", _LONG, "bytes read, compressed"),
        column("records", _LONG, "records: pages + others + dropped records"),
        column("pages", _LONG, "records that hold an HTML page; rows of a pool"),
        column("images", _LONG, "images of the pages: kept + dropped"),
        column("images_kept", _LONG, "images that gave at least one pair"),
        column("lazy_images", _LONG, "kept images whose URL is not from src"),
        column("pairs", _LONG, "pairs of the file, not unique"),
        column("dropped_records", _COUNTS, "number of dropped records by reason"),
        column("dropped_images", _COUNTS, "number of dropped images by reason"),
        column("error", _STRING, "reason why the file is not done"),
        column("seconds", _DOUBLE, "time that reading took, in seconds"),
        column("finished_at", _TIME, "time at which reading ended, UTC"),
        column("origin", _STRING, "hash of the folder that holds path; null in a list of paths"),
        column("read_as", _STRING, "hash of the import settings that rows depend on; else null"),
    ]
)
"""The account of one file."""

_MATCH = (
    required("pair_id", _STRING, _PAIR_ID),
    *_FOUND,
    column("path", _STRING, "file that brought the pair, as in extractions"),
    column("language", _STRING, "language of the text; null where none was identified"),
    required("entry_ids", _IDS, "entries found in the text, sorted, each once"),
)
_VERSION = required("metadata_version", _STRING, "version of the metadata")
_SPACING = required("spacing", _STRING, "rule by which texts are spaced: matching.spacing")
_CRAWL = required("crawl", _STRING, "crawl that brought the pair")
_CURATION = required("curation", _STRING, "name of the curation")
_ENTRY_ID = required("entry_id", _INT, "number of the entry, from 0")

METADATA = Table(
    "metadata",
    "Lists of entries, each under the hash of its content.",
    "build_metadata or import_metadata",
    StructType(
        [
            required(
                "metadata_version", _STRING, "first 16 hex digits of SHA-256 over the entries"
            ),
            _ENTRY_ID,
            required("entry", _STRING, "the string that texts are searched for"),
            column("language", _STRING, "language of the entry; null where the list has none"),
            required("source", _STRING, "number, wordnet, unigram, bigram, title or import"),
            column("score", _DOUBLE, "score of the entry in its source"),
        ]
    ),
    ("metadata_version",),
    skipped_by=("entry_id",),
)
METADATA_VERSIONS = Table(
    "metadata_versions",
    "Record of each version of the metadata, written after its entries.",
    "build_metadata or import_metadata",
    StructType(
        [
            required("metadata_version", _STRING, "version of the metadata"),
            required("job", _STRING, "job that made the version"),
            required("entries", _LONG, "number of entries"),
            required("languages", ArrayType(_STRING), "languages of the entries, sorted"),
            required("sources", _STRING, "JSON: files, figures and drops of each source"),
            column("tokenizer", _STRING, "rule that splits texts into words"),
            column("parser", _STRING, "parser of wikitext and its version"),
            required("config", _STRING, "JSON: settings of the job"),
            required("package_version", _STRING, "version of this package"),
            required("created_at", _TIME, "time at which the version was first made, UTC"),
        ]
    ),
)
WIKI_TEXTS = Table(
    "wiki_texts",
    "Texts of the pages of each dump, and the account of each range that was read.",
    "build_metadata",
    StructType(
        [
            required("corpus", _STRING, "hash of a dump's name and size and of how it is read"),
            required("path", _STRING, "corpus, name of the dump and range of its bytes"),
            column("page_id", _LONG, "number of the page; null in the account of a range"),
            column("title", _STRING, "title of the page"),
            column("text", _STRING, "text of the page without markup"),
            column("bytes", _LONG, "bytes of XML of the range"),
            column("pages", _LONG, "pages of the range: kept + dropped"),
            column("dropped", _COUNTS, "number of dropped pages by reason"),
            column("error", _STRING, "reason why the range could not be read"),
        ]
    ),
    ("corpus",),
    skipped_by=("path",),
)
NGRAM_COUNTS = Table(
    "ngram_counts",
    "Number of occurrences of words and of adjacent words in each corpus.",
    "build_metadata",
    StructType(
        [
            required("corpus", _STRING, "hash of the texts and of the rule that splits them"),
            required("first", _STRING, "a word"),
            column("second", _STRING, "the word after it; null counts the first alone"),
            required("count", _LONG, "number of occurrences"),
        ]
    ),
    ("corpus",),
)
TITLE_VIEWS = Table(
    "title_views",
    "Views of Wikipedia's titles in each set of hourly dumps.",
    "build_metadata",
    StructType(
        [
            required("corpus", _STRING, "hash of the files and of how they are read"),
            column("title", _STRING, "title with spaces; null in the account of dropped lines"),
            required("reason", _STRING, "reason of dropped lines; kept for a title"),
            required("lines", _LONG, "number of lines"),
            required("views", _LONG, "views of all hours that reach the hourly threshold"),
        ]
    ),
    ("corpus",),
)


def _has_one_kind(rows: pa.RecordBatch) -> pa.BooleanArray:
    """Return true for each row that has the column of its kind, and not the other one."""
    pairs, files = (rows.column(kind).is_valid() for kind in ("pair", "file"))
    kinds = [pc.equal(rows.column("kind"), kind) for kind in ("pair", "file")]
    as_pair = pc.and_(kinds[0], pc.and_not(pairs, files))
    return pc.or_(as_pair, pc.and_(kinds[1], pc.and_not(files, pairs)))


EXTRACTIONS = Table(
    "extractions",
    "Pairs of each crawl, and the ledger: one row for each file that was asked for.",
    "extract_pairs or import_pairs",
    StructType(
        [
            required("crawl", _STRING, "name of the crawl"),
            required("kind", _STRING, "pair or file"),
            required("path", _STRING, "file's path, without a machine's prefix or secrets"),
            column("pair", PAIR, "the pair, in rows of kind pair"),
            column("file", FILE, "the account of the file, in rows of kind file"),
        ]
    ),
    ("crawl", "kind"),
    {
        "one_kind": Constraint(
            "(kind = 'pair' and pair is not null and file is null) or "
            "(kind = 'file' and file is not null and pair is null)",
            _has_one_kind,
        )
    },
    skipped_by=("path",),
)
MATCHES = Table(
    "matches",
    "Unique pairs of each crawl whose text has an entry.",
    "match_entries",
    StructType([_VERSION, _SPACING, _CRAWL, *_MATCH]),
    ("metadata_version", "spacing", "crawl"),
)
ENTRY_COUNTS = Table(
    "entry_counts",
    "Number of pairs of each crawl that have an entry.",
    "count_entries",
    StructType(
        [
            _VERSION,
            _SPACING,
            _CRAWL,
            _ENTRY_ID,
            required("count", _LONG, "number of unique pairs whose text has the entry, also 0"),
        ]
    ),
    ("metadata_version", "spacing", "crawl"),
    skipped_by=("entry_id",),
)
REMOVALS = Table(
    "removals",
    "Pairs, images and domains that were removed and stay removed.",
    "remove_pairs",
    StructType(
        [
            required("kind", _STRING, "pair_id, image_id, image_url or domain"),
            required("value", _STRING, "value as the list has it"),
            required("key", _STRING, "key of the lookup: a pair_id, image_id, or host after a dot"),
            required("asked_at", _TIME, "time at which the list came, UTC"),
            column("purged_at", _TIME, "time at which the tables were last purged of it, UTC"),
        ]
    ),
)
CURATED = Table(
    "curated",
    "Pairs of each curation.",
    "sample_pairs",
    StructType(
        [
            _CURATION,
            *_MATCH,
            _CRAWL,
            required("keep_probability", _DOUBLE, "1 - product of (1 - p_e) over the entries"),
            required("draw", _DOUBLE, "hash of pair_id and seed in [0, 1)"),
            required("enters_at", _DOUBLE, "smallest t at which the pair is kept"),
        ]
    ),
    ("curation",),
)
CURATION_COUNTS = Table(
    "curation_counts",
    "Counts of each entry before and after sampling.",
    "sample_pairs",
    StructType(
        [
            _CURATION,
            _ENTRY_ID,
            required("count", _LONG, "pairs with the entry before sampling; the count of p_e"),
            required("probability", _DOUBLE, "p_e = t / max(t, count)"),
            required("expected", _DOUBLE, "expected number of kept pairs with the entry"),
            required("kept", _LONG, "number of kept pairs with the entry"),
        ]
    ),
    ("curation",),
    skipped_by=("entry_id",),
)
CURATIONS = Table(
    "curations",
    "One row for each curation, written last: without it a curation does not exist.",
    "sample_pairs",
    StructType(
        [
            _CURATION,
            required("crawls", ArrayType(_STRING), "crawls that it was sampled from"),
            required("t", _DOUBLE, "threshold between tail and head entries"),
            required("tail_share", _DOUBLE, "share of all matches on entries with count < t"),
            required("seed", _LONG, "seed of the draws"),
            required("dedup", _STRING, "all: a pair once over all crawls; crawl: once in each"),
            column("parent", _STRING, "curation whose survivors it was sampled from"),
            required("expected_size", _DOUBLE, "expected number of pairs"),
            required("expected_sd", _DOUBLE, "standard deviation of the number of pairs"),
            required("actual_size", _LONG, "number of pairs"),
            required("removed", _LONG, "pairs removed since it was sampled"),
            _VERSION,
            _SPACING,
            required("input_versions", _COUNTS, "Delta versions of its inputs"),
            required("curated_version", _LONG, "Delta version of curated that holds it"),
            required("config", _STRING, "settings of the run as JSON, without secrets"),
            required("package_version", _STRING, "version of this package"),
            required("created_at", _TIME, "time of the run, UTC"),
        ]
    ),
)
TABLES = (
    METADATA,
    METADATA_VERSIONS,
    WIKI_TEXTS,
    NGRAM_COUNTS,
    TITLE_VIEWS,
    EXTRACTIONS,
    REMOVALS,
    MATCHES,
    ENTRY_COUNTS,
    CURATED,
    CURATION_COUNTS,
    CURATIONS,
)

PAIR_SCHEMA = arrow_schema(PAIR)
"""Pairs as readers produce them."""
EXTRACTION_SCHEMA = arrow_schema(EXTRACTIONS.schema_without("crawl"))
"""Rows of `extractions` as workers produce them: kind, path, pair, file."""
