"""``prov query``."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import click

from prov_cli.options import Session, command
from prov_cli.tables import table

_SHOWN = 1_000


@command("query")
@click.argument("sql", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to print the rows.",
)
@click.option("--allow-files", is_flag=True, help="Let the query read files outside the ledger.")
def query(session: Session, sql: str | None, form: str, allow_files: bool) -> None:
    """Ask the ledger in SQL, read-only; without SQL, list the views.

    \b
    prov query "SELECT label, count(*) FROM records GROUP BY label"
    """
    if sql is None:
        from provenance.views import PUBLIC

        session.answer({"views": PUBLIC}, lambda: table(("view", "holds"), list(PUBLIC.items())))
        return
    found = session.ledger().query(sql, allow_files=allow_files)
    rows = found.to_pylist()
    if session.as_json or form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
    elif form == "csv":
        click.echo(_csv(found.column_names, rows), nl=False)
    else:
        shown = [tuple(_plain(value) for value in row.values()) for row in rows[:_SHOWN]]
        click.echo(table(found.column_names, shown))
        if len(rows) > _SHOWN:
            session.say(f"and {len(rows) - _SHOWN:,} more rows: --format json prints all")


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | bool) or value is None else str(value)


def _csv(names: list[str], rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    writer.writerow(map(_harmless, names))
    writer.writerows([_harmless(value) for value in row.values()] for row in rows)
    return out.getvalue()


def _harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, int | float | bool) or value is None:
        return value
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r", "\0"} else text
