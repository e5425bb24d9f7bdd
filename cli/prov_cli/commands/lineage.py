"""The commands ``prov lineage``: import and export lineage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prov_cli.options import Session, command, contract, count
from prov_cli.tables import table
from provenance import visible

if TYPE_CHECKING:
    from provenance import ImportedFile, ImportSummary

FORMATS = (
    "duckdb",
    "parquet",
    "prov-json",
    "prov-jsonld",
    "prov-n",
    "graphml",
    "openlineage",
    "dot",
    "mermaid",
    "html",
)

_SHOWN = 10


@click.group()
def lineage() -> None:
    """Import and export lineage."""


@command("export")
@click.option(
    "--to", "target", required=True, type=click.Path(), help="File to write; parquet: folder."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="duckdb",
    show_default=True,
    help="Output format: tables (duckdb, parquet), a standard, or a diagram.",
)
def export(session: Session, target: str, form: str) -> None:
    """Write the whole lineage graph: records, sources, releases, models and their edges."""
    counts = session.ledger().lineage_export(Path(target), form)
    session.answer(
        {"to": target, "format": form, **counts.model_dump()},
        lambda: f"wrote {counts.nodes:,} nodes and {counts.edges:,} edges to {target}",
    )


@command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--source", metavar="NAME", help="Source of the external ids in the edges.")
@click.option(
    "--relation",
    type=click.Choice(["derived", "context"]),
    default="derived",
    show_default=True,
    help="Relation of edges that do not state one.",
)
@click.option(
    "--format",
    "format",
    type=click.Choice(["edges", "prov-json", "prov-jsonld", "prov-n", "openlineage"]),
    help="Format of the files (default: detected).",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Reject PROV documents that violate a constraint of the standard.",
)
def import_(session: Session, files: tuple[str, ...], **given: Any) -> None:
    """Import lineage of other tools: edge tables, PROV documents, OpenLineage events.

    An edge table has the columns child and parent, and optionally relation, process, activity,
    child_source and parent_source. An endpoint is a record (sha256:…), an external id of a source,
    source:NAME, release:NAME, model:NAME or entity:NAME. Records may be ingested after their edges.
    A file that was imported already adds nothing.
    """
    from provenance import ImportOptions

    options = contract(lambda: ImportOptions(**given), "lineage import")
    summary = session.ledger_or_new().lineage_import(list(files), options)
    session.answer(summary, lambda: _summary_text(summary))
    for file in summary.failed:
        session.fail(f"{file.error}" + (f" ({file.hint})" if file.hint else ""))
    if summary.rejected and not session.as_json:
        kept_in = sorted({file.quarantine for file in summary.files if file.quarantine})
        session.warn(f"{summary.rejected:,} rejected; all are listed in {', '.join(kept_in)}")
    if summary.failed:
        raise click.exceptions.Exit(summary.failed[0].exit_code)


def _summary_text(summary: ImportSummary) -> str:
    """Format the summary as text."""
    lines = [
        f"{summary.read:,} read, {summary.kept:,} kept, {summary.rejected:,} rejected",
        f"{_made(summary)} in {summary.seconds:.1f} s",
    ]
    if summary.unchanged_files:
        lines.append(f"{count(summary.unchanged_files, 'file')} unchanged")
    if summary.counts:
        lines.append("stated: " + ", ".join(f"{n:,} {kind}" for kind, n in summary.counts.items()))
    good = [file for file in summary.files if not file.error and not file.unchanged]
    if good:
        head = ("file", "format", "read", "kept", "rejected", "edges")
        lines += ["", table(head, [_row(file) for file in good[:_SHOWN]])]
    if len(good) > _SHOWN:
        lines.append(f"and {len(good) - _SHOWN:,} more files")
    rejects = [reject.as_line(file.uri) for file in summary.files for reject in file.rejects]
    lines += [f"rejected: {visible(line)}" for line in rejects[:_SHOWN]]
    lines += _findings(summary)
    if summary.unresolved:
        lines.append(
            f"{count(summary.unresolved, 'edge endpoint')} not in the ledger yet, such as "
            + ", ".join(visible(name) for name in summary.examples[:3])
        )
    return "\n".join(lines)


def _findings(summary: ImportSummary) -> list[str]:
    """List the first findings of each PROV document, and how many more there are."""
    lines: list[str] = []
    for file in summary.files:
        for one in file.findings[:_SHOWN]:
            reason = f"{one.severity}: {file.uri}: {one.subject}: {one.reason}. {one.remedy}"
            lines.append(visible(f"{reason} [{one.code}]"))
        if len(file.findings) > _SHOWN:
            lines.append(f"and {len(file.findings) - _SHOWN:,} more findings in {file.uri}")
    if summary.broken:
        lines.append(f"violated PROV constraints: {summary.broken:,}")
    return lines


def _made(summary: ImportSummary) -> str:
    edges, nodes = count(summary.edges, "edge"), count(summary.nodes, "node")
    return f"{edges}, {nodes}, activities: {summary.activities:,}"


def _row(file: ImportedFile) -> tuple[object, ...]:
    return (file.uri, file.format, file.read, file.kept, file.rejected, file.edges)


lineage.add_command(export)
lineage.add_command(import_)
