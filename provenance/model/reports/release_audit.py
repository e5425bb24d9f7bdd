"""Define the audit of a release by the NIST AI 600-1 actions on training data."""

from __future__ import annotations

from provenance.model.base import Contract
from provenance.model.reports.report_rows import (
    GeneratorRow,
    Head,
    SeedRow,
    ShareRow,
    SourceRow,
    UnknownRow,
)


class BudgetRow(Contract):
    """One budget, as it was judged when the release was sealed; ends and limit as printed."""

    budget: str
    group: str | None
    verdict: str
    at_least: str
    at_most: str
    limit: str
    reason: str


class ReleaseAudit(Head):
    """What the evidence of a release says to each action; nothing in it is asked of people."""

    verdict: str
    policy: str
    proportion: str
    shares: tuple[ShareRow, ...]
    budgets: tuple[BudgetRow, ...]
    prevalence: tuple[GeneratorRow, ...]
    duplicates: str
    origin: tuple[SourceRow, ...]
    assumptions: tuple[UnknownRow, ...]
    lineage: tuple[SeedRow, ...]
    inventory: str
    history: str
