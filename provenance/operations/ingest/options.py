"""The options of an ingest: source, declarations, reader settings, engine."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from provenance.io.contract.reader import MAX_RECORD, STYLE_SETTINGS, TableStyle, table_style
from provenance.io.readers.tables.encoding import encoding_name
from provenance.model.base import Contract, Name
from provenance.model.edge import Relation
from provenance.model.emission import Emission
from provenance.model.origin import Label, Process
from provenance.model.path_pattern import checked_pattern, tells_attributes

_REJECTS = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")

LARGEST_RECORD = 1 << 40
"""Largest limit of the size of a record that can be asked for."""

MOST_WORKERS = 4096


class IngestOptions(Contract):
    """The options of ``prov ingest``.

    ``label``, ``process``, ``generator`` and its family are declared evidence about everything in
    the files; like ``ignore_fields`` they are not reader settings, so a later declaration
    corrects an earlier one without reading again. ``engine``, ``workers`` and ``ray_address`` set
    where an ingest runs and do not change its result; ``follow`` sets which files are found. The
    other members are reader settings.
    """

    source: Name
    label: Label | None = None
    process: Process | None = None
    generator: str | None = None
    generator_family: str | None = None
    ignore_fields: tuple[str, ...] = Field(
        default=(), description="Fields that look like marks of origin and are none."
    )
    replace: bool = Field(
        default=False,
        description="Accept that what an earlier reading of a file said is gone.",
    )
    declared_by: str | None = None
    format: str | None = None
    content: tuple[str, ...] = ()
    id_field: str | None = None
    parent_field: str | None = None
    parent_source: Name | None = None
    parent_text: str | None = None
    parent_file: str | None = None
    relation: Relation = "derived"
    attributes: dict[str, str] = Field(default_factory=dict, description="Name to field.")
    records: str | None = None
    delimiter: str | None = Field(
        default=None, description="The sign between the columns of tables of text."
    )
    header: bool | None = Field(
        default=None, description="Whether the first line of such tables names their columns."
    )
    encoding: str | None = Field(
        default=None, description="Their encoding, as Python's `codecs` names it."
    )
    escape: str | None = Field(
        default=None, description="The sign in them before a quote that is text, or `none`."
    )
    path: Annotated[str, AfterValidator(checked_pattern)] | None = Field(
        default=None, description="Pattern of paths that say something: see the source's contract."
    )
    emit: Emission = Field(
        default=(), description="The records that a row gives: see the source's contract."
    )
    max_record: int = Field(default=MAX_RECORD, gt=0, le=LARGEST_RECORD)
    on_reject: Literal["quarantine", "stop"] = "quarantine"
    max_rejects: str | None = Field(default=None, description="`N` records or `P%` of a file.")
    rehash: bool = False
    follow: tuple[str, ...] = Field(
        default=(), description="Folders that links in the folders that are read may lead to."
    )
    engine: Literal["local", "ray"] = "local"
    workers: int | None = Field(
        default=None, gt=0, le=MOST_WORKERS, description="At most so many at once."
    )
    ray_address: str | None = None

    @field_validator("max_rejects")
    @classmethod
    def _number_or_share(cls, value: str | None) -> str | None:
        if value is not None:
            number = value.removesuffix("%")
            share = number != value
            if not _REJECTS.fullmatch(number) or (not share and "." in value):
                raise ValueError("must be a number of records (20) or a share of them (1.5%)")
            if share and Decimal(number) > 100:
                raise ValueError("must be at most 100%")
        return value

    @field_validator("delimiter", "escape")
    @classmethod
    def _one_sign(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or (info.field_name == "escape" and value == "none"):
            return value
        sign = "\t" if value in {"tab", r"\t"} and info.field_name == "delimiter" else value
        if len(sign) != 1 or sign in '"\r\n\0' or (info.field_name == "escape" and sign.isalnum()):
            raise ValueError(f"must be one character, not a quote or a line end: {value!r}")
        return sign

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        return None if value is None else encoding_name(value)

    @model_validator(mode="after")
    def _two_signs(self) -> Self:
        if self.delimiter is not None and self.delimiter == self.escape:
            raise ValueError("--delimiter and --escape must be different")
        return self

    @model_validator(mode="after")
    def _people_are_not_generated(self) -> Self:
        if self.label == Label.HUMAN and (self.generator or self.generator_family):
            raise ValueError(
                "human records have no generator; use --label mixed, or omit --generator"
            )
        return self

    @model_validator(mode="after")
    def _address_of_a_cluster(self) -> Self:
        if self.ray_address is not None and self.engine != "ray":
            raise ValueError("--ray-address applies only with --engine ray")
        return self

    @property
    def settings(self) -> str:
        """Reader settings as JSON; with source, uri and fingerprint they identify a reading."""
        asked = {
            "format": self.format,
            "content": list(self.content),
            "id": self.id_field,
            "parent": self.parent_field,
            "parent_source": self.parent_source,
            "parent_text": self.parent_text,
            "parent_file": self.parent_file,
            "relation": self.relation,
            "attributes": dict(sorted(self.attributes.items())),
            "records": self.records,
            "max_record": self.max_record,
            # Readings of before this rule lack the member, and are re-read without it.
            "turns": True,
            # Only if set, so that the settings of earlier readings stay the same.
            **{name: value for name, value in self._table.items() if value is not None},
        }
        if self.emit:
            asked["emit"] = json.loads(self.emission)
        if tells_attributes(self.path):
            asked["path"] = self.path
        return json.dumps(asked, separators=(",", ":"))

    @property
    def _table(self) -> dict[str, str | bool | None]:
        return {name: getattr(self, name) for name in STYLE_SETTINGS}

    @property
    def table_style(self) -> TableStyle:
        """How CSV files are written, as far as it was set."""
        return table_style(self._table)

    @property
    def emission(self) -> str:
        """The ``emit`` rules as JSON; empty if a row is one record."""
        if not self.emit:
            return ""
        given = [
            e.model_dump(mode="json", exclude_defaults=True) | {"name": e.name} for e in self.emit
        ]
        return json.dumps(given, separators=(",", ":"), sort_keys=True)

    @property
    def emitted(self) -> tuple[str, ...]:
        """Content fields of the emitted records."""
        return tuple(dict.fromkeys(n for e in self.emit for n in e.contents)) or ("text",)

    @model_validator(mode="after")
    def _emit_names_the_content(self) -> Self:
        if self.emit and (self.content or self.id_field or self.names_parents):
            raise ValueError(
                "the source contract defines the records of a row under `emit`; name content, id "
                "and parents there"
            )
        return self

    @property
    def kept_attributes(self) -> frozenset[str]:
        """Names of the attributes to keep; the language has a column of its own."""
        emitted = [name for emit in self.emit for name in emit.attributes]
        return frozenset([*self.attributes, *emitted]) - {"lang"}

    @property
    def declares(self) -> bool:
        """Whether an origin is declared."""
        return any((self.label, self.process, self.generator, self.generator_family))

    @property
    def names_parents(self) -> bool:
        """Whether an option names parents."""
        return any((self.parent_field, self.parent_text, self.parent_file))

    def too_many(self, rejected: int, read: int) -> bool:
        """Whether a file has more rejects than allowed."""
        if self.max_rejects is None:
            return False
        if self.max_rejects.endswith("%"):
            return Decimal(rejected) * 100 > Decimal(self.max_rejects[:-1]) * read
        return rejected > int(self.max_rejects)
