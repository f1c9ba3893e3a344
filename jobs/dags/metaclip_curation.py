"""Curate one crawl of Common Crawl: from its WAT files to a balanced Delta table.

**Purpose.** Each month, when Common Crawl publishes a crawl, read the crawl that the Airflow
variable `metaclip_crawl` names (or the parameter `crawl`), match and count its texts, and sample
the curation again over all crawls that the configuration covers. Every task is one spark-submit
of a job of this project, on the connection `spark_default`.

**Output.** The tables of the warehouse that the configuration names. The last one is `curated`,
whose asset `metaclip_curated` a training DAG can have as its schedule.

**Impact of failure.** No reader sees half of a result: each job publishes by commits, and the last
run's curation stays until the new one is complete, so training goes on with last month's. Clear
the failed task once the cause in the last line of its log is gone. Files that are done are not
read again, and a repeated run gives the same rows. If only `maintain_tables` fails, the curation
is complete, but the log lists tables that disagree: look at them before training.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Asset, Param

JOBS = Path(__file__).resolve().parents[1]
NAME = r"^[A-Za-z0-9._-]+$"
CRAWL = "{{ params.crawl or var.value.metaclip_crawl }}"
# The values are JSON, which is YAML, too.
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
    """Return the task that submits `jobs/JOB.py`; all jobs get all settings and check them."""
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
    # Delta on S3 allows one writer for each table, and a curation is sampled over all crawls.
    max_active_runs=1,
    # The delay between tries is Airflow's own setting, default_task_retry_delay.
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
            description="Prefix of each line of a list of paths.",
        ),
        "curation": Param(
            "default", type="string", pattern=NAME, description="Name of the balanced sample."
        ),
        "t": Param(
            None,
            type=["null", "number"],
            exclusiveMinimum=0,
            description="Threshold between tail and head; without t and size it is 20000.",
        ),
        "size": Param(
            None, type=["null", "integer"], minimum=1, description="Number of pairs, instead of t."
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
