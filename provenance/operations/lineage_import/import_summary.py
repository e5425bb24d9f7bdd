"""The answer of an import of lineage: totals, files and findings."""

from __future__ import annotations

from pydantic import Field

from provenance.model.base import Contract
from provenance.model.finding import Finding
from provenance.operations.ingest.summary import Reject


class ImportedFile(Contract):
    """The result of one file; ``read`` counts rows, events or statements."""

    uri: str
    format: str | None = None
    bytes: int = 0
    read: int = 0
    kept: int = 0
    rejected: int = 0
    edges: int = 0
    nodes: int = 0
    activities: int = 0
    counts: dict[str, int] = Field(
        default_factory=dict, description="Statements or events read, by kind of the format."
    )
    reasons: dict[str, int] = Field(default_factory=dict)
    rejects: tuple[Reject, ...] = Field(default=(), description="The first of them.")
    quarantine: str | None = None
    broken: int = Field(default=0, description="PROV constraints that the document violates.")
    findings: tuple[Finding, ...] = Field(
        default=(), description="The first violations, and deviations from the document."
    )
    unchanged: bool = False
    error: str | None = None
    hint: str | None = None
    exit_code: int = 0


class ImportSummary(Contract):
    """Totals and files of one import; always ``read = kept + rejected``."""

    read: int
    kept: int
    rejected: int
    edges: int
    nodes: int
    activities: int
    unchanged_files: int
    counts: dict[str, int]
    unresolved: int = Field(description="Edge endpoints: records that are not in the ledger yet.")
    broken: int = Field(default=0, description="PROV constraints that documents violate.")
    findings: tuple[Finding, ...] = Field(default=(), description="Findings of all files.")
    examples: tuple[str, ...] = Field(description="The first unresolved endpoints by name.")
    seconds: float
    files: tuple[ImportedFile, ...]

    @property
    def failed(self) -> tuple[ImportedFile, ...]:
        """Files of which nothing was kept because of an error."""
        return tuple(file for file in self.files if file.error)
