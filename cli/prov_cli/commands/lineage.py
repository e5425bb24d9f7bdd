"""``prov lineage``."""

from __future__ import annotations

from pathlib import Path

import click

from prov_cli.options import Session, command

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


@click.group()
def lineage() -> None:
    """Write lineage for other tools."""


@command("export")
@click.option("--to", "target", required=True, type=click.Path(), help="File, or folder, to make.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="duckdb",
    show_default=True,
    help="Tables (duckdb, parquet), standards, or pictures.",
)
def export(session: Session, target: str, form: str) -> None:
    """Write the whole lineage graph: records, sources, releases, models and their edges."""
    counts = session.ledger().lineage_export(Path(target), form)
    session.answer(
        {"to": target, "format": form, **counts},
        lambda: f"wrote {counts['nodes']:,} nodes and {counts['edges']:,} edges to {target}",
    )


lineage.add_command(export)
