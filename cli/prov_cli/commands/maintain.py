"""``prov maintain``."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from prov_cli.options import Session, command, count
from prov_cli.tables import size, table

if TYPE_CHECKING:
    from provenance import Maintenance


class Hours(click.FloatRange):
    """A number of hours; what is not a number is none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number, within its bounds."""
        found: float = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r} is not a number of hours", param, ctx)
        return found


@command("maintain")
@click.option("--dry-run", is_flag=True, help="Only say what would be merged.")
@click.option(
    "--keep-hours",
    type=Hours(min=0, max=24 * 365),
    default=1.0,
    show_default=True,
    help="How long replaced files stay for those who still read them.",
)
def maintain(session: Session, *, dry_run: bool, keep_hours: float) -> None:
    """Make few large files of the ledger's many small ones, so that it stays fast.

    Nothing that can be asked changes, and others may read and write meanwhile. What was replaced is
    removed by a later run.
    """
    found = session.ledger().maintain(keep=timedelta(hours=keep_hours), dry_run=dry_run)
    session.answer(found, lambda: _text(found))


def _text(found: Maintenance) -> str:
    lines = []
    if found.tables:
        rows = [
            (item.table, item.merged, item.into, item.dropped, item.rows) for item in found.tables
        ]
        lines = [table(("table", "merged", "into", "dropped", "rows"), rows), ""]
    return "\n".join([*lines, *_summary(found)])


def _summary(found: Maintenance) -> list[str]:
    before = f"{count(found.parts_before, 'part')}, {size(found.bytes_before)}"
    if not found.tables:
        said = [f"{before}: there is nothing to merge"]
    elif found.bytes_after is None:
        said = [f"{before}: would be {count(found.parts_after, 'part')}"]
    else:
        after = f"{count(found.parts_after, 'part')}, {size(found.bytes_after)}"
        said = [f"{before}: now {after}"]
    if found.dry_run:
        return [*said, "dry run: nothing was changed"]
    if found.origins:
        said.append(f"wrote down the current {count(found.origins, 'origin')}")
    if found.removed_parts or found.orphans:
        removed = count(found.removed_parts + found.orphans, "file")
        said.append(f"removed {removed} that nobody needs, {size(found.removed_bytes)}")
    if found.kept_parts:
        kept = count(found.kept_parts, "replaced file")
        said.append(f"{kept} kept for those who still read, {size(found.kept_bytes)}")
    return said
