"""The command ``prov status``: print the totals of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prov_cli.options import Session, command, count
from prov_cli.tables import cell, shortened, size, table
from provenance import visible

if TYPE_CHECKING:
    from provenance import Status


@command("status")
def status(session: Session) -> None:
    """Show totals: records, sources, labels, conflicts."""
    found = session.ledger().status()
    session.answer(found, lambda: status_text(found))


def status_text(found: Status) -> str:
    """Format the totals as text."""
    counts = [
        ("records", cell(found.records)),
        ("size", size(found.bytes)),
        ("sightings", cell(found.sightings)),
        ("sources", cell(found.sources)),
        ("files", cell(found.files)),
        ("edges", cell(found.edges)),
        ("releases", cell(found.releases)),
        *((f"{label} records", cell(count)) for label, count in found.labels.items()),
        ("conflicts", cell(found.conflicts)),
        *([("revoked records", cell(found.revoked))] if found.revoked else []),
    ]
    lines = [table(("", "count"), counts, right=("count",))]
    for each in found.older_rules:
        lines.append("")
        lines.append(
            f"{count(each.files, 'file')} of source {shortened(each.source)}: structured records "
            f"have ids of the older rule {each.rule}; re-read them under the newest rule with:"
        )
        lines.append(f"  {visible(each.command)}")
    return "\n".join(lines)
