"""Engines over all 500,000 entries: built once, as they take seconds."""

from __future__ import annotations

import pytest

from metaclip.matching.engine import Engine
from metaclip.matching.reference import ReferenceEngine
from metaclip.matching.spacing import Spacing
from tests.matching.twins import real_entries

SPACINGS: list[Spacing] = ["reference", "symmetric"]
Engines = dict[Spacing, Engine]


@pytest.fixture(scope="session")
def engines() -> Engines:
    """Return the reference engine of each spacing."""
    return {spacing: ReferenceEngine(real_entries(), spacing) for spacing in SPACINGS}
