"""``prov restore``."""

from __future__ import annotations

import click

from prov_cli.commands.revoke import deliver
from prov_cli.options import Session, command


@command("restore")
@click.argument("revocation")
@click.option("--reason", metavar="TEXT", help="Why; it is kept and shown.")
@click.option("--by", "requested_by", metavar="WHO", help="Who asked for it.")
@click.option("--receipt", type=click.Path(), help="Write the receipt, as JSON, to a file.")
def restore(
    session: Session,
    revocation: str,
    reason: str | None,
    requested_by: str | None,
    receipt: str | None,
) -> None:
    """Undo one REVOCATION: its records count again as before, unless another one names them."""
    deliver(session, session.ledger().restore(revocation, reason, requested_by), receipt)
