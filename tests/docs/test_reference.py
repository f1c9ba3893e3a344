"""The generated pages equal what their scripts write from the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from metaclip.crawl import drop_reasons
from metaclip.crawl.scanner.record import Outcomes
from tests.helpers.runner import ROOT

READERS = ("metaclip/crawl", "metaclip/ingest")
TAKE_REASONS = {
    *("BadPayloadError", "Record", "Fault", "Piece", "_drop_record", "_drop_images"),
    *("drop_record", "drop_images", "_count"),
}
"""Functions and classes that take a reason or a fault."""
HOLD_REASONS = {"reason", "fault", "error"}
"""Variables and attributes that hold one; so do constants such as `NO_URL = "no_url"`."""
REASON = re.compile(r"[a-z]+(_[a-z]+)*")
DECLARED = drop_reasons.RECORDS | drop_reasons.IMAGES | drop_reasons.FILES


def test_generated_pages_equal_the_code() -> None:
    script = ROOT / "docs" / "site" / "generate.py"
    run = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def trees() -> Iterator[ast.Module]:
    """Yield the syntax trees of the code that reads files."""
    for folder in READERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if file.name != "drop_reasons.py":
                yield ast.parse(file.read_text("utf-8"))


def strings(*nodes: ast.AST | None) -> set[str]:
    """Return the string constants of expressions that are words like a reason's."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {node.value} if REASON.fullmatch(node.value) else set()
        elif isinstance(node, ast.IfExp):
            found |= strings(node.body, node.orelse)
        elif isinstance(node, ast.BoolOp):
            found |= strings(*node.values)
        elif isinstance(node, ast.Tuple):
            found |= strings(*node.elts)
    return found


def name_of(node: ast.expr) -> str:
    """Return the last name of a function or a variable."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def used_reasons(tree: ast.Module) -> set[str]:
    """Return the constants that a module passes, assigns or returns as a reason."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in TAKE_REASONS:
            found |= strings(*node.args, *(word.value for word in node.keywords))
        elif isinstance(node, ast.Assign):
            found |= assigned_reasons(node.targets, node.value)
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            returned = (one.value for one in ast.walk(node) if isinstance(one, ast.Return))
            if re.search(r"\bPage \| str\b|\[.*, str\]", ast.unparse(node.returns)):
                found |= strings(*returned)
    return found


def assigned_reasons(targets: list[ast.expr], value: ast.expr) -> set[str]:
    """Return the reasons of one assignment, also of one to a tuple."""
    found: set[str] = set()
    for target in targets:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, part in zip(target.elts, value.elts, strict=True):
                found |= assigned_reasons([one], part)
        elif name_of(target) in HOLD_REASONS or is_named_alike(target, value):
            found |= strings(value)
    return found


def is_named_alike(target: ast.expr, value: ast.expr) -> bool:
    """Return whether a constant has the name of its value, as `NO_URL = "no_url"` has."""
    name = name_of(target)
    return "_" in name and {name.lower()} == strings(value)


def test_every_reason_of_the_code_is_declared() -> None:
    used = set().union(*map(used_reasons, trees())) | set(Outcomes._fields[1:])
    assert len(used) >= 20, used
    assert used - DECLARED.keys() == set()


def test_every_declared_reason_is_in_the_code() -> None:
    constants = {
        node.value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert DECLARED.keys() - constants - set(Outcomes._fields) == set()


def test_the_reasons_of_pairs_are_those_of_the_summary() -> None:
    text = (ROOT / "metaclip/report/summaries.py").read_text("utf-8")
    equation = " + ".join([*drop_reasons.PAIRS, "matched"])
    assert f"pairs = {equation}" in text


def test_every_file_with_reasons_lies_below_the_readers() -> None:
    """A module elsewhere that counts drops would escape the other tests."""
    for file in sorted((ROOT / "metaclip").rglob("*.py")):
        relative = file.relative_to(ROOT).as_posix()
        if "dropped_images[" in file.read_text("utf-8"):
            assert relative.startswith(READERS), Path(relative)
