"""Choose the fields to read from a batch: content, ids, parents, attributes and marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from provenance.io.contract.reader import Kind
from provenance.io.readers.multi_record_rows import EMITTED_FIELDS
from provenance.io.records.content_fields import STANDARD, ContentChoice, choose_fields
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.table_rows import Roles
from provenance.origin.recognisers.registry import Applied, applicable, wanted_fields


@dataclass(frozen=True, slots=True)
class Interpretation:
    """The roles of the fields of a batch, and the recognisers that apply to it."""

    roles: Roles
    marks: tuple[Applied, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields to read, without duplicates."""
        return tuple(dict.fromkeys([*self.roles.fields, *wanted_fields(self.marks)]))


@dataclass(frozen=True, slots=True)
class BatchKey:
    """What rows must have in common to be written as one batch."""

    kind: Kind
    content: tuple[str, ...]
    interpretation: Interpretation


@dataclass(frozen=True, slots=True)
class FieldChooser:
    """Choose the fields to read from a batch by the fields it has; used as ``Layout.chooser``.

    The choice depends on the batch alone, never on other rows of the file.

    Attributes:
        content: names of the content fields, without those that are searched for marks.
        late: further content fields, which rows may lack.
        external_id, lang: fields named by the user; else fields of a standard name are used.
        attributes: names and fields of ``--attr``.
        parent, quoting: fields that name or quote parents.
        models: names of models that the ledger knows.
        by_contract: fields that the ``emit`` rules of the source fill.
    """

    content: tuple[str, ...]
    late: tuple[str, ...]
    external_id: str | None
    lang: str | None
    attributes: tuple[tuple[str, str], ...]
    parent: str | None
    quoting: str | None
    models: tuple[str, ...] = ()
    by_contract: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, options: IngestOptions, choice: ContentChoice, models: tuple[str, ...] = ()
    ) -> FieldChooser:
        """Make a chooser from the options and the content choice of a file."""
        emitted = {name: name for emit in options.emit for name in emit.attributes}
        attributes = {n: f for n, f in (options.attributes | emitted).items() if n != "lang"}
        return cls(
            content=tuple(name for name in choice.content if name not in choice.aside),
            late=tuple(name for name in choice.late if name not in choice.aside),
            external_id=options.id_field,
            lang=options.attributes.get("lang"),
            attributes=tuple(attributes.items()),
            parent=options.parent_field,
            quoting=options.parent_text,
            models=models,
            by_contract=EMITTED_FIELDS if options.emit else (),
        )

    def __call__(self, shape: Mapping[str, str]) -> tuple[str, ...]:
        """Choose the fields to read from a batch (path to kind)."""
        return self.interpretation(shape).fields

    def interpretation(self, shape: Mapping[str, str]) -> Interpretation:
        """Assign roles to the fields of a batch, and find the applicable recognisers."""
        return _interpretation(self, tuple(shape.items()))

    @property
    def fixed(self) -> tuple[str, ...]:
        """Fields to read from every batch."""
        asked = [self.external_id, self.parent, self.quoting, self.lang]
        asked += [field for _, field in self.attributes]
        asked += self.by_contract
        return tuple(dict.fromkeys(field for field in asked if field))

    @property
    def references(self) -> tuple[str, ...]:
        """Fields that hold ids."""
        named = [self.external_id] if self.external_id else STANDARD["id"]
        return tuple(field for field in (*named, self.parent) if field)


@lru_cache(maxsize=64)
def _interpretation(chooser: FieldChooser, shape: tuple[tuple[str, str], ...]) -> Interpretation:
    fields = dict(shape)
    standard = choose_fields(fields)
    attributes = [(name, standard[name]) for name in ("url", "licence") if name in standard]
    asked = dict(chooser.attributes)
    attributes = [(name, fields) for name, fields in attributes if name not in asked]
    roles = Roles(
        external_id=(chooser.external_id,) if chooser.external_id else standard.get("id", ()),
        parent=chooser.parent,
        quoting=chooser.quoting,
        lang=(chooser.lang,) if chooser.lang else standard.get("lang", ()),
        attributes=(*attributes, *((name, (field,)) for name, field in chooser.attributes)),
        asked=frozenset(chooser.fixed),
    )
    content = (*chooser.content, *(name for name in chooser.late if name in fields))
    return Interpretation(roles, applicable(fields, content, chooser.models))
