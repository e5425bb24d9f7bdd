"""Define labels, tiers and processes, and the origin of a record."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from provenance.model.base import Contract


class Label(StrEnum):
    """What a record is, or is claimed to be."""

    HUMAN = "human"
    SYNTHETIC = "synthetic"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Tier(StrEnum):
    """How strong a piece of evidence is; ``TIERS`` has them from the strongest down."""

    REVIEWED = "reviewed"
    VERIFIED = "verified"
    TOOL = "tool"
    DERIVED = "derived"
    DECLARED = "declared"
    DETECTED = "detected"
    HEURISTIC = "heuristic"


TIERS: tuple[Tier, ...] = tuple(Tier)

TIER_RANK: dict[Tier, int] = {tier: len(TIERS) - 1 - index for index, tier in enumerate(TIERS)}
"""6 for reviewed, 5 verified, 4 tool, 3 derived, 2 declared, 1 detected, 0 heuristic."""


NO_TIER = "none"
"""The tier of an origin without evidence."""


class Process(StrEnum):
    """How a synthetic part was made, or what a machine did to a text."""

    GENERATE = "generate"
    REPHRASE = "rephrase"
    TRANSLATE = "translate"
    TRANSCRIBE = "transcribe"
    SUMMARISE = "summarise"
    DISTIL = "distil"
    FEEDBACK = "feedback"
    ANNOTATE = "annotate"
    TEMPLATE = "template"
    EDIT = "edit"
    CLEAN = "clean"


GENERATIVE: frozenset[Process] = frozenset(Process) - {
    Process.ANNOTATE,
    Process.EDIT,
    Process.CLEAN,
}
"""Processes whose output text a machine wrote; the others add no generative step."""

Unit = Literal["records", "bytes", "chars", "words", "tokens"]
UNITS: tuple[Unit, ...] = ("records", "bytes", "chars", "words", "tokens")


class Origin(Contract):
    """The conclusion about one record, and why."""

    label: Label
    share: tuple[float, float] = Field(
        description="Synthetic share of the record's characters: at least, at most; for display."
    )
    process: str | None = None
    generator: str | None = None
    depth: int = Field(ge=0, description="Generative steps back to human text, a lower bound.")
    rule: str = Field(description="Name of the rule that decided.")
    conflict: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Origin:
        lo, hi = self.share
        if not 0.0 <= lo <= hi <= 1.0:
            raise ValueError("a share is an interval within [0, 1]")
        return self
