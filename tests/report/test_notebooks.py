"""The notebooks run from top to bottom, define nothing, and are stored without outputs."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import cast

import nbformat
import pytest
from nbclient import NotebookClient

from tests.helpers.runner import ROOT, Runner

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(file: Path) -> nbformat.NotebookNode:
    return cast(nbformat.NotebookNode, nbformat.reads(file.read_text("utf-8"), as_version=4))  # type: ignore[no-untyped-call]


def test_notebooks_hold_no_outputs_and_define_nothing() -> None:
    assert [file.stem for file in NOTEBOOKS] == ["choose_a_threshold", "look_at_a_curation"]
    for file in NOTEBOOKS:
        for cell in read(file).cells:
            if cell.cell_type != "code":
                continue
            assert cell.outputs == []
            assert cell.execution_count is None
            nodes = ast.walk(ast.parse(cell.source))
            assert not any(isinstance(one, ast.FunctionDef | ast.ClassDef) for one in nodes)


@pytest.mark.long
@pytest.mark.parametrize("name", [file.stem for file in NOTEBOOKS])
def test_a_notebook_runs_on_hostile_captions(
    made: Runner, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METACLIP_WAREHOUSE", str(made.root))
    notebook = read(ROOT / "notebooks" / f"{name}.ipynb")
    NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(ROOT / "notebooks")}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    charts = [one for one in outputs if "image/svg+xml" in one.get("data", {})]
    printed = "".join(one.get("text", "") for one in outputs)
    assert len(charts) == (10 if name == "look_at_a_curation" else 3)
    assert ("tail share" in printed) or ("tail has" in printed)
