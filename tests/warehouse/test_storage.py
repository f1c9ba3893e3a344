"""Settings of Hadoop for S3 reach deltalake."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pyspark.sql import SparkSession

from metaclip.warehouse.storage import Storage, storage_options

CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "nothing": ({}, {"aws_virtual_hosted_style_request": "true"}),
    "keys": (
        {"access.key": "me", "secret.key": "x1y2", "session.token": "z3"},
        {
            "aws_access_key_id": "me",
            "aws_secret_access_key": "x1y2",
            "aws_session_token": "z3",
            "aws_virtual_hosted_style_request": "true",
        },
    ),
    "server": (
        {
            "endpoint": "http://127.0.0.1:9000",
            "endpoint.region": "eu-west-1",
            "path.style.access": "true",
        },
        {
            "aws_endpoint_url": "http://127.0.0.1:9000",
            "aws_allow_http": "true",
            "aws_region": "eu-west-1",
        },
    ),
    "without a scheme": (
        {"endpoint": "s3.example.org", "path.style.access": "true"},
        {"aws_endpoint_url": "https://s3.example.org", "aws_allow_http": "false"},
    ),
    "without encryption": (
        {
            "endpoint": "s3.example.org",
            "path.style.access": "true",
            "connection.ssl.enabled": "false",
        },
        {"aws_endpoint_url": "http://s3.example.org", "aws_allow_http": "true"},
    ),
    "of a bucket": (
        {"endpoint.region": "eu-west-1", "bucket.pairs.endpoint.region": "eu-west-2"},
        {"aws_region": "eu-west-2", "aws_virtual_hosted_style_request": "true"},
    ),
    "anonymous": (
        {
            "aws.credentials.provider": "org.apache.hadoop.fs.s3a.AnonymousAWSCredentialsProvider",
            "path.style.access": "true",
        },
        {"aws_skip_signature": "true"},
    ),
}


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES)
def test_hadoops_settings_are_those_of_deltalake(
    spark: SparkSession, given: dict[str, str], expected: dict[str, str]
) -> None:
    hadoop: Any = spark._jsc.hadoopConfiguration()
    for name, value in given.items():
        hadoop.set(f"fs.s3a.{name}", value)
    try:
        assert storage_options(spark, "s3a://pairs/warehouse") == expected
        assert storage_options(spark, "/warehouse") == {}
    finally:
        for name in given:
            hadoop.unset(f"fs.s3a.{name}")


def test_a_storage_reaches_tasks_and_shows_no_secret() -> None:
    storage = Storage("s3a://pairs", {"aws_secret_access_key": "x1y2"})
    assert pickle.loads(pickle.dumps(storage)) == storage
    assert "x1y2" not in repr(storage)
