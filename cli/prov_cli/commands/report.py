"""``prov report``."""

from __future__ import annotations

import click

from prov_cli.files import write_text
from prov_cli.options import Session, command, put


@command("report")
@click.argument("release")
@click.option(
    "--format",
    "form",
    default="html",
    show_default=True,
    metavar="FORMAT",
    help="html, markdown or json.",
)
@click.option("-o", "--output", type=click.Path(), help="Write to a file; else to stdout.")
def report(session: Session, release: str, form: str, output: str | None) -> None:
    """Write the report of RELEASE: what is in it, its budgets, conflicts, and who declared what."""
    from provenance.report import render

    form = "json" if session.as_json else form
    text = render(session.ledger().facts(release), form)
    if output:
        write_text(output, text)
        session.say(f"wrote {output}")
    else:
        put(text)
