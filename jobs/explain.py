"""Explain a pair (--pair ID), the pairs of an image (--image URL) or any text (--text TEXT)."""

import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.curation.explanation import Explainer, find_questions
from metaclip.report.explanation import render_explanation
from metaclip.report.summaries import ExplainSummary
from metaclip.warehouse.warehouse import Warehouse

FLAGS = {name: f"explain.{name}" for name in ("pair", "image", "text", "curation")}


def explain(config: Config, warehouse: Warehouse) -> ExplainSummary:
    """Return the entries found in each text, its keep probability, and its origins."""
    explainer = Explainer(warehouse, config.explain.curation)
    questions = find_questions(config.explain, warehouse)
    return ExplainSummary([explainer.explain(question) for question in questions])


def render(_: Warehouse, summary: ExplainSummary) -> str:
    """Return the explanations for the terminal."""
    return render_explanation(summary.pairs)


if __name__ == "__main__":
    sys.exit(run_job("explain", __doc__, explain, flags=FLAGS, report=render))
