"""The commands ``prov activity``: record and list pipeline activities."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from prov_cli.options import Session, command, contract, pairs
from prov_cli.tables import table

_WHEN = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


@click.group()
def activity() -> None:
    """Record pipeline activities that lineage edges can name."""


@command("add")
@click.argument("name")
@click.option("--id", "own_id", metavar="ID", help="Id of the activity (default: generated).")
@click.option(
    "--kind",
    type=click.Choice(["generate", "transform", "train", "review"]),
    default="transform",
    show_default=True,
    help="Kind of activity.",
)
@click.option("--agent", metavar="WHO", help="Person, program or model that performed it.")
@click.option("--started", type=_WHEN, help="Start time (UTC unless a zone is given).")
@click.option("--ended", type=_WHEN, help="End time (UTC unless a zone is given).")
@click.option(
    "--detail", multiple=True, metavar="NAME=VALUE", help="Parameter, version or other detail."
)
def add(
    session: Session,
    name: str,
    own_id: str | None,
    kind: str,
    agent: str | None,
    started: datetime | None,
    ended: datetime | None,
    detail: tuple[str, ...],
) -> None:
    """Record the activity NAME (`rephrase`, `dedup-2026-11`, …) and print its id.

    Lineage edges name it in their column `activity` (see `prov lineage import`).
    """
    from provenance import Activity, new_activity

    if not name.strip():
        raise click.UsageError("the name of an activity is empty")
    made = new_activity(name, kind="transform", agent=agent, detail=pairs(detail, "--detail"))
    given = made.model_dump() | {
        "activity": own_id or made.activity,
        "kind": kind,
        "started_at": _utc(started),
        "ended_at": _utc(ended),
    }
    found = contract(lambda: Activity.model_validate(given), f"activity `{name}`")
    added = session.ledger_or_new().activity_add(found)
    session.answer({"activity": added}, lambda: added)


def _utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


@command("list")
def list_(session: Session) -> None:
    """List all activities in the order of recording."""
    found = session.ledger().activities()
    session.answer(
        {"activities": [item.model_dump(mode="json", exclude_none=True) for item in found]},
        lambda: table(
            ("activity", "kind", "name", "agent", "started", "ended"),
            [(i.activity, i.kind, i.name, i.agent, i.started_at, i.ended_at) for i in found],
        ),
    )


for member in (add, list_):
    activity.add_command(member)
