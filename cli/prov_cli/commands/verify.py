"""The command ``prov verify``: compare stored data with the recorded digests."""

from __future__ import annotations

import click

from prov_cli.options import Session, command, count
from prov_cli.tables import size


@command("verify")
@click.argument("release", required=False)
def verify(session: Session, release: str | None) -> None:
    """Check every data file, and every release or RELEASE, against its recorded digest."""
    found = session.ledger().verify(release)
    session.answer(
        found,
        lambda: "\n".join(
            [
                f"{found.parts:,} data files, {found.rows:,} rows, {size(found.bytes)}, "
                f"{found.releases} releases: "
                + (
                    "OK: all files and digests match"
                    if not found.problems
                    else f"FAILED: {count(len(found.problems), 'problem')}"
                ),
                *found.problems,
            ]
        ),
    )
    if found.problems:
        raise click.exceptions.Exit(13)
