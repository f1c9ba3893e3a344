"""Curate one crawl of Common Crawl: from its WAT files to a balanced Delta table.

**Purpose.** Each month, as Common Crawl comes out, read the crawl that the Airflow variable
`metaclip_crawl` names (or the parameter `crawl`), match and count its texts, and sample the
curation anew over all crawls that the configuration covers. Every task is one spark-submit
of a job of this project, on the connection `spark_default`.

**Output.** The tables of the warehouse that the configuration names; at the end `curated`,
whose asset `metaclip_curated` a training DAG can have as its schedule.

**Impact of failure.** Nothing half-made is seen: each job publishes in one commit, and the
curation of the last run stands until the new one is complete, so training goes on with last
month's. Clear the failed task once its last line of log is seen to; files that were read are
not read again, and a run that is repeated gives the same rows. If only `maintain_tables`
fails, the curation is there, but its log lists tables that do not agree: look before training.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Asset, Param

JOBS = Path(__file__).resolve().parents[1]
NAME = r"^[A-Za-z0-9._-]+$"
CRAWL = "{{ params.crawl or var.value.metaclip_crawl }}"
# JSON, which the jobs read as the YAML it also is.
FILES = (
    "{{ (params.files or 's3://commoncrawl/crawl-data/' ~ "
    "(params.crawl or var.value.metaclip_crawl) ~ '/wat.paths.gz') | tojson }}"
)
SETTINGS = {
    "crawl.name": f"'{CRAWL}'",
    "crawl.files": FILES,
    "crawl.prefix": "{{ params.prefix | tojson }}",
    "balance.curation": "'{{ params.curation }}'",
    "balance.t": "{{ params.t | tojson }}",
    "balance.size": "{{ params.size | tojson }}",
}
CURATED = Asset("metaclip_curated")


def submit(job: str, **more: list[Asset]) -> SparkSubmitOperator:
    """Return the task that submits `jobs/JOB.py`; all jobs get all settings, and check them."""
    settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    return SparkSubmitOperator(
        task_id=job,
        name=f"{job} {CRAWL}",
        application=str(JOBS / f"{job}.py"),
        application_args=["--config", "{{ params.config }}", *settings],
        **more,
    )


with DAG(
    "metaclip_curation",
    doc_md=__doc__,
    schedule="@monthly",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    # Delta on S3 allows one writer per table, and a curation is sampled over all crawls.
    max_active_runs=1,
    # How long to wait between them is Airflow's own setting, default_task_retry_delay.
    default_args={"retries": 2},
    params={
        "crawl": Param(
            None,
            type=["null", "string"],
            pattern=NAME,
            description="The crawl, such as CC-MAIN-2024-22; null: variable metaclip_crawl.",
        ),
        "files": Param(
            None,
            type=["null", "string", "array"],
            items={"type": "string"},
            description="Paths, globs or lists of paths; null: all WAT files of the crawl.",
        ),
        "prefix": Param(
            "s3://commoncrawl/",
            type="string",
            description="Put before the lines of a list of paths.",
        ),
        "curation": Param(
            "default", type="string", pattern=NAME, description="Name of the balanced sample."
        ),
        "t": Param(
            None,
            type=["null", "number"],
            exclusiveMinimum=0,
            description="Threshold between tail and head; null with no size: 20000.",
        ),
        "size": Param(
            None, type=["null", "integer"], minimum=1, description="Exact number of pairs, for t."
        ),
        "config": Param(
            str(JOBS.parent / "conf" / "cluster.yaml"),
            type="string",
            description="The other settings: warehouse, metadata.file, spark.",
        ),
    },
    tags=["metaclip"],
):
    import_metadata = submit("import_metadata")
    extract_pairs = submit("extract_pairs")
    match_entries = submit("match_entries")
    count_entries = submit("count_entries")
    sample_pairs = submit("sample_pairs", outlets=[CURATED])
    maintain_tables = submit("maintain_tables")

    [import_metadata, extract_pairs] >> match_entries
    match_entries >> count_entries >> sample_pairs >> maintain_tables
