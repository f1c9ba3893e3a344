"""Describe a refused setting: its file and key, the expected and the actual value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, get_args

import msgspec
from msgspec import Struct

from metaclip.config.settings import Config
from metaclip.errors import InputError


def check_keys(
    settings: Mapping[str, object], struct: type[Struct], where: str, path: str = ""
) -> None:
    """Refuse unknown keys, also in nested sections."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for key, value in settings.items():
        if key not in fields:
            raise InputError(where, "a known setting", f"{path}{key}", _nearest(str(key), path))
        kind = fields[key].type
        if isinstance(kind, type) and issubclass(kind, Struct):
            if not isinstance(value, dict):
                raise InputError(
                    where, f"{path}{key} to hold settings, as {path}{key}.name", show(value)
                )
            check_keys(value, kind, where, f"{path}{key}.")


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


_NAME_RULE = "a name of letters, digits, '.', '_' and '-'"
_AT = re.compile(r"(?P<text>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?\Z", re.DOTALL)


def explain(
    error: msgspec.ValidationError,
    settings: dict[str, Any],
    origins: dict[str, str],
    file: str | None,
) -> InputError:
    """Return the error for a refused value: its origin, the expected and the actual value."""
    parts = _AT.match(str(error))
    text, path = (parts["text"], parts["path"] or "") if parts else (str(error), "")
    own = re.match(r"(\w+): expected (.*), found (.*)\Z", text)
    if own:
        path, expected, found = f"{path}.{own[1]}", own[2], own[3]
    else:
        value = _value_at(settings, path)
        expected = re.sub(r"^Expected |, got .*$", "", text).replace("`", "")
        if expected.startswith("Invalid enum value"):
            expected = "one of " + ", ".join(_choices(_type_at(path)))
        expected = expected.replace(r"str matching regex '\\A[A-Za-z0-9._-]+\\Z'", _NAME_RULE)
        found = show(value)
        if "str" in expected.split(" | ") and not isinstance(value, (str, list, dict)):
            found += " (put it in quotes)"
    key = re.sub(r"\[.*", "", path)
    where = origins.get(key) or next((o for k, o in origins.items() if k.startswith(key)), file)
    where = where or "settings"
    return InputError(where if where.startswith("--set") else f"{where}: {key}", expected, found)


def _value_at(settings: object, path: str) -> object:
    for key in filter(None, re.split(r"\.|\[(?:\.\.\.|\d+)\]", path)):
        settings = settings.get(key) if isinstance(settings, dict) else settings
    return settings


def _type_at(path: str) -> object:
    kind: Any = Config
    for key in path.split("."):
        kind = next(f.type for f in msgspec.structs.fields(kind) if f.encode_name == key)
    return kind


def _choices(kind: object) -> list[str]:
    """Return the values of a Literal, also of an optional one."""
    if kind is type(None):
        return ["null"]
    parts = get_args(kind)
    return [name for part in parts for name in _choices(part)] if parts else [str(kind)]


def show(value: object) -> str:
    return f"{type(value).__name__} {value!r}" if value is not None else "null"
