"""Define the index of the reports of a release: purpose, audience, and open items."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from provenance.model.base import Contract, Name
from provenance.model.finding import Verdict
from provenance.model.reports.facts import Share


class OpenQuestion(Contract):
    """A question of a report that nobody answered."""

    id: str
    label: str
    who: str = Field(description="Who should answer.")


class IndexEntry(Contract):
    """One report, with the files that it was written to."""

    report: str
    title: str
    law: str | None = Field(description="Where it is asked for, or what it keeps to.")
    about: str
    readers: str = Field(description="For whom it is.")
    files: tuple[str, ...] = Field(description="Names within the folder, one per layout.")
    asked: int = Field(description="Questions that people have to answer.")
    not_provided: tuple[OpenQuestion, ...] = Field(description="Those that nobody answered.")
    warnings: tuple[str, ...]


class ReportIndex(Contract):
    """All reports of a release in one folder."""

    release: Name
    created_at: datetime
    tool_version: str
    body_digest: str
    policy: Name
    verdict: Verdict
    records: int
    sources: int
    share: Share
    unknown_records: int
    reports: tuple[IndexEntry, ...]

    @property
    def asked(self) -> int:
        """Questions of all reports together."""
        return sum(one.asked for one in self.reports)

    @property
    def missing(self) -> int:
        """How many of them nobody answered."""
        return sum(len(one.not_provided) for one in self.reports)
