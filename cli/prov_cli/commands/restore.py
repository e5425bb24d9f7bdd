"""The command ``prov restore``: undo a revocation."""

from __future__ import annotations

import click

from prov_cli.commands.revoke import deliver
from prov_cli.options import Session, command


@command("restore")
@click.argument("revocation")
@click.option("--reason", metavar="TEXT", help="Reason, kept with the revocation.")
@click.option("--by", "requested_by", metavar="WHO", help="Who requested it.")
@click.option("--receipt", type=click.Path(), help="Write the receipt to a JSON file.")
def restore(
    session: Session,
    revocation: str,
    reason: str | None,
    requested_by: str | None,
    receipt: str | None,
) -> None:
    """Undo REVOCATION; records that another revocation covers stay revoked."""
    deliver(session, session.ledger().restore(revocation, reason, requested_by), receipt)
