"""Which names a PROV document uses without declaring them: valid, but of little use to a reader."""

from __future__ import annotations

from prov.identifier import QualifiedName
from prov.model import ProvDocument, ProvRelation


def undeclared(document: ProvDocument) -> list[str]:
    """Names at an end of a relation that no record and no bundle declares, each once."""
    bundles = [document, *document.bundles]
    records = [record for bundle in bundles for record in bundle.records]
    declared = {record.identifier for record in records if record.identifier is not None}
    declared |= {bundle.identifier for bundle in document.bundles}
    found = dict.fromkeys(
        value
        for record in records
        if isinstance(record, ProvRelation)
        for _, value in record.formal_attributes
        if isinstance(value, QualifiedName) and value not in declared
    )
    return [str(name) for name in found]
