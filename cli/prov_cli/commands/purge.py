"""``prov purge``."""

from __future__ import annotations

import sys

import click

from prov_cli.commands.revoke import deliver
from prov_cli.options import Session, command


@command("purge")
@click.argument("revocation")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--receipt", type=click.Path(), help="Write the receipt, as JSON, to a file.")
def purge(session: Session, revocation: str, receipt: str | None, *, yes: bool) -> None:
    """Remove for good what is kept of the records that REVOCATION names.

    Their attributes and own ids go, also from older states of the ledger, and the same content is
    refused when it comes back. It cannot be undone. The source files are not touched.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("a purge cannot be undone: say --yes")
        click.confirm(f"Purge {revocation}? It cannot be undone.", abort=True, err=True)
    deliver(session, session.ledger().purge(revocation), receipt)
