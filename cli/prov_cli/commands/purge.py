"""The command ``prov purge``: permanently erase what is kept of revoked records."""

from __future__ import annotations

import sys

import click

from prov_cli.commands.revoke import deliver
from prov_cli.options import Session, command


@command("purge")
@click.argument("revocation")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--receipt", type=click.Path(), help="Write the receipt to a JSON file.")
def purge(session: Session, revocation: str, receipt: str | None, *, yes: bool) -> None:
    """Permanently erase the attributes and own ids of the records that REVOCATION names.

    They are erased from older snapshots of the ledger too, and the same content is rejected if it
    is ingested again. A purge cannot be undone. The source files are not touched.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("a purge cannot be undone: confirm with --yes")
        click.confirm(f"Purge {revocation}? It cannot be undone.", abort=True, err=True)
    deliver(session, session.ledger().purge(revocation), receipt)
