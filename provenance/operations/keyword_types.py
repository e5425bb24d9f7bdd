"""The keyword arguments of public methods that build options, for editors and type checkers.

Each mirrors a contract, whose docstring and fields say what its members mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from provenance.model.edge import Relation
from provenance.model.origin import Label, Process

LabelName = Label | Literal["human", "synthetic", "mixed", "unknown"]


class IngestKeywords(TypedDict, total=False):
    """The members of ``IngestOptions``."""

    source: str
    label: LabelName | None
    process: Process | str | None
    generator: str | None
    generator_family: str | None
    ignore_fields: Sequence[str]
    replace: bool
    declared_by: str | None
    format: str | None
    content: Sequence[str]
    id_field: str | None
    parent_field: str | None
    parent_source: str | None
    parent_text: str | None
    parent_file: str | None
    relation: Relation
    attributes: Mapping[str, str]
    records: str | None
    delimiter: str | None
    header: bool | None
    encoding: str | None
    escape: str | None
    path: str | None
    emit: Sequence[Any]
    max_record: int
    on_reject: Literal["quarantine", "stop"]
    max_rejects: str | None
    rehash: bool
    follow: Sequence[str]
    engine: Literal["local", "ray"]
    workers: int | None
    ray_address: str | None


class SelectionKeywords(TypedDict, total=False):
    """The members of ``Selection``."""

    sources: Sequence[str]
    where: str | None
    weights: Mapping[str, int]
    splits: Mapping[str, str | float]
    split_by: str
    fit: bool
    seed: int


class ImportKeywords(TypedDict, total=False):
    """The members of ``ImportOptions``."""

    source: str | None
    relation: Relation
    format: Literal["edges", "prov-json", "prov-jsonld", "prov-n", "openlineage"] | None
    strict: bool
