"""Define the facts about a release: numbers, open questions, and who vouches for them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from provenance.model.base import Contract, Name
from provenance.model.finding import BudgetResult, Finding, Verdict
from provenance.model.manifest import Selection
from provenance.model.origin import Label, Unit
from provenance.model.source import Source

Dimension = Literal[
    "source", "label", "generator", "language", "depth", "split", "process", "licence"
]

SHORT_TEXT = 40
"""Characters below which the same text is met everywhere: such conflicts are listed apart."""

LISTED = 1_000
"""Most rows that a breakdown or a list of conflicts holds; the totals beside it count all."""


class Share(Contract):
    """Synthetic size, at least and at most, of a size in one unit; repeats counted."""

    unit: Unit
    lo: int = Field(ge=0)
    hi: int = Field(ge=0)
    size: int = Field(ge=0)


class BreakdownRow(Contract):
    """The records that agree in one respect; a ``key`` of null where nothing is stated."""

    key: str | None
    records: int
    bytes: int
    chars: int
    words: int
    lo_bytes: int = Field(description="Synthetic bytes, at least.")
    hi_bytes: int = Field(description="Synthetic bytes, at most.")
    labels: dict[Label, int] = Field(description="Records by label, repeats counted.")


class Breakdown(Contract):
    """The set cut in one respect, the largest rows first; labels and depths in their own order.

    Every cut adds up to the whole set but those by generator and by process, which leave out the
    records that are human throughout.
    """

    by: Dimension
    rows: tuple[BreakdownRow, ...]
    groups: int = Field(description="How many rows there are in all; rows holds the largest.")


class Unsettled(Contract):
    """What is not known in the records of one source, and why."""

    source: str
    records: int = Field(description="Records whose synthetic share is open, repeats counted.")
    bytes: int = Field(description="Their size.")
    open_bytes: int = Field(description="Bytes that may or may not be synthetic.")
    reason: str


class Conflict(Contract):
    """A record about which the evidence disagrees."""

    record_id: str
    digest: str
    label: Label
    sources: tuple[str, ...]
    rule: str | None = Field(default=None, description="The rule that decided all the same.")
    uri: str
    row: int
    chars: int


class Conflicts(Contract):
    """All conflicts of one kind: how many, and the first of them by digest."""

    total: int
    listed: tuple[Conflict, ...] = ()


class Declaration(Contract):
    """What a source's contract says, and for how many records; null where there is none."""

    source: str
    records: int
    contract: Source | None


class Facts(Contract):
    """All that a report of a release says."""

    release: Name
    created_at: datetime
    tool_version: str
    policy: Name
    policy_unit: Unit
    verdict: Verdict
    records: int = Field(description="Members, each counted once.")
    totals: dict[Unit, int] = Field(description="Sizes by unit, repeats counted.")
    shares: tuple[Share, ...]
    breakdowns: tuple[Breakdown, ...]
    unsettled: tuple[Unsettled, ...]
    unsettled_sources: int = Field(description="How many sources leave something open, in all.")
    budgets: tuple[BudgetResult, ...]
    declarations: tuple[Declaration, ...]
    conflicts: Conflicts
    short_conflicts: Conflicts = Field(
        description="Conflicts about texts so short that anybody may have written them."
    )
    findings: tuple[Finding, ...] = ()
    selection: Selection
    body_digest: str

    def share(self, unit: Unit) -> Share:
        """The synthetic share in one unit."""
        return next(share for share in self.shares if share.unit == unit)

    def breakdown(self, by: Dimension) -> Breakdown:
        """The set cut in one respect."""
        return next(breakdown for breakdown in self.breakdowns if breakdown.by == by)
