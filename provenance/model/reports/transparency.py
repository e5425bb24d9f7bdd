"""Define the training data transparency statement (California Civil Code 3111)."""

from __future__ import annotations

from pydantic import Field

from provenance.model.base import Contract
from provenance.model.reports.release_evidence import Modality
from provenance.model.reports.report_rows import (
    Day,
    GeneratorRow,
    Head,
    SeedRow,
    ShareRow,
    SourceRow,
    UnknownRow,
)


class DataPoints(Contract):
    """Item 3: data points of one modality, repeats counted."""

    modality: Modality
    data_points: int
    bytes: int
    words: int


class Property(Contract):
    """Item 5"""

    includes_copyrighted_content: bool | None
    includes_trademarked_content: bool | None
    includes_patented_content: bool | None
    includes_public_domain_content: bool | None


class Step(Contract):
    """Item 9: what was done to the data of a source."""

    source: str
    step: str
    purpose: str
    description: str | None


class Period(Contract):
    """Item 10: when the data of a source were collected."""

    source: str
    collected_from: str | None
    collected_to: str | None
    ongoing: bool | None


class Generation(Contract):
    """Item 12"""

    used: bool | None = Field(
        description="True where any part is synthetic or mixed; null where only unknown is left."
    )
    statement: str
    continuous: bool | None
    purpose: str | None
    generators: tuple[GeneratorRow, ...]
    seeds: tuple[SeedRow, ...]
    unknown: tuple[UnknownRow, ...]


class TransparencyStatement(Head):
    """The twelve items of Civil Code 3111(a); a member that is null was not provided."""

    developer: str | None
    systems: tuple[str, ...]
    published: Day | None
    sources: tuple[SourceRow, ...]
    intended_purpose_description: str | None
    data_points: tuple[DataPoints, ...]
    types_of_data_points: str | None
    types_of_labels: str | None
    ip_status: Property
    entirely_public_domain: bool | None
    purchased_or_licensed: bool | None
    includes_personal_information: bool | None
    includes_aggregate_consumer_information: bool | None
    data_cleaning_description: str | None
    processing_steps: tuple[Step, ...]
    collection_periods: tuple[Period, ...]
    collection_period: str | None
    collection_ongoing: bool | None
    first_used_in_development_date: str | None
    synthetic_data_generation: Generation
    shares: tuple[ShareRow, ...]
