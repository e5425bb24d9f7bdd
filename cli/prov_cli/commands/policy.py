"""The commands ``prov policy``: check a policy file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prov_cli.options import Session, command
from prov_cli.tables import table

if TYPE_CHECKING:
    from provenance import Policy


@click.group()
def policy() -> None:
    """Check a policy file."""


@command("check")
@click.argument("file", type=click.Path())
def check(session: Session, file: str) -> None:
    """Check the policy in FILE, conditions included, and list its budgets."""
    from provenance import judged_on_a_bound, load_policy, not_monotone

    found = load_policy(Path(file))
    reasons = {item.name: not_monotone(item) for item in found.budgets}
    moving = [{"budget": name, "reasons": list(why)} for name, why in reasons.items() if why]
    bound = [item.name for item in found.budgets if judged_on_a_bound(item)]
    answer = {**found.model_dump(mode="json"), "not_monotone": moving, "on_a_lower_bound": bound}
    session.answer(answer, lambda: _text(file, found, reasons, bound))


def _text(file: str, found: Policy, reasons: Mapping[str, Sequence[str]], bound: list[str]) -> str:
    lines = [
        f"{file}: policy {found.policy}, unit {found.unit}",
        table(
            ("budget", "rule", "limit", "where", "by", "unit"),
            [
                (
                    item.name,
                    item.rule,
                    str(getattr(item, item.rule)),
                    item.where,
                    ", ".join(item.by),
                    item.unit or found.unit,
                )
                for item in found.budgets
            ],
        ),
    ]
    lines += [
        f"not monotone: {name}: more synthetic evidence may improve its verdict: {'; '.join(why)}"
        for name, why in reasons.items()
        if why
    ]
    lines += [
        f"note: {name}: depth is judged on its known lower bound (1 if a record is only known "
        "to be synthetic)"
        for name in bound
    ]
    return "\n".join(lines)


policy.add_command(check)
