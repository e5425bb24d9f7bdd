"""Check a PROV document against the constraints of W3C PROV-CONSTRAINTS."""

from __future__ import annotations

from collections.abc import Iterator

from prov.model import ProvBundle, ProvDocument

from provenance.interchange.prov.event_order import order_findings
from provenance.interchange.prov.kinds import kind_findings
from provenance.interchange.prov.merged_statements import Statements
from provenance.model.finding import Finding


def check_prov(document: ProvDocument) -> tuple[Finding, ...]:
    """Return a finding for each constraint that a document breaks, bundle by bundle.

    Each bundle is checked by itself (PROV-CONSTRAINTS, section 7.2). The order of statements does
    not matter. In addition to the standard, the times that events state are compared with the order
    that the constraints require of these events.
    """
    found = [finding for bundle in (document, *document.bundles) for finding in _broken(bundle)]
    unique = {(one.code, one.subject, one.reason): one for one in found}
    return tuple(unique[key] for key in sorted(unique))


def _broken(bundle: ProvBundle) -> Iterator[Finding]:
    statements = Statements(bundle)
    yield from statements.findings
    yield from kind_findings(statements)
    yield from order_findings(statements)
