"""Write the parts of a PROV statement that no column holds as JSON, without loss."""

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
from provenance.interchange.prov.qualified_names import TERMS as TERMS_URI
from provenance.interchange.prov.write_document import TERMS

_WRITTEN_WITH_OURS = frozenset({PROV_LABEL, PROV_TYPE})
"""Attributes of PROV that this tool writes from columns; next to those they add nothing."""


def our_columns(record: ProvRecord, table: str) -> dict[str, Any]:
    """Read the columns of a table from the attributes that this tool wrote.

    Raises:
        InputError: one of them is of the wrong type.
    """
    stated = {
        name.localpart: value
        for name, value in record.attributes
        if name.namespace.uri == TERMS_URI
    }
    columns = {column: stated[term] for column, term in TERMS[table].items() if term in stated}
    wrong = misfit(columns, SCHEMAS[table])
    if wrong is not None:
        raise InputError(
            f"an attribute of prov is invalid: {visible(str(record.identifier))}: {wrong}"
        )
    return columns


def attributes(record: ProvRecord, table: str) -> dict[str, Any]:
    """Collect the attributes that other tools wrote, each with the list of its values."""
    skipped: Container[QualifiedName] = ()
    if our_columns(record, table):
        skipped = _WRITTEN_WITH_OURS
    kept: dict[str, Any] = {}
    for name, value in record.extra_attributes:
        if name.namespace.uri != TERMS_URI and name not in skipped:
            kept.setdefault(written_name(name), []).append(plain(value))
    # The values are a set: sorted, so that the same document gives the same text.
    return {name: sorted(values, key=str) for name, values in kept.items()}


def relation(record: ProvRecord) -> dict[str, Any]:
    """Collect a whole relation: its kind, its identifier, and the values of every attribute."""
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
    """Write a name as ``prov:label`` where PROV defines it, else as its IRI, without prefixes."""
    return f"prov:{name.localpart}" if name.namespace.uri == PROV.uri else name.uri


def plain(value: Any) -> Any:
    """Write a value as PROV-JSON does, names as IRIs."""
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
