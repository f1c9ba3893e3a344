"""Write the reference of settings from `conf/default.yaml` and the declared types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import inspect
from writing import code, page, table

from metaclip.config.settings import Config

DEFAULTS = Path(__file__).parents[2] / "conf" / "default.yaml"
_INTRODUCTION = """\
A config file (`--config FILE`) holds only the settings that differ from these defaults, and
`--set section.key=value` overrides the file. Values are YAML. Unknown keys and invalid values
are refused before Spark starts. `metaclip config` prints `conf/default.yaml`, which has the same
explanations."""
_LINE = re.compile(r"(?P<indent> *)(?P<key>[a-z_]+):(?: (?P<default>.*))?")
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


class Setting(NamedTuple):
    """One key of the defaults: a section has no default."""

    path: tuple[str, ...]
    default: str | None
    comment: str


def render() -> str:
    """Return the page."""
    parts: list[str] = []
    rows: list[list[str]] = []
    settings = list(read_settings(DEFAULTS.read_text("utf-8")))
    for setting in settings:
        if setting.default is None:
            parts += _flush(rows)
            parts += [f"## {'.'.join(setting.path)}", setting.comment]
        elif len(setting.path) == 1:
            parts += _flush(rows)
            parts += [f"## {setting.path[0]}", *_flush([_row(setting)])]
        else:
            rows.append(_row(setting))
    return page("Settings", _INTRODUCTION, *parts, *_flush(rows))


def read_settings(text: str) -> Iterator[Setting]:
    """Yield the keys of a YAML file in their order, each with the comment above it."""
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped[1:].strip())
        elif match := _LINE.fullmatch(line):
            path = [*path[: len(match["indent"]) // 2], match["key"]]
            yield Setting(tuple(path), match["default"], " ".join(comment))
            comment = []
        else:
            comment = []


def _flush(rows: list[list[str]]) -> list[str]:
    found = [table(["setting", "default", "value", "explanation"], rows)] if rows else []
    rows.clear()
    return found


def _row(setting: Setting) -> list[str]:
    name, default = ".".join(setting.path), setting.default or ""
    return [code(name), code(default), _values(_type_of(setting.path)), setting.comment]


def _type_of(path: tuple[str, ...]) -> inspect.Type:
    found: inspect.Type = inspect.type_info(Config)
    for key in path:
        assert isinstance(found, inspect.StructType), path
        found = next(field.type for field in found.fields if field.encode_name == key)
    return found


def _values(kind: inspect.Type) -> str:
    """Return the valid values of a type in words."""
    match kind:
        case inspect.Metadata():
            return _values(kind.type)
        case inspect.UnionType():
            return " or ".join(map(_values, sorted(kind.types, key=_is_null)))
        case inspect.LiteralType():
            return ", ".join(map(code, kind.values))
        case inspect.IntType() | inspect.FloatType():
            word = "integer" if isinstance(kind, inspect.IntType) else "number"
            found = ((text, getattr(kind, name)) for name, text in _BOUNDS.items())
            bounds = [f"{text} {bound:g}" for text, bound in found if bound is not None]
            return " ".join([word, *bounds])
        case inspect.ListType():
            return f"list of {_values(kind.item_type)}"
        case inspect.DictType():
            return "map"
        case inspect.StrType():
            return "text" if kind.pattern is None else f"text like {code(kind.pattern)}"
        case _:
            return _SIMPLE[type(kind)]


_SIMPLE: dict[type, str] = {
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
}


def _is_null(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.NoneType)
