"""Declare the types that several sections of the settings share."""

from __future__ import annotations

import math
from typing import Annotated

from msgspec import Meta

Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]+\Z", description="letters, digits, . _ -")]
Share = Annotated[float, Meta(ge=0, le=1)]


def is_threshold(value: float) -> bool:
    """Return whether a number can be a threshold t: finite and above 0."""
    return math.isfinite(value) and value > 0
