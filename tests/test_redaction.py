"""Redaction hides credentials and queries, and nothing else."""

from __future__ import annotations

import logging
import re

import pytest

from metaclip.config.command_line import load_config
from metaclip.redaction import HIDDEN, SPARK_REGEX, Formatter, redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pw@host/a.gz", f"https://{HIDDEN}@host/a.gz"),
        ("https://me@host:1/a?b", f"https://{HIDDEN}@host:1/a?{HIDDEN}"),
        ("s3://key:p@ss@bucket/a, ftp://u:p@h", f"s3://{HIDDEN}@bucket/a, ftp://{HIDDEN}@h"),
        ('["http://h/a?X-Signature=1&b=2"]', f'["http://h/a?{HIDDEN}"]'),
        ("https://host/a@b.gz", "https://host/a@b.gz"),
        ("file a?b of me@host", "file a?b of me@host"),
        ("https://host/a.gz: who? me@host", "https://host/a.gz: who? me@host"),
    ],
)
def test_credentials_and_queries_of_urls_are_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_a_line_of_the_log_hides_credentials() -> None:
    record = logging.LogRecord("x", 20, "", 0, "read %s", ("http://u:p@h/",), None)
    assert Formatter("%(message)s").format(record) == f"read http://{HIDDEN}@h/"


def test_settings_in_tables_hide_secret_keys() -> None:
    given = ["spark.fs.s3a.secret.key=x1y2", "crawl.prefix='https://me:x1y2@host/'"]
    text = load_config(None, [*given, "spark.spark.ui.enabled=false"]).to_json()
    assert "x1y2" not in text
    assert '"spark.ui.enabled":false' in text
    assert f'"spark.fs.s3a.secret.key":"{HIDDEN}"' in text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("spark.hadoop.fs.s3a.secret.key", True),
        ("spark.hadoop.fs.s3a.access.key", True),
        ("spark-submit --set crawl.files=http://u:p@host/a", True),
        ("spark.executor.memory", False),
        ("spark://host:7077", False),
    ],
)
def test_the_pattern_for_spark_hides_secrets_alone(text: str, hidden: bool) -> None:
    assert bool(re.search(SPARK_REGEX, text)) == hidden
