"""``prov policy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prov_cli.files import read_text
from prov_cli.options import Session, command
from prov_cli.tables import table

if TYPE_CHECKING:
    from provenance.model.policy import Policy


def read_policy(path: str) -> Policy:
    """The policy in a file, or the error that says what is wrong with it."""
    from provenance.documents import load_policy

    return load_policy(read_text(path), path)


@click.group()
def policy() -> None:
    """Check a policy file."""


@command("check")
@click.argument("file", type=click.Path())
def check(session: Session, file: str) -> None:
    """Check that FILE is a policy, conditions included, and say what it asks for."""
    found = read_policy(file)
    session.answer(
        found,
        lambda: (
            f"{file}: policy {found.policy}, unit {found.unit}\n"
            + table(
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
            )
        ),
    )


policy.add_command(check)
