"""The command ``prov migrate``: upgrade a ledger that an older version wrote."""

from __future__ import annotations

import click

from prov_cli.options import Session, command
from prov_cli.tables import table


@command("migrate")
@click.option("--list", "only_list", is_flag=True, help="Only list pending migrations.")
def migrate(session: Session, only_list: bool) -> None:
    """Upgrade a ledger that an older version wrote. Opening a ledger never upgrades it."""
    import provenance

    run = provenance.pending_migrations if only_list else provenance.migrate
    steps = run(session.url)
    done = "due" if only_list else "done"
    session.answer(
        {"migrations": steps, "state": done},
        lambda: (
            table(("migration", "state"), [(name, done) for name in steps])
            if steps
            else "the ledger is up to date"
        ),
    )
