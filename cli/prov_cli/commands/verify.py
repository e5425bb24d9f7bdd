"""``prov verify``."""

from __future__ import annotations

import click

from prov_cli.options import Session, command
from prov_cli.tables import size


@command("verify")
@click.argument("release", required=False)
def verify(session: Session, release: str | None) -> None:
    """Check every stored part against its recorded digest, and releases against theirs."""
    found = session.ledger().verify(release)
    session.answer(
        found,
        lambda: "\n".join(
            [
                f"{found.parts:,} parts, {found.rows:,} rows, {size(found.bytes)}, "
                f"{found.releases} releases: "
                + ("all as recorded" if not found.problems else "not as recorded"),
                *found.problems,
            ]
        ),
    )
    if found.problems:
        raise click.exceptions.Exit(13)
