"""The command ``prov query``: run read-only SQL on the views of the ledger."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import click

from prov_cli.options import Session, command, put
from prov_cli.tables import cell, table
from provenance import visible

_SHOWN = 1_000


@command("query")
@click.argument("sql", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="Output format.",
)
@click.option(
    "--allow-files", is_flag=True, help="Allow the query to read files outside the ledger."
)
def query(session: Session, sql: str | None, form: str, allow_files: bool) -> None:
    """Query the ledger in SQL, read-only; without SQL, list the views.

    \b
    prov query "SELECT label, count(*) FROM records GROUP BY label"
    """
    if sql is None:
        from provenance import PUBLIC_VIEWS

        session.answer(
            {"views": PUBLIC_VIEWS}, lambda: table(("view", "holds"), list(PUBLIC_VIEWS.items()))
        )
        return
    found = session.ledger().query(sql, allow_files=allow_files)
    if session.as_json or form == "json":
        rows = [{name: _number(value) for name, value in row.items()} for row in found.to_pylist()]
        put(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
    elif form == "csv":
        put(_csv(found.column_names, found.to_pylist()))
    else:
        shown = [
            tuple(_plain(value) for value in row.values())
            for row in found.slice(0, _SHOWN).to_pylist()
        ]
        put(fitting(found.column_names, shown, shutil.get_terminal_size((120, 24)).columns))
        if found.num_rows > _SHOWN:
            session.say(f"and {found.num_rows - _SHOWN:,} more rows: --format json prints all")


def fitting(names: Sequence[str], rows: Sequence[tuple[Any, ...]], width: int) -> str:
    """Format rows as a table if the columns fit the width, else one block per row."""
    needed = [
        max([len(name), *(len(cell(row[index])) for row in rows)])
        for index, name in enumerate(names)
    ]
    if not rows or sum(needed) + 3 * len(needed) <= width:
        return table(names, rows, width=width)
    longest = max(map(len, names))
    blocks = [
        "\n".join(
            f"{visible(name):<{longest}}  {cell(value)}"
            for name, value in zip(names, row, strict=True)
        )
        for row in rows
    ]
    return "\n\n".join(blocks)


def _number(value: Any) -> Any:
    """Convert a decimal to a JSON number: integers exactly, others to a double."""
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def _plain(value: Any) -> Any:
    value = _number(value)
    return value if isinstance(value, int | float | bool) or value is None else str(value)


def _csv(names: list[str], rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    writer.writerow(map(_harmless, names))
    writer.writerows([_harmless(value) for value in row.values()] for row in rows)
    return out.getvalue()


def _harmless(value: Any) -> Any:
    """Escape a cell that a spreadsheet would take for a formula."""
    value = _number(value)
    if isinstance(value, int | float | bool) or value is None:
        return value
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r", "\0"} else text
