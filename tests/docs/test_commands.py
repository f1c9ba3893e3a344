"""Every fenced command of the README and the pages: run where it can run, else checked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from msgspec import Struct
from pyspark.sql import SparkSession

from metaclip.__main__ import list_jobs
from metaclip.application import Step
from metaclip.config.command_line import load_config, parse_arguments
from metaclip.warehouse.tables import CURATED
from metaclip.warehouse.warehouse import Warehouse
from tests.helpers.documents import Block, blocks, commands, pages
from tests.helpers.runner import ENTRIES, ROOT, WAT

RUN, CHECKED = "sh", "bash"
BLOCKS = [block for page in pages() for block in blocks(page)]
TARGETS = {
    line.partition(":")[0]
    for line in (ROOT / "Makefile").read_text("utf-8").splitlines()
    if ":" in line and line[0].isalpha()
}
DEMO_FILES = ("tests/data/wat/part.warc.wat.gz", "tests/data/warc/part.warc.gz")
SHORT = {"plan_balance", "export_pairs", "explain"}
"""Jobs that run soon; `make test-long` runs all."""
SIZE = "size=2000"
"""The exact size that the guides ask for."""
PAIR = "1ea313b33f6e8ec517874579bab22bf8"
"""The pair that the guides explain; its text is `Miracle on American Street`."""


def job_of(words: list[str]) -> tuple[str, list[str]] | None:
    """Return a job and its arguments, from a command that runs or submits it."""
    if words[0] == "metaclip" and words[1] in list_jobs():
        return words[1], words[2:]
    for index, word in enumerate(words):
        if word.startswith("$(metaclip path "):
            return word.split()[2].rstrip(")"), words[index + 1 :]
    return None


def make_folder(folder: Path) -> Path:
    """Fill a folder with the settings and the files that the commands name."""
    folder.mkdir()
    (folder / "conf").mkdir()
    for name in ("demo", "local"):
        shutil.copy(ROOT / "conf" / f"{name}.yaml", folder / "conf")
    (folder / "entries.json").write_text(json.dumps(ENTRIES), encoding="utf-8")
    return folder


def make_small(folder: Path, archive: Path) -> None:
    """Let the demo be a few pages and entries."""
    for name in DEMO_FILES:
        (folder / name).parent.mkdir(parents=True)
        (folder / name).symlink_to(archive)
    model = Path("tests/data/languages/lid.176.ftz")
    (folder / model).parent.mkdir()
    (folder / model).symlink_to(ROOT / model)
    (folder / "my.warc.wat.gz").symlink_to(archive)
    settings = yaml.safe_load((folder / "conf" / "demo.yaml").read_text("utf-8"))
    settings["metadata"]["file"] = "entries.json"
    (folder / "conf" / "demo.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def run_blocks(run_job: Callable[[str, list[str]], None]) -> int:
    """Run all blocks that can run, page after page, after the demo; return their number."""
    run_job("curate", ["--config", "conf/demo.yaml"])
    blocks_run = [block for block in BLOCKS if block.language == RUN]
    for block in blocks_run:
        script: list[str] = []
        for line in block.text.replace("\\\n", " ").splitlines():
            words = commands(line)[0] if line.startswith("metaclip ") else []
            job = job_of(words) if words else None
            if job:
                run_script("\n".join(script), block)
                script = []
                run_job(*job)
            else:
                script.append(line)
        run_script("\n".join(script), block)
    return len(blocks_run)


def run_script(text: str, block: Block) -> None:
    """Run lines of a block by bash, in the current folder."""
    if text.strip():
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        run = subprocess.run(
            ["bash", "-e", "-c", text],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, (block.page.name, text, run.stderr)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = make_folder(tmp_path / "folder")
    monkeypatch.chdir(made)
    return made


@pytest.mark.long
def test_commands_that_read_a_curation_run_on_a_few_pages(
    folder: Path, spark: SparkSession, wat: Path
) -> None:
    """In the session of the tests; each as it is, but for paths, and what only the demo has."""
    make_small(folder, wat)
    pairs: list[str] = []
    ran: list[str] = []

    def run_job(name: str, arguments: list[str]) -> None:
        if pairs and name not in SHORT:
            return
        module = import_module(f"metaclip.jobs.{name}")
        texts = [text.replace(SIZE, "size=50") for text in arguments]
        texts = [text.replace("export.to=", f"export.to={folder}/") for text in texts]
        texts = [text.replace("plan.to=", f"plan.to={folder}/") for text in texts]
        texts = [pairs[0] if text == PAIR else text for text in texts]
        config = parse_arguments("", texts, getattr(module, "FLAGS", None))
        step: Step[Struct] = getattr(module, name)
        warehouse = Warehouse(spark, str(folder / config.warehouse), name, config.digest())
        step(config, warehouse)
        ran.append(name)
        if not pairs:
            pairs.extend(row.pair_id for row in warehouse.read(CURATED).take(1))

    assert run_blocks(run_job) >= 9
    assert set(ran) == {"curate", *SHORT}
    assert (folder / "survivors.parquet").exists()


@pytest.mark.long
def test_commands_run_as_a_user_types_them(folder: Path) -> None:
    """Each job in a Spark of its own, on the demo's data; examples of output are what it prints."""
    (folder / "tests").mkdir()
    (folder / "tests" / "data").symlink_to(ROOT / "tests" / "data")
    (folder / "my.warc.wat.gz").symlink_to(WAT)
    command = Path(sys.executable).with_name("metaclip")
    printed: list[str] = []

    def run_job(name: str, arguments: list[str]) -> None:
        run = subprocess.run(
            [str(command), name, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert run.returncode == 0, (name, arguments, run.stderr)
        printed.append(run.stdout)

    assert run_blocks(run_job) >= 9
    everything = "".join(printed)
    for block in BLOCKS:
        if block.language == "text":
            # The lines of the log before the report have the time of day.
            for line in block.text.rpartition("\n\nCuration")[2].splitlines():
                assert line in everything


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.language in (RUN, CHECKED)],
    ids=lambda block: f"{block.page.stem}-{block.text.split()[0]}",
)
def test_jobs_targets_and_settings_of_a_command_exist(block: Block) -> None:
    for words in commands(block.text.partition("<<'EOF'")[0]):
        if words[0] == "make":
            assert words[1] in TARGETS
        job = job_of(words)
        if job is None:
            continue
        name, arguments = job
        assert name in list_jobs()
        sets = [arguments[n + 1] for n, word in enumerate(arguments) if word == "--set"]
        demo = str(ROOT / "conf" / "demo.yaml")
        load_config(demo if "conf/demo.yaml" in arguments else None, sets)


def test_blocks_have_a_language_that_is_run_checked_or_shown() -> None:
    known = {RUN, CHECKED, "text", "yaml", "python", "sql"}
    assert {block.language for block in BLOCKS} <= known


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.language == "yaml"],
    ids=lambda block: block.page.stem,
)
def test_settings_in_yaml_are_valid(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(block.text, encoding="utf-8")
    load_config(str(file))
