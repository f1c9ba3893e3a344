"""Declare the settings of a curation: its inputs, its threshold, and the plan before it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from metaclip.config.types import Name, is_threshold

DEFAULT_T = 20_000.0
"""The paper's t for 400 million pairs (section 3.4)."""
_WAYS_TO_T = ("t", "tail_share", "size", "reference_matches")


class BalanceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`balance`: one curation, its inputs and its size."""

    curation: Name = "default"
    crawls: list[Name] = []
    dedup: Literal["all", "crawl"] = "all"
    t: float | None = None
    tail_share: float | None = None
    size: Annotated[int, Meta(ge=1)] | None = None
    reference_matches: Annotated[int, Meta(ge=1)] | None = None
    reference_t: float = DEFAULT_T
    seed: int = 0
    texts_per_image: Literal["all", "one"] = "all"
    parent: Name | None = None
    survivors: str | list[str] = []

    def __post_init__(self) -> None:
        self._check_numbers()
        given = [name for name in _WAYS_TO_T if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"{given[0]}: expected at most one of {', '.join(_WAYS_TO_T[:-1])} and "
                f"{_WAYS_TO_T[-1]}, found {' and '.join(given)}"
            )
        if (self.parent is None) != (not self.survivors):
            lone = "survivors" if self.parent is None else "parent"
            raise ValueError(f"{lone}: expected parent and survivors together, found {lone} alone")
        if self.parent == self.curation:
            raise ValueError(
                f"parent: expected another curation than this one, found {self.parent}"
            )

    def _check_numbers(self) -> None:
        for name, value in (("t", self.t), ("reference_t", self.reference_t)):
            if value is not None and not is_threshold(value):
                raise ValueError(f"{name}: expected a finite number above 0, found {value}")
        if self.tail_share is not None and not 0 < self.tail_share < 1:
            raise ValueError(
                f"tail_share: expected a number above 0 and below 1, found {self.tail_share}"
            )
        if not -(2**63) <= self.seed < 2**63:
            raise ValueError(f"seed: expected an integer of 64 bits, found {self.seed}")

    def asks_for_t(self) -> bool:
        """Return whether one of the ways to t is set."""
        return any(getattr(self, name) is not None for name in _WAYS_TO_T)


class PlanSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`plan`: the thresholds that plan_balance compares."""

    t: list[float] = []
    to: str | None = None

    def __post_init__(self) -> None:
        for value in self.t:
            if not is_threshold(value):
                raise ValueError(f"t: expected finite numbers above 0, found {value}")
