"""Define the comparison of two releases."""

from __future__ import annotations

from pydantic import Field

from provenance.model.base import Contract, Name


class Change(Contract):
    """One thing that is not the same; null stands on the side where it is not there."""

    subject: str
    before: bool | int | float | str | None
    after: bool | int | float | str | None


class Comparison(Contract):
    """What changed between two releases."""

    before: Name
    after: Name
    records_kept: int = Field(description="Records that both releases hold.")
    records_gone: int
    records_new: int
    totals: tuple[Change, ...]
    synthetic: tuple[Change, ...] = Field(description="Synthetic sizes, at least and at most.")
    labels: tuple[Change, ...] = Field(description="Records by label, repeats counted.")
    sources: tuple[Change, ...] = Field(description="Records by source.")
    generators: tuple[Change, ...] = Field(description="Records by model and role.")
    languages: tuple[Change, ...]
    domains: tuple[Change, ...] = Field(
        description="Bytes by registrable domain, among the largest 1,000 of each release."
    )
    fields: tuple[Change, ...] = Field(
        default=(), description="Fields of the report that was asked for."
    )
