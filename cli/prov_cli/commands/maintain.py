"""The command ``prov maintain``: compact small data files and vacuum replaced ones."""

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
    """A click type for a number of hours, without NaN."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse the number and check its bounds."""
        found: float = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r} is not a number of hours", param, ctx)
        return found


@command("maintain")
@click.option("--dry-run", is_flag=True, help="Show what would be compacted, without changes.")
@click.option(
    "--keep-hours",
    type=Hours(min=0, max=24 * 365),
    default=1.0,
    show_default=True,
    help="Hours for which replaced files are kept for open readers.",
)
def maintain(session: Session, *, dry_run: bool, keep_hours: float) -> None:
    """Compact small data files and remove replaced ones, so that the ledger stays fast.

    Query results do not change, and others may read and write meanwhile. Replaced files are removed
    by the first run after --keep-hours.
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
    before = f"{count(found.parts_before, 'data file')}, {size(found.bytes_before)}"
    if not found.tables:
        lines = [f"{before}: nothing to compact"]
    elif found.bytes_after is None:
        lines = [f"{before}: would be {count(found.parts_after, 'data file')}"]
    else:
        after = f"{count(found.parts_after, 'data file')}, {size(found.bytes_after)}"
        lines = [f"{before}: now {after}"]
    if found.dry_run:
        return [*lines, "dry run: nothing was changed"]
    if found.origins:
        lines.append(f"materialised {count(found.origins, 'current origin')}")
    if found.removed_parts or found.orphans:
        removed = count(found.removed_parts + found.orphans, "file")
        lines.append(f"removed {removed} no longer in use, {size(found.removed_bytes)}")
    if found.kept_parts:
        kept = count(found.kept_parts, "replaced file")
        lines.append(f"{kept} kept for open readers, {size(found.kept_bytes)}")
    return lines
