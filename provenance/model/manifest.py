"""Define the manifest of a release: a reproducible body in an envelope."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from provenance.errors import MisuseError
from provenance.model.base import Contract, Name
from provenance.model.finding import BudgetResult, Verdict
from provenance.model.policy import Policy

MOST_REPEATS = 1_000_000
"""Largest weight: sizes times weights stay within 64 bits."""

_WHOLE = re.compile(r"[0-9]{1,18}")
_PART = re.compile(r"(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})")


class Selection(Contract):
    """What is asked for: which records, repeated how often, split how.

    Weights are whole numbers from 1; splits are decimals above 0 that sum to 1. The JSON of what
    was sealed is read as it is, whatever an older version let pass.

    Raises:
        MisuseError: they are not.
    """

    sources: tuple[Name, ...] = ()
    where: str | None = None
    weights: dict[Name, int] = Field(default_factory=dict)
    splits: dict[Name, str] = Field(
        default_factory=dict, description="Split names with their parts of the set, as decimals."
    )
    split_by: str = "record"
    fit: bool = False
    seed: int = 0

    @field_validator("weights", mode="before")
    @classmethod
    def _whole_numbers_from_one(cls, weights: Any, info: ValidationInfo) -> Any:
        if info.mode == "json":
            return weights
        for source, weight in weights.items():
            written = str(weight).strip()
            whole = not isinstance(weight, bool) and _WHOLE.fullmatch(written)
            if not whole or not 1 <= int(written) <= MOST_REPEATS:
                raise MisuseError(
                    f"--weight {source}={written[:40]}: a weight is a whole number from 1 to "
                    f"{MOST_REPEATS:,}",
                    hint="to take nothing of a source leave it out: name the others with "
                    "--source, or --where \"source <> 'NAME'\"",
                )
        return {source: int(str(weight)) for source, weight in weights.items()}

    @field_validator("splits", mode="before")
    @classmethod
    def _parts_of_one(cls, splits: Any, info: ValidationInfo) -> Any:
        if info.mode == "json":
            return splits
        hint = "for example --split train=0.9 --split test=0.1"
        parts = {name: str(part).strip() for name, part in splits.items()}
        for name, part in parts.items():
            if not _PART.fullmatch(part) or not 0 < Decimal(part) <= 1:
                message = f"--split {name}={part[:40]}: a part is a decimal above 0, up to 1"
                raise MisuseError(message, hint=hint)
        total = sum(map(Decimal, parts.values()), Decimal(0))
        if parts and total != 1:
            raise MisuseError(f"--split: the splits sum to {total}, not 1", hint=hint)
        return parts


class Body(Contract):
    """What is sealed: no time, no path of a ledger, no tool version."""

    format: str = "prov-manifest/1"
    release: Name
    selection: Selection
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
