"""Every table of a warehouse: declared once, checked on read and on write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql.types import StructField, StructType

from metaclip.errors import InputError

PAIR = (
    "pair_id string, image_id string, image_url string, text string, text_source string, "
    "page_url string, fetched_at timestamp, warc_file string, warc_offset bigint, "
    "source_id string"
)
FILE = (
    "status string, bytes bigint, records bigint, pages bigint, images bigint, "
    "images_kept bigint, lazy_images bigint, pairs bigint, dropped_records map<string,bigint>, "
    "dropped_images map<string,bigint>, error string, seconds double, finished_at timestamp"
)
MATCH = f"{PAIR}, path string, language string, entry_ids array<int>"


@dataclass(frozen=True)
class Table:
    """One Delta table: its columns (DDL), the job that makes it, partition columns, constraints."""

    name: str
    made_by: str
    columns: str
    partitioned_by: tuple[str, ...] = ()
    constraints: Mapping[str, str] = field(default_factory=dict)

    @property
    def schema(self) -> StructType:
        """The declared schema; Spark's parser reads it, so there must be a session."""
        schema = StructType.fromDDL(self.columns)
        assert isinstance(schema, StructType)
        return schema

    def rest(self, *given: str) -> StructType:
        """Return the schema without the columns `given`, which a partition supplies.

        All are nullable, as what comes out of Python is: Delta itself checks NOT NULL.
        """
        columns = [column for column in self.schema if column.name not in given]
        return StructType([StructField(c.name, c.dataType, True) for c in columns])

    def check(self, frame: DataFrame, action: str) -> None:
        """Raise InputError with all differences between the declared columns and `frame`'s."""
        declared = {column.name: column.dataType for column in self.schema}
        found = {column.name: column.dataType for column in frame.schema}
        differences = [f"no column {name}" for name in declared if name not in found]
        differences += [
            f"column {name} which is not declared" for name in found if name not in declared
        ]
        differences += [
            f"column {name} {found[name].simpleString()} instead of {kind.simpleString()}"
            for name, kind in declared.items()
            if name in found and found[name].simpleString() != kind.simpleString()
        ]
        if differences:
            raise InputError(
                f"{action} of table {self.name}",
                "the declared columns",
                ", ".join(differences),
                "the table was made by another program or version" if action == "read" else "",
            )


METADATA = Table(
    "metadata",
    "import_metadata",
    "metadata_version string not null, entry_id int not null, entry string not null, "
    "language string, source string not null, score double",
    ("metadata_version",),
)
EXTRACTIONS = Table(
    "extractions",
    "extract_pairs or import_pairs",
    f"crawl string not null, kind string not null, path string not null, "
    f"pair struct<{PAIR}>, file struct<{FILE}>",
    ("crawl", "kind"),
    {
        "one_kind": "(kind = 'pair' and pair is not null and file is null) or "
        "(kind = 'file' and file is not null and pair is null)"
    },
)
MATCHES = Table(
    "matches",
    "match_entries",
    "metadata_version string not null, spacing string not null, crawl string not null, "
    + MATCH.replace("pair_id string", "pair_id string not null").replace(
        "entry_ids array<int>", "entry_ids array<int> not null"
    ),
    ("metadata_version", "spacing", "crawl"),
)
ENTRY_COUNTS = Table(
    "entry_counts",
    "count_entries",
    "metadata_version string not null, spacing string not null, crawl string not null, "
    "entry_id int not null, count bigint not null",
    ("metadata_version", "spacing", "crawl"),
)
REMOVALS = Table(
    "removals",
    "remove_pairs",
    # `key` is what rows are looked up by: a pair_id, an image_id, or a host after a dot.
    "kind string not null, value string not null, key string not null, "
    "asked_at timestamp not null, purged_at timestamp",
)
CURATED = Table(
    "curated",
    "sample_pairs",
    f"curation string not null, {MATCH}, crawl string not null, "
    "keep_probability double not null, draw double not null, enters_at double not null",
    ("curation",),
)
CURATION_COUNTS = Table(
    "curation_counts",
    "sample_pairs",
    "curation string not null, entry_id int not null, count bigint not null, "
    "probability double not null, expected double not null, kept bigint not null",
    ("curation",),
)
CURATIONS = Table(
    "curations",
    "sample_pairs",
    "curation string not null, crawls array<string> not null, t double not null, "
    "tail_share double not null, seed bigint not null, dedup string not null, parent string, "
    "expected_size double not null, expected_sd double not null, actual_size bigint not null, "
    "removed bigint not null, "
    "metadata_version string not null, spacing string not null, "
    "input_versions map<string,bigint> not null, curated_version bigint not null, "
    "config string not null, package_version string not null, created_at timestamp not null",
)
TABLES = (
    METADATA,
    EXTRACTIONS,
    REMOVALS,
    MATCHES,
    ENTRY_COUNTS,
    CURATED,
    CURATION_COUNTS,
    CURATIONS,
)
