"""The fields of a report as data: where each is filled from, and what is asked of whom."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import Field, model_validator

from provenance.model.base import Contract
from provenance.model.reports.answers import AnswerKind

Filled = Literal["ledger", "ledger or person", "person", "out of scope"]
"""Who fills a field. What the ledger may know is asked only where it does not."""


class Item(Contract):
    """One field of a report."""

    id: str
    label: str
    filled: Filled
    path: str | None = Field(
        default=None, description="Members on the way to it; within a list, its `modality`."
    )
    kind: AnswerKind = "text"
    question: str | None = None
    who: str | None = Field(default=None, description="Who should answer.")
    law: str | None = Field(default=None, description="Where it is asked for; else as its part.")
    optional: bool = Field(default=False, description="An empty answer is none missing.")
    when: str | None = Field(default=None, description="Asked unless this field is answered no.")
    reason: str | None = Field(default=None, description="Why it is out of scope.")

    @property
    def asked(self) -> bool:
        """Whether a person may answer it."""
        return self.filled in {"ledger or person", "person"}

    @model_validator(mode="after")
    def _whole(self) -> Item:
        if self.asked and not (self.question and self.who):
            raise ValueError(f"{self.id}: it is asked, so say what and of whom")
        if (self.filled == "out of scope") != bool(self.reason):
            raise ValueError(f"{self.id}: what is out of scope has a reason, and nothing else has")
        if (self.filled == "out of scope") == bool(self.path):
            raise ValueError(f"{self.id}: what is filled has a path, and nothing else has")
        return self


class Part(Contract):
    """The fields under one number of the form."""

    number: str
    title: str
    law: str
    items: tuple[Item, ...]


class Form(Contract):
    """All fields of a report, in their order."""

    report: str
    title: str
    law: str
    about: str = Field(default="", description="What the report is, in a sentence.")
    readers: str = Field(default="", description="For whom it is.")
    parts: tuple[Part, ...]

    def items(self) -> Iterator[tuple[Part, Item]]:
        """Every field with the part that it belongs to."""
        for part in self.parts:
            for item in part.items:
                yield part, item

    def kinds(self) -> dict[str, AnswerKind]:
        """What type of answer each question takes."""
        return {item.id: item.kind for _, item in self.items() if item.asked}

    @model_validator(mode="after")
    def _distinct(self) -> Form:
        ids = [item.id for _, item in self.items()]
        if len(ids) != len(set(ids)):
            raise ValueError("two fields have one id")
        unknown = {item.when for _, item in self.items() if item.when} - set(ids)
        if unknown:
            raise ValueError(f"asked when a field that is not there: {unknown}")
        return self


@cache
def load_form(name: str) -> Form:
    """The form of a report, from the file of its name beside this module."""
    file = resources.files("provenance.reports.compliance") / "forms" / f"{name}.yaml"
    return Form.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
