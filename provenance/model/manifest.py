"""The manifest of a release: a body that is the same for the same inputs, in an envelope."""

from __future__ import annotations

import hashlib
from datetime import datetime

from pydantic import Field

from provenance.model.base import Contract, Name
from provenance.model.finding import BudgetResult, Verdict
from provenance.model.policy import Policy


class Selection(Contract):
    """What was asked for: which records, repeated how often, split how."""

    sources: tuple[Name, ...] = ()
    where: str | None = None
    weights: dict[Name, int] = Field(default_factory=dict)
    splits: dict[Name, str] = Field(
        default_factory=dict, description="Split names with their parts of the set, as decimals."
    )
    split_by: str = "record"
    fit: bool = False
    seed: int = 0


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
