"""Defects of a PROV document that its syntax allows: what the library reads without a word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from prov.constants import PROV_N_MAP
from prov.identifier import QualifiedName
from prov.model import ProvBundle, ProvDocument, ProvRecord, ProvRelation

from provenance.content.display import visible
from provenance.interchange.prov.merged_statements import Statements
from provenance.interchange.prov.ordering import order_findings
from provenance.interchange.prov.typing import kind_findings
from provenance.interchange.text import shorten
from provenance.model.finding import Finding, Severity


def check_prov(document: ProvDocument) -> tuple[Finding, ...]:
    """Constraints of W3C PROV-CONSTRAINTS that a document breaks, bundle by bundle.

    Each bundle is an instance of its own (section 7.2). The order of statements does not matter.
    Beside the standard, times are held to the order of the events that have them.
    """
    found = [
        finding for bundle in (document, *document.bundles) for finding in _constraints(bundle)
    ]
    unique = {(one.code, one.subject, one.reason): one for one in found}
    return tuple(unique[key] for key in sorted(unique))


def _constraints(bundle: ProvBundle) -> Iterator[Finding]:
    said = Statements(bundle)
    yield from said.findings
    yield from kind_findings(said)
    yield from order_findings(said)


def check_references(document: ProvDocument) -> tuple[Finding, ...]:
    """Names that nothing declares, and relations without ends: valid, and of little use."""
    bundles: list[ProvBundle] = [document, *document.bundles]
    records = [record for bundle in bundles for record in bundle.records]
    return (
        *_dangling(records, {bundle.identifier for bundle in document.bundles}),
        *_incomplete(records),
    )


def _dangling(records: list[ProvRecord], bundles: set[Any]) -> Iterator[Finding]:
    declared = {r.identifier for r in records if r.identifier is not None} | bundles
    mentions: defaultdict[QualifiedName, list[str]] = defaultdict(list)
    for record in records:
        if isinstance(record, ProvRelation):
            for name, value in record.formal_attributes:
                if isinstance(value, QualifiedName) and value not in declared:
                    mentions[value].append(f"{PROV_N_MAP[record.get_type()]} ({name.localpart})")
    for name, places in mentions.items():
        more = f" and {len(places) - 1:,} more" if len(places) > 1 else ""
        yield _finding(
            "prov-dangling",
            "warning",
            name,
            f"named by {places[0]}{more}, and never declared",
            "Declare it, or take the edge as one whose end is not known.",
        )


def _incomplete(records: list[ProvRecord]) -> Iterator[Finding]:
    missing = [
        PROV_N_MAP[record.get_type()]
        for record in records
        if isinstance(record, ProvRelation)
        and all(value is None for _, value in record.formal_attributes[:2])
    ]
    if missing:
        yield Finding(
            code="prov-incomplete",
            severity="warning",
            subject="document",
            reason=f"{len(missing):,} relations name neither end, first a {missing[0]}",
            remedy="They are counted and add nothing to the lineage; name what they relate.",
        )


def _finding(code: str, severity: Severity, subject: Any, reason: str, remedy: str) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        subject=shorten(visible(str(subject)), 200),
        reason=reason,
        remedy=remedy,
    )
