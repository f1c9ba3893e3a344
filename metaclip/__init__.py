"""Balanced image-text data sets from Common Crawl (MetaCLIP, Xu et al., 2023).

A notebook reads a warehouse in two lines:

    warehouse = metaclip.open_warehouse("demo-warehouse")
    warehouse["curated"].show()

Each name is imported at its first use, since Python workers import the package too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metaclip.application import open_warehouse as open_warehouse
    from metaclip.config.command_line import load_config as load_config
    from metaclip.errors import MetaclipError as MetaclipError
    from metaclip.spark.session import create_session as create_session

__version__ = "0.1.0"
__all__ = ["MetaclipError", "create_session", "load_config", "open_warehouse"]

_HOMES = {
    "MetaclipError": "metaclip.errors",
    "create_session": "metaclip.spark.session",
    "load_config": "metaclip.config.command_line",
    "open_warehouse": "metaclip.application",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
