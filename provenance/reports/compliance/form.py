"""Load the form of a report: its fields, where each is filled from, and who is asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import Field, model_validator

from provenance.model.base import Contract
from provenance.model.reports.answers import AnswerKind

FilledBy = Literal["ledger", "ledger or person", "person", "out of scope"]
"""Who fills a field; people are asked for `ledger or person` only where the ledger has no value."""


class Item(Contract):
    """One field of a report."""

    id: str
    label: str
    filled: FilledBy
    path: str | None = Field(
        default=None, description="Names of the members that lead to it; in a list, a `modality`."
    )
    kind: AnswerKind = "text"
    question: str | None = None
    who: str | None = Field(default=None, description="Who should answer.")
    law: str | None = Field(default=None, description="Passage that asks for it.")
    optional: bool = Field(default=False, description="An empty answer is not counted as missing.")
    when: str | None = Field(default=None, description="Asked unless this field is answered no.")
    reason: str | None = Field(default=None, description="Why it is out of scope.")

    @property
    def asked(self) -> bool:
        """Whether a person may answer it."""
        return self.filled in {"ledger or person", "person"}

    @model_validator(mode="after")
    def _whole(self) -> Item:
        if self.asked and not (self.question and self.who):
            raise ValueError(f"{self.id}: a field that people fill needs `question` and `who`")
        if (self.filled == "out of scope") != bool(self.reason):
            raise ValueError(f"{self.id}: `reason` is for a field out of scope, and required there")
        if (self.filled == "out of scope") == bool(self.path):
            raise ValueError(f"{self.id}: `path` is for a field that is filled, and required there")
        return self


class FormSection(Contract):
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
    readers: str = Field(default="", description="Who reads the report.")
    parts: tuple[FormSection, ...]

    def items(self) -> Iterator[tuple[FormSection, Item]]:
        """Yield every field with the section that it belongs to."""
        for part in self.parts:
            for item in part.items:
                yield part, item

    def kinds(self) -> dict[str, AnswerKind]:
        """Map each question to the type of its answer."""
        return {item.id: item.kind for _, item in self.items() if item.asked}

    @model_validator(mode="after")
    def _distinct(self) -> Form:
        ids = [item.id for _, item in self.items()]
        if len(ids) != len(set(ids)):
            raise ValueError("two fields have the same id")
        unknown = {item.when for _, item in self.items() if item.when} - set(ids)
        if unknown:
            raise ValueError(f"`when` names unknown fields: {unknown}")
        return self


@cache
def load_form(name: str) -> Form:
    """Load the form of a report from ``forms/NAME.yaml``."""
    file = resources.files("provenance.reports.compliance") / "forms" / f"{name}.yaml"
    return Form.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
