"""``prov export``."""

from __future__ import annotations

import click

from prov_cli.options import Session, command, pairs
from prov_cli.tables import table


@command("export")
@click.argument("release")
@click.option("--to", "directory", required=True, type=click.Path(), help="Folder to write.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "jsonl"]),
    default="parquet",
    show_default=True,
    help="Format of the files.",
)
@click.option("--allow-revoked", is_flag=True, help="Write records that are revoked, too.")
@click.option("--root", "roots", multiple=True, metavar="OLD=NEW", help="Where sources moved to.")
def export(
    session: Session,
    release: str,
    directory: str,
    form: str,
    roots: tuple[str, ...],
    *,
    allow_revoked: bool,
) -> None:
    """Write the data of RELEASE: original fields, and origin columns named prov_*.

    The source files are read again and every digest is checked; all is written, or nothing.
    """
    summary = session.ledger().export(
        release,
        directory,
        form,  # type: ignore[arg-type]
        pairs(roots, "--root"),
        allow_revoked=allow_revoked,
    )
    session.answer(
        summary,
        lambda: (
            f"wrote {summary.rows:,} rows of {summary.release} to {summary.directory}\n"
            + table(
                ("file", "rows", "bytes", "sha256"),
                [(item.path, item.rows, item.bytes, item.sha256) for item in summary.files],
            )
        ),
    )
