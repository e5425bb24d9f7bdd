"""Define the parts that reports share: the heading and the rows of their lists."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from provenance.model.base import Contract, Name

Month = Annotated[str, Field(pattern=r"^\d{2}/\d{4}$")]
"""MM/YYYY, as the laws' forms write it."""

Day = Annotated[str, Field(pattern=r"^\d{2}/\d{2}/\d{4}$")]
"""DD/MM/YYYY."""


class Attestation(Contract):
    """Who answered a question, and when, as they say."""

    id: str
    by: str | None
    on: date | None


class Head(Contract):
    """What every filled report begins with."""

    report: str
    release: Name
    body_digest: str = Field(description="Digest of the manifest that the release is sealed with.")
    sealed_on: date
    tool_version: str
    not_provided: tuple[str, ...] = Field(description="Questions that nobody answered, by id.")
    warnings: tuple[str, ...]
    attestations: tuple[Attestation, ...]


class ShareRow(Contract):
    """How much is synthetic in one unit; percentages are rounded outwards."""

    unit: str
    size: int
    synthetic_at_least: int
    synthetic_at_most: int
    share_at_least: str
    share_at_most: str


class SourceRow(Contract):
    """One source of the release."""

    source: str
    section: str | None = Field(description="Section of the EU summary; null: not stated.")
    owner: str | None
    address: str | None
    licence: str | None
    collected_from: str | None
    collected_to: str | None
    records: int
    bytes: int
    synthetic_bytes_at_least: int
    synthetic_bytes_at_most: int


class GeneratorRow(Contract):
    """What one model made in one way in one source; null where nobody says it."""

    model: str | None
    version: str | None
    provider: str | None
    on_market: bool | None = Field(description="Whether it is on the Union market.")
    summary: str | None
    role: str | None
    process: str | None
    source: str
    made_for: str | None
    records: int
    bytes: int
    synthetic_bytes_at_least: int
    synthetic_bytes_at_most: int


class SeedRow(Contract):
    """Data that synthetic records of a source were made from."""

    source: str
    made_from: str
    known_by: str
    records: int | None


class UnknownRow(Contract):
    """Records of one source whose origin is open."""

    source: str
    records: int
    bytes: int
    bytes_not_known: int
    reason: str


class DomainRow(Contract):
    """A registrable domain."""

    domain: str
    records: int
    bytes: int
