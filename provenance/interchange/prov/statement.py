"""What a statement of a PROV document says beside its columns, as JSON that loses nothing."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any

from prov.constants import PROV, PROV_LABEL, PROV_N_MAP, PROV_TYPE
from prov.identifier import Identifier, QualifiedName
from prov.model import Literal, ProvRecord

from provenance.content.display import visible
from provenance.errors import InputError
from provenance.interchange.graph import SCHEMAS, misfit
from provenance.interchange.prov.names import TERMS as TERMS_URI
from provenance.interchange.prov.write_document import TERMS

_WRITTEN_WITH_OURS = frozenset({PROV_LABEL, PROV_TYPE})
"""Attributes of PROV that our writer makes of columns; beside columns of ours they say no more."""


def our_columns(record: ProvRecord, table: str) -> dict[str, Any]:
    """The columns of a table that our own attributes on a statement fill.

    Raises:
        InputError: one of them is of the wrong type.
    """
    said = {
        name.localpart: value
        for name, value in record.attributes
        if name.namespace.uri == TERMS_URI
    }
    columns = {column: said[term] for column, term in TERMS[table].items() if term in said}
    wrong = misfit(columns, SCHEMAS[table])
    if wrong is not None:
        raise InputError(f"not lineage of ours: {visible(str(record.identifier))}: {wrong}")
    return columns


def attributes(record: ProvRecord, table: str) -> dict[str, Any]:
    """Everybody else's attributes of an element, each with the list of its values."""
    skipped: Container[QualifiedName] = ()
    if our_columns(record, table):
        skipped = _WRITTEN_WITH_OURS
    kept: dict[str, Any] = {}
    for name, value in record.extra_attributes:
        if name.namespace.uri != TERMS_URI and name not in skipped:
            kept.setdefault(written_name(name), []).append(plain(value))
    # A set of values has no order of its own: the same document is to give the same text.
    return {name: sorted(values, key=str) for name, values in kept.items()}


def relation(record: ProvRecord) -> dict[str, Any]:
    """A whole relation: its kind, its own name, and every attribute with the list of its values."""
    kept: dict[str, Any] = {"relation": PROV_N_MAP[record.get_type()]}
    if record.identifier is not None:
        kept["id"] = record.identifier.uri
    for name, value in record.formal_attributes:
        if value is not None:
            kept[written_name(name)] = plain(value)
    return kept | {
        name: values for name, values in attributes(record, "edges").items() if name not in kept
    }


def written_name(name: QualifiedName) -> str:
    """``prov:label`` for PROV's own names, the whole IRI for others: prefixes are a document's."""
    return f"prov:{name.localpart}" if name.namespace.uri == PROV.uri else name.uri


def plain(value: Any) -> Any:
    """A value as PROV-JSON has it, names as IRIs."""
    if isinstance(value, Literal):
        if value.langtag:
            return {"$": value.value, "lang": value.langtag}
        datatype = value.datatype
        return {"$": value.value} | ({"type": datatype.uri} if datatype is not None else {})
    if isinstance(value, Identifier):
        return written_name(value) if isinstance(value, QualifiedName) else value.uri
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not abs(value) <= 1.7976931348623157e308:
        return {"$": str(value), "type": "xsd:double"}
    return value
