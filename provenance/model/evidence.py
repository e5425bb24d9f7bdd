"""Define evidence: one claim about one subject by one observer at one time."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from provenance.model.base import Contract
from provenance.model.origin import Label, Process, Tier


class Evidence(Contract):
    """What somebody or something says about the origin of a record."""

    tier: Tier
    claim: Label | Literal["question"]
    whole: bool = Field(
        default=True,
        description="False when only a part of the record is spoken of: that much is synthetic.",
    )
    part_chars: int | None = Field(
        default=None,
        ge=0,
        description="Characters of the record that are synthetic, where the claim counts them.",
    )
    observer: str = Field(description="Who or what says so.")
    basis: str = Field(description="On what ground: the field and value, the clause, the rule.")
    process: Process | None = None
    generator: str | None = None
    field: str | None = Field(default=None, description="The field of the file that says so.")
    note: str | None = Field(
        default=None, description="Why it counts for less than it says, or is still in force."
    )
    recorded_at: datetime | None = None

    @model_validator(mode="after")
    def _counted(self) -> Evidence:
        if not self.whole and self.part_chars is None and self.claim != "question":
            raise ValueError("a claim about a part says how large the part is")
        return self
