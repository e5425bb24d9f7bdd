"""Define verdicts, budget results and findings: the answers of audit and assemble."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from provenance.model.base import Contract
from provenance.model.origin import Unit
from provenance.model.policy import Limit
from provenance.model.unread import Unread

Severity = Literal["error", "warning", "note"]


class Verdict(StrEnum):
    """Whether a rule holds; the worst of several is theirs together."""

    PASS = "pass"  # noqa: S105 - a verdict
    INDETERMINATE = "indeterminate"
    FAIL = "fail"


WORSE = {Verdict.PASS: 0, Verdict.INDETERMINATE: 1, Verdict.FAIL: 2}


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of the whole.

    >>> worst([Verdict.PASS, Verdict.FAIL, Verdict.INDETERMINATE]).value
    'fail'
    """
    return max(verdicts, key=WORSE.__getitem__)


class BudgetResult(Contract):
    """One budget judged on one group.

    ``lo`` and ``hi`` are for display; ``verdict`` was decided on the integers. For shares they are
    fractions, for ``min_human`` sizes, for ``accumulate`` and ``forbid`` numbers of records; null
    stands for a ratio without end, where nothing human is in the set.
    """

    name: str
    rule: str
    per: Literal["total", "human"] = "total"
    group: dict[str, str | None] | None = None
    verdict: Verdict
    empty: bool = False
    lo: float | None
    hi: float | None
    limit: Limit
    numerator_lo: int
    numerator_hi: int
    denominator: int
    unit: Unit
    reason: str
    to_resolve: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Unknown records that would have to be resolved to pass."
    )

    @property
    def ends(self) -> tuple[float, float]:
        """``lo`` and ``hi`` as numbers, infinity among them."""
        lo, hi = (math.inf if end is None else end for end in (self.lo, self.hi))
        return lo, hi


class Finding(Contract):
    """One problem: subject, severity, reason, remedy."""

    code: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    severity: Severity
    subject: str
    reason: str
    remedy: str = ""

    @property
    def fingerprint(self) -> str:
        """What a baseline file knows a finding by: its code and its subject."""
        return f"{self.code}:{self.subject}"


class Judged(Contract):
    """Files of one shape, and what of them was judged."""

    format: str
    content: tuple[str, ...] = Field(description="Fields that were judged; `*` is the whole row.")
    other_text: tuple[str, ...] = Field(
        default=(), description="Columns of text beside them, which were not judged."
    )
    files: int
    rows: int


class Judgement(Contract):
    """The answer of an audit, and of an assembly's own check.

    Budgets are judged on what was read. What was not read may hold anything: it turns a verdict
    that would be ``pass`` into ``indeterminate``, unless it was allowed.
    """

    verdict: Verdict
    budgets: tuple[BudgetResult, ...]
    findings: tuple[Finding, ...] = ()
    unread: Unread | None = Field(
        default=None, description="Of files: what of them was not read; else null."
    )
    judged: tuple[Judged, ...] = Field(
        default=(), description="Of files: which fields were judged, by the shape of their rows."
    )

    @property
    def undecided_by_unread(self) -> bool:
        """Whether it would pass, if all had been read."""
        passes = all(result.verdict is Verdict.PASS for result in self.budgets)
        return self.verdict is Verdict.INDETERMINATE and passes
