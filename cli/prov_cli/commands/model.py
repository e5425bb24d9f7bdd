"""``prov model``: register models and look at them."""

from __future__ import annotations

from typing import Any

import click

from prov_cli.options import Session, command, contract
from prov_cli.tables import table


@click.group()
def model() -> None:
    """Register the models that wrote data, and what they were trained on."""


@command("set")
@click.argument("name")
@click.option("--family", metavar="F", help="Family of the model.")
@click.option("--provider", metavar="P", help="Who offers it.")
@click.option("--version", metavar="V", help="Its version.")
@click.option("--trained-on", metavar="RELEASE", help="The release that it was trained on.")
def set_(session: Session, name: str, **given: Any) -> None:
    """Register the model NAME; records that name it as generator descend from its training set."""
    from provenance import Model

    found = contract(lambda: Model(name=name, **given), f"model `{name}`")
    changed = session.ledger_or_new().model_set(found)
    session.answer(
        {"model": name, "changed": changed},
        lambda: f"{name}: {'registered' if changed else 'unchanged'}",
    )


@command("list")
def list_(session: Session) -> None:
    """List the models."""
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
