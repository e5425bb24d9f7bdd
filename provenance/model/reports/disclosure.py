"""Define a report as numbered sections of lines, each with the origin of its content."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from provenance.model.base import Contract, Name
from provenance.model.reports.facts import Share

Scalar = bool | int | str | None

Status = Literal["ledger", "answered", "not provided", "not applicable", "out of scope"]
"""Who a line's content is from: the ledger and its contracts, a person, or nobody."""


class Table(Contract):
    """Rows of one kind."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]


class Line(Contract):
    """One field of a report: what it is called, what it says, and who says so."""

    id: str
    label: str
    status: Status
    yes_no: bool = Field(default=False, description="Whether its value is a yes or a no.")
    value: bool | int | str | tuple[str, ...] | None = None
    table: Table | None = None
    by: str | None = Field(default=None, description="Who vouches for an answer.")
    note: str | None = Field(default=None, description="Who should answer, or why nobody does.")


class Section(Contract):
    """Lines under one number of the form."""

    number: str
    title: str
    lines: tuple[Line, ...]


class Disclosure(Contract):
    """A report as people read it, whatever it is printed as."""

    report: str
    title: str
    law: str
    release: Name
    created_at: datetime
    tool_version: str
    body_digest: str
    records: int
    sources: int
    share: Share
    unknown_records: int
    sections: tuple[Section, ...]
    warnings: tuple[str, ...]
    asked: int = Field(description="Questions that people have to answer.")
    missing: int = Field(description="How many of them nobody answered.")
    attested: tuple[str, ...] = Field(description="Who answered, with the day where it is said.")
