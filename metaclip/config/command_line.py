"""Read a job's command line: settings from a file and from `--set`, checked before Spark starts."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from metaclip.config.refusals import check_keys, explain, show
from metaclip.config.settings import Config
from metaclip.config.yaml_values import load_yaml
from metaclip.errors import InputError

_PATHS = (
    "warehouse",
    "crawl.files",
    "metadata.file",
    "build.wordnet",
    "build.omw",
    "build.wikipedia.dumps",
    "build.wikipedia.texts",
    "build.unigrams.counts",
    "build.titles.pageviews",
    "languages.model",
    "balance.survivors",
    "removals.files",
    "export.to",
    "plan.to",
    "report.to",
)
"""The settings that may be local paths."""


def parse_arguments(
    description: str, argv: Sequence[str] | None = None, flags: Mapping[str, str] | None = None
) -> Config:
    """Return the settings that a job's command line asks for.

    Args:
        flags: settings with a flag of their own, as the flag's name to `section.key`; the
            value is taken literally, not as YAML.

    Raises:
        InputError: an unknown flag or key, an unreadable file, an invalid value.
    """
    parser = _Parser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--config", metavar="FILE", help="YAML file with the settings that differ from the defaults"
    )
    parser.add_argument(
        "--set",
        metavar="section.key=value",
        action="append",
        default=[],
        help="one setting; the value is read as YAML and overrides the file's",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the line of JSON on a terminal too"
    )
    for flag, key in (flags or {}).items():
        parser.add_argument(f"--{flag}", metavar=flag.upper(), help=f"the setting {key}")
    arguments = parser.parse_args(argv)
    given = {key: getattr(arguments, flag) for flag, key in (flags or {}).items()}
    texts = {key: text for key, text in given.items() if text is not None}
    return load_config(arguments.config, arguments.set, texts)


def load_config(
    file: str | None = None,
    assignments: Sequence[str] = (),
    texts: Mapping[str, str] | None = None,
) -> Config:
    """Return the settings of a YAML `file`, with `section.key=value` assignments over them.

    Args:
        texts: `section.key` to a literal value, which overrides both.

    Raises:
        InputError: naming the file, the key, the expected value and the nearest known key.
    """
    settings: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if file is not None:
        settings = _read_file(file)
        check_keys(settings, Config, file)
    for assignment in assignments:
        key, value = _parse_assignment(assignment)
        check_keys(_nested(key, value), Config, f"--set {assignment}")
        _assign(settings, key, value)
        origins[".".join(key)] = f"--set {assignment}"
    for name, text in (texts or {}).items():
        _assign(settings, name.split("."), text)
    _complete_spark_keys(settings)
    _expand_home(settings)
    try:
        config = msgspec.convert(settings, Config)
    except msgspec.ValidationError as error:
        raise explain(error, settings, origins, file) from None
    _refuse_late_settings(config.spark)
    return config


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError("command line", "--config FILE and --set section.key=value", message)


def _read_file(file: str) -> dict[str, Any]:
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--config {file}", "a readable YAML file", str(error)) from None
    settings = load_yaml(text, file)
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise InputError(file, "sections with settings", show(settings))
    return settings


def _parse_assignment(assignment: str) -> tuple[list[str], object]:
    key, equals, text = assignment.partition("=")
    if not equals or not key:
        raise InputError(f"--set {assignment}", "section.key=value", "no value")
    path = key.split(".")
    if path[0] == "spark" and len(path) > 1:
        # Spark's own names begin with `spark.`, which may be written once or twice.
        path = ["spark", key if path[1] != "spark" else ".".join(path[1:])]
    return path, load_yaml(text, f"--set {assignment}")


def _nested(path: list[str], value: object) -> dict[str, Any]:
    *outer, last = path
    nested = {last: value}
    for key in reversed(outer):
        nested = {key: nested}
    return nested


def _assign(settings: dict[str, Any], path: list[str], value: object) -> None:
    for key in path[:-1]:
        if not isinstance(settings.get(key), dict):
            settings[key] = {}
        settings = settings[key]
    settings[path[-1]] = value


def _complete_spark_keys(settings: dict[str, Any]) -> None:
    """Give the keys of `spark` the prefix without which Spark ignores them."""
    spark = settings.get("spark")
    if isinstance(spark, dict):
        settings["spark"] = {
            key if str(key).startswith("spark.") else f"spark.{key}": value
            for key, value in spark.items()
        }


def _expand_home(settings: dict[str, Any]) -> None:
    """Replace `~` at the start of local paths, which no shell sees inside a setting."""
    for path in _PATHS:
        *sections, key = path.split(".")
        section: Any = settings
        for name in sections:
            section = section.get(name) if isinstance(section, dict) else None
        if not isinstance(section, dict):
            continue
        value = section.get(key)
        if isinstance(value, str):
            section[key] = str(_home(value))
        elif isinstance(value, list):
            section[key] = [_home(item) for item in value]


def _home(value: object) -> object:
    at_home = isinstance(value, str) and (value == "~" or value.startswith("~/"))
    return str(Path(str(value)).expanduser()) if at_home else value


def _refuse_late_settings(spark: dict[str, Any]) -> None:
    """Refuse settings that come too late for a JVM that spark-submit has started."""
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        return
    for key in spark:
        if key.startswith(("spark.driver.", "spark.jars")) or key == "spark.master":
            raise InputError(
                f"spark.{key}",
                "settings that a driver already started by spark-submit can take",
                key,
                f"give it to spark-submit: --conf {key}=... or its own flag",
            )
