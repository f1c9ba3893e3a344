"""The layers of the package: imports go down, and functions stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
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


@cache
def modules() -> list[tuple[Path, ast.Module]]:
    """Return each file of the package, relative to it, with its syntax tree."""
    # rglob does not follow the link to the jobs.
    files = sorted({*PACKAGE.rglob("*.py"), *(PACKAGE / "jobs").glob("*.py")})
    return [(file.relative_to(PACKAGE), ast.parse(file.read_text("utf-8"))) for file in files]


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the full name of everything that a module imports from the package."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name for name in names if name.startswith("metaclip."))


def module_imports() -> dict[str, set[str]]:
    """Return the modules that each module imports, but for the lazy names of the package."""
    trees = {".".join(("metaclip", *path.with_suffix("").parts)): tree for path, tree in modules()}
    del trees["metaclip.__init__"]
    found: dict[str, set[str]] = {}
    for module, tree in trees.items():
        # The last part may be a name inside of the module.
        names = {name for full in imported(tree) for name in (full, full.rpartition(".")[0])}
        found[module] = names & trees.keys() - {module}
    return found


def folder_imports() -> set[tuple[str, str]]:
    """Return (folder, imported folder) of all modules."""
    pairs = {
        (one.split(".")[1], other.split(".")[1])
        for one, others in module_imports().items()
        for other in others
    }
    return {(one, other) for one, other in pairs if one != other}


def test_imports_are_found() -> None:
    """The tests below would pass if the parsing of imports missed them."""
    imports = module_imports()
    assert "metaclip.warehouse.tables" in imports["metaclip.warehouse.views"]
    assert "metaclip.jobs.match_entries" in imports["metaclip.jobs.curate"]
    assert {("jobs", "application"), ("application", "spark"), ("spark", "errors")} < (
        folder_imports()
    )


def test_no_import_closes_a_circle() -> None:
    TopologicalSorter(module_imports()).prepare()


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
