"""Define what a program emits when it makes several records of one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from provenance.model.base import Contract, Name
from provenance.model.origin import Label, Process

FIELD = "field:"
"""Prefix of a value that names a field instead of being the value."""


def _no_empty(value: str) -> str:
    if not value.strip("."):
        raise ValueError("a field has a name")
    return value


FieldName = Annotated[str, AfterValidator(_no_empty)]


class Emit(Contract):
    """One record of a row, or one for each element of a list in it.

    Fields are those of the row; with ``each`` those of the element, and ``^.NAME`` those of the
    row. Dots walk into objects.
    """

    name: Name = Field(default="record", description="What the others call it.")
    each: FieldName | None = Field(
        default=None, description="A list in the row, each element of which is a record."
    )
    content: FieldName | tuple[FieldName, ...] | None = Field(
        default=None,
        description="The field that is the content, or several; of an element that is a mere text "
        "it is that text.",
    )
    label: Label | None = Field(default=None, description="What is claimed of these records.")
    generator: str | None = Field(
        default=None, description="Model that wrote them: its name, or field:NAME."
    )
    process: Process | None = None
    id: FieldName | None = Field(default=None, description="Field with the record's own id.")
    lang: FieldName | None = None
    attributes: dict[str, FieldName] = Field(default_factory=dict, description="Name to field.")
    derived_from: str | tuple[str, ...] = Field(
        default=(), description="Names of the records of the row that these were made from."
    )
    context: str | tuple[str, ...] = Field(
        default=(), description="Names of the records of the row that these answer to."
    )

    @property
    def contents(self) -> tuple[str, ...]:
        """The fields of the content."""
        return (self.content,) if isinstance(self.content, str) else self.content or ()

    @property
    def parents(self) -> tuple[tuple[str, Literal["derived", "context"]], ...]:
        """Names of parents, and what they are."""
        derived, context = (
            (given,) if isinstance(given, str) else given
            for given in (self.derived_from, self.context)
        )
        return (*((n, "derived") for n in derived), *((n, "context") for n in context))

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.each is None and not self.contents:
            raise ValueError("emit: a record has `content`, or is `each` text of a list")
        if self.label == Label.HUMAN and self.generator:
            raise ValueError("emit: what people wrote has no generator; leave it out")
        if self.generator is not None and not self.generator.removeprefix(FIELD).strip():
            raise ValueError("emit: generator is a name, or field:NAME")
        return self


def checked_emission(emits: Sequence[Emit]) -> tuple[Emit, ...]:
    """Emissions that fit together.

    Raises:
        ValueError: two have one name, a parent is none of them, or parents go in a circle.
    """
    names = [emit.name for emit in emits]
    if len(set(names)) != len(names):
        raise ValueError("emit: each has a name of its own")
    seen: set[str] = set()
    left = list(emits)
    for emit in emits:
        for parent, _ in emit.parents:
            if parent not in names:
                raise ValueError(f"emit: `{emit.name}` names `{parent}`, which is not emitted")
    while left:
        free = [emit for emit in left if all(parent in seen for parent, _ in emit.parents)]
        if not free:
            raise ValueError("emit: records cannot be made from one another in a circle")
        seen.update(emit.name for emit in free)
        left = [emit for emit in left if emit not in free]
    return tuple(emits)


Emission = Annotated[tuple[Emit, ...], AfterValidator(checked_emission)]
"""All records of a row, in their order."""
