"""The command ``prov revoke``: revoke records and print the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from prov_cli.files import write_text
from prov_cli.options import Session, command
from prov_cli.tables import table
from provenance import visible

if TYPE_CHECKING:
    from provenance import Digests, Ledger, Receipt, Takedown


@command("revoke")
@click.option(
    "--record",
    "records",
    multiple=True,
    metavar="ID",
    help="Record, by its digest or a unique prefix.",
)
@click.option(
    "--external-id",
    "external_ids",
    multiple=True,
    metavar="ID",
    help="Record, by its own id in a source.",
)
@click.option("--source", "sources", multiple=True, metavar="S", help="All records of a source.")
@click.option("--file", "files", multiple=True, metavar="F", help="All records of a file.")
@click.option(
    "--attr",
    "attributes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Records with this attribute: author, url, domain, licence, lang or any kept one.",
)
@click.option("--reason", metavar="TEXT", help="Reason, kept with the revocation.")
@click.option("--by", "requested_by", metavar="WHO", help="Who requested it.")
@click.option("--dry-run", is_flag=True, help="Show what would be revoked, without changes.")
@click.option(
    "--through-models", is_flag=True, help="Also revoke the output of models trained on them."
)
@click.option("--receipt", type=click.Path(), help="Write the receipt to a JSON file.")
def revoke(
    session: Session,
    reason: str | None,
    requested_by: str | None,
    receipt: str | None,
    *,
    dry_run: bool,
    **given: Any,
) -> None:
    """Revoke records and everything derived from them, including records ingested later.

    A record matches if one of its sightings satisfies every kind of selector; repeating a selector
    gives alternatives. `prov assemble` leaves revoked records out, and `prov audit` reports those
    in a release.

    \b
    prov revoke --attr author='Jo Doe' --reason 'asked on 1 May' --dry-run
    prov revoke --source forum --attr domain=example.org --reason 'licence ended'
    """
    if not dry_run and not reason:
        raise click.UsageError("--reason is missing")
    ledger = session.ledger()
    takedown = asked(ledger, given)
    found = (
        ledger.plan_revocation(takedown)
        if dry_run
        else ledger.revoke(takedown, reason or "", requested_by)
    )
    deliver(session, found, receipt)


def asked(ledger: Ledger, given: dict[str, Any]) -> Takedown:
    """Build the takedown from the options."""
    attributes: dict[str, list[str]] = {}
    for text in given["attributes"]:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise click.UsageError(f"--attr takes NAME=VALUE, not {text!r}")
        attributes.setdefault(name, []).append(value)
    named = {name: given[name] for name in ("records", "external_ids", "sources", "files")}
    if not attributes and not any(named.values()):
        raise click.UsageError(
            "no selector: give --record, --external-id, --source, --file or --attr"
        )
    return ledger.takedown(**named, attributes=attributes, through_models=given["through_models"])


def deliver(session: Session, found: Receipt, path: str | None = None) -> None:
    """Print a receipt, and write it to a file if asked."""
    if path:
        write_text(path, found.model_dump_json(indent=2) + "\n")
        session.say(f"wrote {path}")
    session.answer(found, lambda: receipt_text(found))


_DONE = {
    "plan": "dry run: nothing was changed",
    "revoke": "revoked",
    "restore": "restored",
    "purge": "purged",
}


def receipt_text(found: Receipt) -> str:
    """Format a receipt as text."""
    done = _DONE[found.event] + (" (unchanged)" if found.unchanged else "")
    reach = found.reach
    hops = ", ".join(f"{count:,} at {hop}" for hop, count in reach.hops.items())
    rows = [
        ("records named", f"{reach.named.records:,}"),
        ("derived from them", f"{reach.derived.records:,}" + (f" (hops: {hops})" if hops else "")),
        ("through models only", f"{reach.through_models.records:,}"),
        ("sightings", f"{reach.sightings:,} in {reach.files:,} files"),
        ("sources", ", ".join(reach.sources)),
        ("models", ", ".join(f"{m.name} (on {m.trained_on})" for m in reach.models) or "none"),
    ]
    lines = [visible(f"{found.revocation}: {found.takedown.description}: {done}"), ""]
    lines += [f"{name:<20} {visible(value)}" for name, value in rows]
    if reach.releases:
        releases = [(item.name, item.records, item.through_models) for item in reach.releases]
        lines += ["", table(("release", "records", "through models"), releases)]
    if found.event == "plan":
        lines += ["", table(("record", "reached as"), _listed(found))]
    if found.purged:
        gone = found.purged
        counts = f"{gone.tombstones:,} tombstones, {gone.parts:,} data files rewritten"
        lines += ["", f"{counts}, {gone.snapshots or 0:,} snapshots expired", gone.note]
    return "\n".join(lines)


_SHOWN = 20


def _listed(found: Receipt) -> Sequence[tuple[str, str]]:
    """List the first records by how they were reached, and how many more there are."""
    rows: list[tuple[str, str]] = []
    groups: list[tuple[Digests, str]] = [
        (found.reach.named, "named"),
        (found.reach.derived, "derived"),
        (found.reach.through_models, "through a model"),
    ]
    for digests, how in groups:
        rows += [(digest, how) for digest in digests.digests[:_SHOWN]]
        if digests.records > _SHOWN:
            rows.append((f"and {digests.records - _SHOWN:,} more", how))
    return rows
