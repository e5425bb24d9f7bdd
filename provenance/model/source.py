"""The contract of a source: who made the data, under what terms, and what is claimed of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from provenance.model.base import Contract, Name
from provenance.model.origin import Label, Process

Kind = Literal["crawl", "public", "licensed", "private", "user", "synthetic", "annotation", "other"]

Year = Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
"""A year, a month or a day: ``2024``, ``2024-06``, ``2024-06-30``."""


class Source(Contract):
    """A declared origin of data, with its contract.

    The origin members (``label``, ``process``, ``generator``, ``generator_family``) are evidence of
    tier ``declared`` about every record of the source; the others describe it.
    """

    name: Name
    kind: Kind = "other"
    label: Label = Label.UNKNOWN
    process: Process | None = None
    generator: str | None = Field(default=None, description="Model that wrote the synthetic part.")
    generator_family: str | None = None
    declared_by: str | None = Field(default=None, description="Who makes these statements.")
    licence: str | None = Field(default=None, description="SPDX licence expression.")
    url: str | None = None
    owner: str | None = None
    version: str | None = None
    description: str | None = None
    languages: tuple[str, ...] = ()
    collected_from: Year | None = None
    collected_to: Year | None = None
    received_on: date | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Source:
        generated = self.generator or self.generator_family
        if generated and self.label == Label.HUMAN:
            raise ValueError("a human source has no generator; say label: mixed, or leave it out")
        first, last = self.collected_from, self.collected_to
        if first and last and first > last[: len(first)]:
            raise ValueError("collected_from is later than collected_to")
        return self
