"""``prov export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prov_cli.options import Session, command, count, pairs
from prov_cli.tables import cell, table

if TYPE_CHECKING:
    from provenance import ExportSummary


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

    The source files are read again, and so is what was written: every digest is checked both times.
    All is written, or nothing.
    """
    summary = session.ledger().export(
        release,
        directory,
        form,  # type: ignore[arg-type]
        pairs(roots, "--root"),
        allow_revoked=allow_revoked,
    )
    session.answer(summary, lambda: _text(summary))


def _text(summary: ExportSummary) -> str:
    files = [(item.path, item.rows, item.bytes, item.sha256) for item in summary.files]
    lines = [
        f"wrote {summary.rows:,} rows of {summary.release} to {summary.directory}",
        table(("file", "rows", "bytes", "sha256"), files),
    ]
    for column in summary.as_json_text:
        lines.append(f"column {cell(column.name)} is JSON text: {cell(column.reason)}")
    for renamed in summary.renamed:
        named = f"column {cell(renamed.source)}" if renamed.source else "a column without a name"
        why = ": the name belongs to another column" if renamed.source else ""
        lines.append(f"{named} is named {cell(renamed.name)}{why}")
    for left in summary.left_out:
        lines.append(
            f"column {cell(left.source)} of {count(left.rows, 'row')} is left out: "
            "names that begin with prov_ are ours"
        )
    return "\n".join(lines)
