"""Balanced image-text data sets from Common Crawl (MetaCLIP, Xu et al., 2023).

A notebook needs these names; they are imported when they are used, since Python workers
import the package as well:

    from metaclip import open_warehouse, tables
    warehouse = open_warehouse("demo-warehouse")
    warehouse.read(tables.CURATED).show()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metaclip.application import open_warehouse as open_warehouse
    from metaclip.config.command_line import load_config as load_config
    from metaclip.spark.session import create_session as create_session
    from metaclip.warehouse import tables as tables
    from metaclip.warehouse.warehouse import Warehouse as Warehouse

__version__ = "0.1.0"
__all__ = ["Warehouse", "create_session", "load_config", "open_warehouse", "tables"]

_HOMES = {
    "Warehouse": "metaclip.warehouse.warehouse",
    "create_session": "metaclip.spark.session",
    "load_config": "metaclip.config.command_line",
    "open_warehouse": "metaclip.application",
}


def __getattr__(name: str) -> object:
    if name == "tables":
        return import_module("metaclip.warehouse.tables")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
