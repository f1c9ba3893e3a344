"""The layers of the package: imports go down, and functions stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import metaclip

PACKAGE = Path(metaclip.__file__).parent
ORDER = (
    ("__main__",),
    ("jobs",),
    ("setup",),
    ("__init__", "application"),
    ("curation", "removals", "maintenance"),
    ("ingest", "report"),
    ("crawl", "matching", "balance", "metadata"),
    ("warehouse", "spark", "config"),
    ("jit", "errors", "redaction"),
)
"""Folders and root modules from top to bottom, as the design has them."""
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
KERNELS = ("crawl/scanner", "matching/compiled", "jit")
MOST_LINES, MOST_PARAMETERS = 40, 8


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Yield each file of the package, relative to it, with its syntax tree."""
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file.relative_to(PACKAGE), ast.parse(file.read_text("utf-8"))


def folder_of(parts: tuple[str, ...]) -> str:
    """Return the folder, or the root module, of a module's path without `metaclip`."""
    return parts[0].removesuffix(".py")


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the folders of the package that a module imports anywhere but for type checks."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "metaclip":
                names = [f"metaclip.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "metaclip" and len(parts) > 1 and parts[1] in LEVEL:
                yield parts[1]


def folder_imports() -> set[tuple[str, str]]:
    """Return (folder, imported folder) of all modules, but for the lazy face of the package."""
    found = set()
    for path, tree in modules():
        if path.name == "__init__.py" and len(path.parts) == 1:
            continue
        found |= {(folder_of(path.parts), other) for other in imported(tree)}
    return {(one, other) for one, other in found if one != other}


def test_no_folder_imports_one_above_it() -> None:
    upward = {(one, other) for one, other in folder_imports() if LEVEL[one] > LEVEL[other]}
    assert upward == set()


def test_no_two_folders_import_each_other() -> None:
    imports = folder_imports()
    assert {pair for pair in imports if pair[::-1] in imports} == set()


def test_the_root_has_five_modules_at_most() -> None:
    root = {file.stem for file in PACKAGE.glob("*.py")}
    assert root <= {"__init__", "__main__", "application", "errors", "redaction"}


def test_every_folder_has_its_place_in_the_order() -> None:
    folders = {path.parts[0] for path, _ in modules() if len(path.parts) > 1}
    assert folders <= set(LEVEL)


def test_functions_are_short_and_have_few_parameters() -> None:
    large = []
    for path, tree in modules():
        if str(path).startswith(KERNELS):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
                parameters = [one for one in arguments if one.arg not in ("self", "cls")]
                if lines > MOST_LINES or len(parameters) > MOST_PARAMETERS:
                    large.append(f"{path}:{node.lineno} {node.name}")
    assert large == []


def test_jobs_have_sixty_lines_at_most() -> None:
    files = {file.name: file.read_text("utf-8") for file in (PACKAGE / "jobs").glob("*.py")}
    assert {name for name, text in files.items() if text.count("\n") > 60} == set()
