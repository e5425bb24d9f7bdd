"""The commands ``prov model``: register and list models."""

from __future__ import annotations

from typing import Any

import click

from prov_cli.options import Session, command, contract
from prov_cli.tables import table


@click.group()
def model() -> None:
    """Register models and the releases they were trained on."""


@command("set")
@click.argument("name")
@click.option("--family", metavar="F", help="Family of the model.")
@click.option("--provider", metavar="P", help="Provider of the model.")
@click.option("--version", metavar="V", help="Version of the model.")
@click.option("--trained-on", metavar="RELEASE", help="Release that the model was trained on.")
def set_(session: Session, name: str, **given: Any) -> None:
    """Register the model NAME; records that it generated descend from its training release."""
    from provenance import Model

    found = contract(lambda: Model(name=name, **given), f"model `{name}`")
    changed = session.ledger_or_new().model_set(found)
    session.answer(
        {"model": name, "changed": changed},
        lambda: f"{name}: {'registered' if changed else 'unchanged'}",
    )


@command("list")
def list_(session: Session) -> None:
    """List all models."""
    models = session.ledger().models()
    session.answer(
        {"models": [item.model_dump(mode="json", exclude_none=True) for item in models]},
        lambda: table(
            ("model", "family", "provider", "version", "trained on"),
            [(i.name, i.family, i.provider, i.version, i.trained_on) for i in models],
        ),
    )


for member in (set_, list_):
    model.add_command(member)
