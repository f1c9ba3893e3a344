"""Read YAML by the core schema of YAML 1.2, and refuse a key that is given twice."""

from __future__ import annotations

import re

import yaml

from metaclip.errors import InputError

_QUOTED = re.compile(r"[*&!%@`{?|>]")
"""First characters of a value that YAML does not take for a text."""


class _Loader(yaml.SafeLoader):
    """Reads plain values by YAML 1.2: in 1.1, 010 is 8, 1:30 is 90 and `no` is false."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """Return a mapping whose keys are all different."""
        keys = [key.value for key, _ in node.value]
        twice = next((key for number, key in enumerate(keys) if key in keys[:number]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {twice} twice", node.start_mark
            )
        found: dict[object, object] = super().construct_mapping(node, deep=deep)
        return found


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    value = loader.construct_scalar(node)
    base = {"0o": 8, "0x": 16}.get(value[:2], 10)
    return int(value, base)


# Else the rules of YAML 1.1 would hold too.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"\A(?:{_pattern})\Z"), list(_first)
    )
_Loader.add_constructor("tag:yaml.org,2002:int", _decimal)


def load_yaml(text: str, where: str) -> object:
    """Return the value of a YAML text.

    Raises:
        InputError: it is no YAML, or has a key twice.
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        if _QUOTED.match(text) and "\n" not in text:
            hint = f"""put it in quotes of its own: '"{text}"'"""
            raise InputError(where, "a value in YAML", f"an open {text[0]}", hint) from None
        found = " ".join(str(error).replace('in "<unicode string>", ', "").split())
        raise InputError(where, "YAML", found) from None
