"""Define the data about a release from which all compliance reports are filled."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from provenance.model.base import Contract, Name
from provenance.model.finding import BudgetResult, Verdict
from provenance.model.manifest import Selection
from provenance.model.origin import Label, Unit
from provenance.model.reports.facts import Share, Unsettled
from provenance.model.reports.release_file import ReleaseFile
from provenance.model.source import AiRole, EuSection, Source

Modality = Literal["text", "image", "audio", "video", "other"]
MODALITIES: tuple[Modality, ...] = ("text", "image", "audio", "video", "other")


class Amount(Contract):
    """A number of records with their sizes, repeats counted; synthetic at least and at most."""

    records: int = Field(ge=0)
    bytes: int = Field(ge=0)
    words: int = Field(ge=0)
    lo_bytes: int = Field(ge=0, description="Synthetic bytes, at least.")
    hi_bytes: int = Field(ge=0, description="Synthetic bytes, at most.")


class ModalityEvidence(Amount):
    """The records of one modality."""

    modality: Modality
    tokens: int | None = Field(description="Null unless every record was counted in tokens.")


class SourceEvidence(Amount):
    """The records that stand for one source, and its contract; null where there is none."""

    source: str
    contract: Source | None
    section: EuSection | None = Field(description="Section of the EU summary; null: not stated.")
    modalities: dict[Modality, int] = Field(description="Bytes of each modality in it.")
    labels: dict[Label, int] = Field(description="Records by label.")


class GeneratorEvidence(Amount):
    """What one model made, or may have made, in one way, in one source.

    ``generator`` is null where nobody says which model it was, and ``role`` where nobody says how.
    """

    generator: str | None
    source: str
    process: str | None
    role: AiRole | None
    labels: dict[Label, int]
    modalities: tuple[Modality, ...]
    version: str | None = None
    provider: str | None = None
    on_market: bool | None = None
    summary: str | None = Field(default=None, description="Address of the model's own summary.")
    training: str | None = Field(default=None, description="What is known of its training data.")
    trained_on: str | None = Field(default=None, description="A release of this ledger.")
    on_behalf_of: Literal["provider", "others"] | None = None


class SeedEvidence(Contract):
    """Data that synthetic records of a source were made from, by their lineage or contract."""

    source: str
    seed: str
    kind: Literal["record", "source", "release", "model", "entity", "declared"]
    records: int | None = Field(description="Records made from it; null where only declared.")


class Domain(Contract):
    """A registrable domain, with the records whose address lies in it."""

    domain: str
    records: int
    bytes: int


class DomainEvidence(Contract):
    """The registrable domains of some records, the largest first, as many as are listed."""

    domains: int = Field(description="How many there are in all.")
    top_tenth: int = Field(description="How many the largest 10 % of them are, rounded up.")
    top_small: int = Field(
        description="How many a small or medium provider lists: 5 %, at most 1,000."
    )
    listed: tuple[Domain, ...]
    records: int = Field(description="Records with a domain.")
    bytes: int
    without_records: int = Field(description="Records without an address, or without a domain.")
    without_bytes: int


class LanguageEvidence(Contract):
    """Records in one language, as stated for each; null where nothing is stated."""

    language: str | None
    records: int
    bytes: int


class ReleaseEvidence(Contract):
    """All that reports are filled from: sealed numbers, contracts and lineage; no clock."""

    release: Name
    created_at: datetime
    tool_version: str
    body_digest: str
    policy: Name
    verdict: Verdict
    budgets: tuple[BudgetResult, ...] = Field(description="As they were judged when sealed.")
    selection: Selection
    records: int = Field(description="Members, each counted once.")
    totals: dict[Unit, int] = Field(description="Sizes by unit, repeats counted.")
    shares: tuple[Share, ...]
    labels: dict[Label, int] = Field(description="Records by label, repeats counted.")
    modalities: tuple[ModalityEvidence, ...]
    sources: tuple[SourceEvidence, ...]
    generators: tuple[GeneratorEvidence, ...]
    generators_in_all: int = Field(description="How many there are; the largest are listed.")
    seeds: tuple[SeedEvidence, ...]
    unsettled: tuple[Unsettled, ...] = Field(description="Whose origin is open, and why.")
    languages: tuple[LanguageEvidence, ...]
    domains: DomainEvidence = Field(description="Of every record that has an address.")
    crawled_domains: DomainEvidence = Field(description="Of the sources of section 2.3 alone.")
    files: tuple[ReleaseFile, ...] = Field(
        default=(), description="What it was exported to; empty where no folder is named."
    )

    def share(self, unit: Unit) -> Share:
        """The synthetic share in one unit."""
        return next(share for share in self.shares if share.unit == unit)

    def in_section(self, *sections: EuSection | None) -> tuple[SourceEvidence, ...]:
        """The sources of sections of the EU summary."""
        return tuple(source for source in self.sources if source.section in sections)
