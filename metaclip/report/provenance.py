"""Describe how a curation was made, and the command that makes it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import msgspec
from pyspark.sql import Row

from metaclip.config.balance import BalanceSettings
from metaclip.config.settings import Config

_FROM_ROW = ("curation", "crawls", "seed", "dedup", "parent")


@dataclass(frozen=True)
class Provenance:
    """The origin of a curation: settings that differ from the defaults, versions, the command."""

    settings: dict[str, object]
    versions: dict[str, int]
    command: str


class _Recorded(msgspec.Struct):
    """The part of a curation's `config` that chose its pairs; other keys are ignored."""

    balance: dict[str, object] = {}


def describe_provenance(root: str, curation: Row) -> Provenance:
    """Return the provenance of a curation.

    Args:
        root: the warehouse's folder.
        curation: the curation's row of `curations`.
    """
    settings = _settings(curation)
    assignments = {"warehouse": root, **settings}
    words = ["spark-submit", "jobs/sample_pairs.py"]
    for key, value in assignments.items():
        words += ["--set", f"{key}={_render(value)}"]
    versions = {**curation.input_versions, "curated": curation.curated_version}
    return Provenance(settings, dict(sorted(versions.items())), shlex.join(words))


def _settings(curation: Row) -> dict[str, object]:
    """Return the settings of sample_pairs; the row's own columns win over its `config`."""
    recorded = msgspec.json.decode(curation.config, type=_Recorded).balance
    defaults = msgspec.to_builtins(BalanceSettings())
    balance = {**recorded, **{name: curation[name] for name in _FROM_ROW}}
    differing = {
        f"balance.{name}": value
        for name, value in balance.items()
        if name == "crawls" or value != defaults.get(name)
    }
    version = {"metadata.version": curation.metadata_version}
    spacing = Config().matching.spacing
    other = {"matching.spacing": curation.spacing} if curation.spacing != spacing else {}
    return {**dict(sorted(differing.items())), **version, **other}


def _render(value: object) -> str:
    """Return a value as YAML reads it back; JSON is YAML, but words need no quotes."""
    if isinstance(value, str) and value.isascii() and value.replace("-", "").isalpha():
        return value
    return msgspec.json.encode(value).decode()
