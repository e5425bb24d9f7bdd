"""The manifest of a release: a body that is the same for the same inputs, in an envelope."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from provenance.model.base import Contract, Name
from provenance.model.finding import BudgetResult, Verdict
from provenance.model.policy import Policy

MOST_REPEATS = 1_000_000
"""Largest weight: sizes times weights stay within 64 bits."""

_PART = re.compile(r"(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})")


def _weight(value: Any) -> Any:
    written = str(value).strip()
    whole = not isinstance(value, bool) and re.fullmatch(r"\+?[0-9]{1,18}", written)
    if whole and 1 <= int(written) <= MOST_REPEATS:
        return int(written)
    raise PydanticCustomError(
        "weight",
        "{written} is no weight: it is a whole number from 1 to {most}",
        {
            "written": repr(written[:40]),
            "most": f"{MOST_REPEATS:,}",
            "hint": "to take nothing of a source leave it out: name the others with --source, "
            "or --where \"source <> 'NAME'\"",
        },
    )


Weight = Annotated[int, BeforeValidator(_weight)]
"""How often every record of a source counts."""


class SealedSelection(Contract):
    """What was asked for, as a manifest holds it: any that was ever sealed can be read."""

    sources: tuple[Name, ...] = ()
    where: str | None = None
    weights: dict[Name, int] = Field(default_factory=dict)
    splits: dict[Name, str] = Field(
        default_factory=dict, description="Split names with their parts of the set, as decimals."
    )
    split_by: str = "record"
    fit: bool = False
    seed: int = 0


class Selection(SealedSelection):
    """What is asked for: which records, repeated how often, split how.

    Weights are whole numbers from 1; splits are decimals above 0 that sum to 1.
    """

    weights: dict[Name, Weight] = Field(default_factory=dict)

    @field_validator("splits")
    @classmethod
    def _parts_of_one(cls, splits: dict[str, str]) -> dict[str, str]:
        hint = {"hint": "for example --split train=0.9 --split test=0.1"}
        for name, part in splits.items():
            if not _PART.fullmatch(part) or not 0 < Decimal(part) <= 1:
                message = "{name}: {part} is no part of a set: write a decimal above 0, up to 1"
                raise PydanticCustomError("split", message, {"name": name, "part": part, **hint})
        total = sum((Decimal(part) for part in splits.values()), Decimal(0))
        if splits and total != 1:
            message = "the splits sum to {total}, not 1"
            raise PydanticCustomError("splits", message, {"total": str(total), **hint})
        return splits


class Body(Contract):
    """What is sealed: no time, no path of a ledger, no tool version."""

    format: str = "prov-manifest/1"
    release: Name
    selection: SealedSelection
    policy: Policy
    verdict: Verdict
    budgets: tuple[BudgetResult, ...]
    records: int = Field(ge=0)
    totals: dict[str, int] = Field(description="Sizes by unit, repeats counted.")
    labels: dict[str, int]
    members_digest: str = Field(description="sha256 over the member lines, sorted by digest.")

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, as it is written."""
        return f"sha256:{hashlib.sha256(self.canonical()).hexdigest()}"


class Manifest(Contract):
    """The JSON header of a release: the sealed body, its digest, and the circumstances."""

    body: Body
    body_digest: str
    created_at: datetime
    tool_version: str
    ledger_sequence: int = Field(description="The last commit that the assembly saw.")
