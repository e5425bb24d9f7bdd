"""The command ``prov show``: print one record with its origin and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prov_cli.options import Session, command, count
from prov_cli.tables import cell, table
from provenance import visible

if TYPE_CHECKING:
    from provenance import Revoked, Shown


@command("show")
@click.argument("record")
def show(session: Session, record: str) -> None:
    """Show one record: its origin, the deciding rule and the evidence.

    RECORD is a digest, a unique prefix of it, or the record's own id in its source.
    """
    found = session.ledger().show(record)
    session.answer(found, lambda: shown_text(found))


def shown_text(found: Shown) -> str:
    """Format a record as text."""
    origin = found.origin
    low, high = origin.share
    share = f"{low:.1%}" if low == high else f"{low:.1%} to {high:.1%}"
    facts = [
        ("record", found.record_id),
        ("digest", found.digest),
        ("size", f"{found.bytes:,} bytes, {found.chars:,} characters, {found.words:,} words"),
        (
            "label",
            origin.label.value + (" (evidence contradicts itself)" if origin.conflict else ""),
        ),
        ("synthetic", share),
        ("rule", f"{origin.rule}: {origin.rule_text}"),
        ("made by", ", ".join(filter(None, (origin.process, origin.generator))) or None),
        ("depth", f"at least {origin.depth}"),
        ("releases", ", ".join(found.releases) or None),
        ("revoked", "; ".join(_revoked(item) for item in found.revoked) or None),
    ]
    lines = [f"{name:<10} {visible(str(value))}" for name, value in facts if value]
    evidence = [
        (
            item.tier.value,
            str(item.claim) if item.whole else f"{item.part_chars:,} characters synthetic",
            item.generator,
            item.observer,
            item.basis + (f" ({item.note})" if item.note else ""),
        )
        for item in origin.evidence
    ]
    sightings = [
        (item.source, item.file, item.row, item.external_id, _attributes(item.attributes))
        for item in found.sightings[:20]
    ]
    lines += ["", table(("tier", "claim", "generator", "observer", "basis"), evidence)]
    lines += ["", table(("source", "file", "row", "own id", "attributes"), sightings)]
    if len(found.sightings) > 20:
        lines.append(f"and {cell(len(found.sightings) - 20)} more sightings")
    return "\n".join(lines)


def _revoked(item: Revoked) -> str:
    how = "named" if item.hops == 0 else f"{count(item.hops, 'step')} from a record that is named"
    return f"{item.revocation}, {how}: {item.reason}"


def _attributes(attributes: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in attributes.items())
