"""The command ``prov export``: write the data of a release to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prov_cli.options import Session, command, count, pairs
from prov_cli.tables import cell, table

if TYPE_CHECKING:
    from provenance import ExportSummary


@command("export")
@click.argument("release")
@click.option(
    "--to", "directory", required=True, type=click.Path(), help="New or empty folder to write to."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "jsonl"]),
    default="parquet",
    show_default=True,
    help="Format of the files.",
)
@click.option("--allow-revoked", is_flag=True, help="Also write revoked records.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="OLD=NEW",
    help="New path of source files that were moved.",
)
def export(
    session: Session,
    release: str,
    directory: str,
    form: str,
    roots: tuple[str, ...],
    *,
    allow_revoked: bool,
) -> None:
    """Write the data of RELEASE: the original fields and origin columns named prov_*.

    Every digest is verified in the source files and in the written files. Either everything is
    written or nothing.
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
        lines.append(f"column {cell(column.name)} was written as JSON text: {cell(column.reason)}")
    for renamed in summary.renamed:
        named = f"column {cell(renamed.source)}" if renamed.source else "a column without a name"
        why = ": the name is taken by another column" if renamed.source else ""
        lines.append(f"{named} was renamed to {cell(renamed.name)}{why}")
    for left in summary.left_out:
        lines.append(
            f"column {cell(left.source)} of {count(left.rows, 'row')} was left out: "
            "names that begin with prov_ are reserved"
        )
    return "\n".join(lines)
