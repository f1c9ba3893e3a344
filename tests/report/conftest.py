"""Two crawls and two curations for all tests of the report and the cards."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from metaclip.jobs.report_curation import report_curation
from tests.helpers.report_pages import PageNumbers, make_curations, read_page
from tests.helpers.runner import Runner


@pytest.fixture(scope="session")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The curations `default` and `large`, and the report of the one against the other.

    A test that changes its tables works on a copy.
    """
    run = make_curations(spark, tmp_path_factory.mktemp("report"))
    run(report_curation, "balance.curation=default", "report.against=large")
    return run


@pytest.fixture(scope="session")
def page(made: Runner) -> PageNumbers:
    """The numbers of the page."""
    return PageNumbers(read_page(made))
