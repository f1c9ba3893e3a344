"""The settings of all jobs: their types, their defaults, and how they are read.

Defaults are written here and nowhere else; `conf/default.yaml` shows and explains them.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
import yaml
from msgspec import Meta, Struct

from metaclip.crawl.limits import ExtractionOptions
from metaclip.errors import InputError
from metaclip.matching.build import EngineName
from metaclip.matching.spacing import Spacing

Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]+\Z", description="letters, digits, . _ -")]
Share = Annotated[float, Meta(ge=0, le=1)]
DEFAULT_T = 20_000.0
"""The paper's t for 400 million pairs (section 3.4)."""


class CrawlSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`crawl`: the files to read, and the name their pairs get."""

    name: Name = "local"
    files: str | list[str] = []
    prefix: str = ""
    min_coverage: Share = 1.0
    batch_files: Annotated[int, Meta(ge=1)] = 1000
    extraction: ExtractionOptions = ExtractionOptions()


class ImportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`import`: how a ready pool of pairs is read."""

    where: str | None = None


class MetadataSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`metadata`: the list of entries to import, and which version to match with."""

    file: str | None = None
    version: Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")] | None = None


class MatchingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`matching`: how entries are found in texts."""

    engine: EngineName = "compiled"
    spacing: Spacing = "reference"


class BalanceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`balance`: one curation, its inputs and its size."""

    curation: Name = "default"
    crawls: list[Name] = []
    dedup: Literal["all", "crawl"] = "all"
    t: float | None = None
    tail_share: float | None = None
    size: Annotated[int, Meta(ge=1)] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.t is not None and not (math.isfinite(self.t) and self.t > 0):
            raise ValueError(f"t: expected a finite number above 0, found {self.t}")
        if self.tail_share is not None and not 0 < self.tail_share < 1:
            raise ValueError(
                f"tail_share: expected a number above 0 and below 1, found {self.tail_share}"
            )
        if not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"seed: expected an integer of 64 bits, found {self.seed}")
        given = [name for name in ("t", "tail_share", "size") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"{given[0]}: expected at most one of t, tail_share and size, "
                f"found {' and '.join(given)}"
            )


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of a job."""

    warehouse: Annotated[str, Meta(min_length=1)] = "warehouse"
    crawl: CrawlSettings = CrawlSettings()
    import_: ImportSettings = msgspec.field(name="import", default=ImportSettings())
    metadata: MetadataSettings = MetadataSettings()
    matching: MatchingSettings = MatchingSettings()
    balance: BalanceSettings = BalanceSettings()
    spark: dict[str, str | int | float | bool] = {}

    def to_json(self) -> str:
        """Return all settings as one line of JSON, keys sorted."""
        return msgspec.json.encode(self, order="sorted").decode()

    def digest(self) -> str:
        """Return 16 hex digits that name these settings."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]


def parse_arguments(description: str, argv: Sequence[str] | None = None) -> Config:
    """Return the settings that a job's command line asks for.

    Raises:
        InputError: a flag, a file, a key or a value that does not belong.
    """
    parser = _Parser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--config", metavar="FILE", help="YAML file with the settings that differ")
    parser.add_argument(
        "--set",
        metavar="section.key=value",
        action="append",
        default=[],
        help="one setting; the value is read as YAML; goes over the file's",
    )
    arguments = parser.parse_args(argv)
    return load_config(arguments.config, arguments.set)


def load_config(file: str | None = None, assignments: Sequence[str] = ()) -> Config:
    """Return the settings of a YAML `file`, with `section.key=value` assignments over them.

    Raises:
        InputError: naming the place, the key, what was expected and the nearest known key.
    """
    settings: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if file is not None:
        settings = _read_file(file)
        _check_keys(settings, Config, file)
    for assignment in assignments:
        key, value = _parse_assignment(assignment)
        _check_keys(_nested(key, value), Config, f"--set {assignment}")
        _assign(settings, key, value)
        origins[".".join(key)] = f"--set {assignment}"
    try:
        config = msgspec.convert(settings, Config)
    except msgspec.ValidationError as error:
        raise _explain(error, settings, origins, file) from None
    _refuse_late_settings(config.spark)
    return config


def with_metadata_version(config: Config, version: str) -> Config:
    """Return `config` with `metadata.version` set."""
    metadata = msgspec.structs.replace(config.metadata, version=version)
    return msgspec.structs.replace(config, metadata=metadata)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise InputError("command line", "--config FILE and --set section.key=value", message)


class _Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: PyYAML's own rules take 1e5 for a string."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"\A[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+\Z"),
    list("-+.0123456789"),
)


def _load_yaml(text: str, where: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise InputError(where, "YAML", " ".join(str(error).split())) from None


def _read_file(file: str) -> dict[str, Any]:
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--config {file}", "a readable YAML file", str(error)) from None
    settings = _load_yaml(text, file)
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise InputError(file, "sections with settings", _show(settings))
    return settings


def _parse_assignment(assignment: str) -> tuple[list[str], Any]:
    key, equals, text = assignment.partition("=")
    if not equals or not key:
        raise InputError(f"--set {assignment}", "section.key=value", "no value")
    path = key.split(".")
    if path[0] == "spark" and len(path) > 1:
        path = ["spark", ".".join(path[1:])]
    return path, _load_yaml(text, f"--set {assignment}")


def _nested(path: list[str], value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return dict(value)


def _assign(settings: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        if not isinstance(settings.get(key), dict):
            settings[key] = {}
        settings = settings[key]
    settings[path[-1]] = value


def _check_keys(settings: Any, struct: type[Struct], where: str, path: str = "") -> None:
    """Refuse unknown keys, also where several sections are nested."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for key, value in settings.items():
        if key not in fields:
            raise InputError(where, "a known setting", f"{path}{key}", _nearest(str(key), path))
        kind = fields[key].type
        if isinstance(kind, type) and issubclass(kind, Struct):
            if not isinstance(value, dict):
                raise InputError(
                    where, f"{path}{key} to hold settings, as {path}{key}.name", _show(value)
                )
            _check_keys(value, kind, where, f"{path}{key}.")


def _known_keys(struct: type[Struct] = Config, path: str = "") -> list[str]:
    keys: list[str] = []
    for field in msgspec.structs.fields(struct):
        name = path + field.encode_name
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            keys += _known_keys(field.type, name + ".")
        else:
            keys.append(name)
    return keys


def _nearest(key: str, path: str) -> str:
    known = _known_keys()
    by_last = {name.rpartition(".")[2]: name for name in known}
    near = difflib.get_close_matches(path + key, known, n=1) or [
        by_last[name] for name in difflib.get_close_matches(key, by_last, n=1)
    ]
    return f"did you mean {near[0]}?" if near else "conf/default.yaml lists all settings"


_AT = re.compile(r"(?P<text>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?\Z", re.DOTALL)


def _explain(
    error: msgspec.ValidationError,
    settings: dict[str, Any],
    origins: dict[str, str],
    file: str | None,
) -> InputError:
    """Say where a refused value came from, what was expected, and what stands there."""
    parts = _AT.match(str(error))
    text, path = (parts["text"], parts["path"] or "") if parts else (str(error), "")
    own = re.match(r"(\w+): expected (.*), found (.*)\Z", text)
    if own:
        path, expected, found = f"{path}.{own[1]}", own[2], own[3]
    else:
        value = _value_at(settings, path)
        expected = re.sub(r"^Expected |, got .*$", "", text).replace("`", "")
        if expected.startswith("Invalid enum value"):
            expected = "one of " + ", ".join(map(str, get_args(_type_at(path))))
        expected = expected.replace(r"str matching regex '\\A[A-Za-z0-9._-]+\\Z'", _NAME_RULE)
        found = _show(value)
        if "str" in expected.split(" | ") and not isinstance(value, (str, list, dict)):
            found += " (put it in quotes)"
    key = re.sub(r"\[.*", "", path)
    where = origins.get(key) or next((o for k, o in origins.items() if k.startswith(key)), file)
    where = where or "settings"
    return InputError(where if where.startswith("--set") else f"{where}: {key}", expected, found)


_NAME_RULE = "a name of letters, digits, '.', '_' and '-'"


def _value_at(settings: Any, path: str) -> Any:
    for key in filter(None, re.split(r"\.|\[(?:\.\.\.|\d+)\]", path)):
        settings = settings.get(key) if isinstance(settings, dict) else settings
    return settings


def _type_at(path: str) -> Any:
    kind: Any = Config
    for key in path.split("."):
        kind = next(f.type for f in msgspec.structs.fields(kind) if f.encode_name == key)
    return kind


def _show(value: Any) -> str:
    return f"{type(value).__name__} {value!r}" if value is not None else "null"


def _refuse_late_settings(spark: dict[str, Any]) -> None:
    """Refuse what a JVM that spark-submit has started can no longer take."""
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
