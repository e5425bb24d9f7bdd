"""``prov source``: declare sources and look at them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prov_cli.options import Session, command, contract
from prov_cli.tables import table

if TYPE_CHECKING:
    from provenance import Source

LABELS = click.Choice(["human", "synthetic", "mixed", "unknown"])
PROCESSES = click.Choice(
    [
        "generate",
        "rephrase",
        "translate",
        "transcribe",
        "summarise",
        "distil",
        "feedback",
        "annotate",
        "template",
        "edit",
        "clean",
    ]
)
KINDS = click.Choice(
    ["crawl", "public", "licensed", "private", "user", "synthetic", "annotation", "other"]
)


@click.group()
def source() -> None:
    """Declare where data come from, and what is claimed of them."""


@command("set")
@click.argument("name", required=False)
@click.option("--from", "file", type=click.Path(), help="YAML file with one source or several.")
@click.option("--kind", type=KINDS, help="What kind of source it is.")
@click.option("--label", type=LABELS, help="What is claimed of its records.")
@click.option("--generator", metavar="MODEL", help="Model that wrote the synthetic part.")
@click.option("--family", "generator_family", metavar="F", help="Family of that model.")
@click.option("--process", type=PROCESSES, help="How the synthetic part was made.")
@click.option(
    "--accept",
    "accepts",
    multiple=True,
    metavar="WHO",
    help="Recogniser or field whose word that a record is human counts.",
)
@click.option(
    "--ignore",
    "ignores",
    multiple=True,
    metavar="FIELD",
    help="A field that looks like a mark of origin and is none.",
)
@click.option("--licence", metavar="SPDX", help="SPDX licence expression.")
@click.option("--url", metavar="U", help="Where it is published.")
@click.option("--owner", metavar="WHO", help="Who owns the data.")
@click.option("--description", metavar="TEXT", help="What the data are.")
@click.option("--by", "declared_by", metavar="WHO", help="Who makes these statements.")
def set_(session: Session, name: str | None, file: str | None, **given: Any) -> None:
    """Declare a source: NAME with options, or --from FILE.yaml.

    A source is declared whole: what is not said any more no longer holds.
    """
    from provenance import Source

    members = {key: value for key, value in given.items() if value not in (None, ())}
    if (name is None) == (file is None):
        raise click.UsageError("give either NAME with options, or --from FILE")
    if file is not None:
        if members:
            raise click.UsageError("--from FILE takes no further options")
        from provenance import load_sources

        sources = load_sources(Path(file))
    else:
        sources = [contract(lambda: Source(name=name, **members), f"source `{name}`")]
    ledger = session.ledger_or_new()
    before = {item.name: item for item in ledger.sources()}
    changed = ledger.source_set(sources)
    names = [item.name for item in sources]
    withdrawn = {
        item.name: _no_longer_stated(before[item.name], item)
        for item in sources
        if item.name in before
    }
    session.answer(
        {"sources": names, "changed": changed, "withdrawn": withdrawn},
        lambda: "\n".join(_declared(item, item in changed, withdrawn.get(item)) for item in names),
    )


def _no_longer_stated(before: Source, now: Source) -> list[str]:
    """The members of a contract that the newer one leaves out."""
    stated = now.model_dump(exclude_defaults=True)
    return [member for member in before.model_dump(exclude_defaults=True) if member not in stated]


def _declared(name: str, changed: bool, withdrawn: list[str] | None) -> str:
    line = f"{name}: {'declared' if changed else 'unchanged'}"
    return f"{line}; no longer stated: {', '.join(withdrawn)}" if withdrawn else line


@command("list")
def list_(session: Session) -> None:
    """List the sources."""
    sources = session.ledger().sources()
    session.answer(
        {"sources": [item.model_dump(mode="json", exclude_none=True) for item in sources]},
        lambda: table(
            ("source", "kind", "label", "generator", "licence", "declared by"),
            [(i.name, i.kind, i.label, i.generator, i.licence, i.declared_by) for i in sources],
        ),
    )


@command("show")
@click.argument("name")
def show(session: Session, name: str) -> None:
    """Show the contract of a source."""
    found = session.ledger().source(name).model_dump(mode="json", exclude_none=True)
    session.answer(
        found,
        lambda: table(("member", "value"), [(k, v) for k, v in found.items() if v not in ([], ())]),
    )


@command("lint")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--strict", is_flag=True, help="Exit 1 where anything is missing.")
def lint(session: Session, names: tuple[str, ...], strict: bool) -> None:
    """Say what is missing in the contracts of sources, and which report it will hurt."""
    gaps = session.ledger().source_lint(names)
    session.answer(
        {"gaps": [gap.model_dump(mode="json") for gap in gaps]},
        lambda: table(
            ("source", "missing", "reports", "why"),
            [(gap.source, gap.member, ", ".join(gap.reports), gap.reason) for gap in gaps],
        ),
    )
    if gaps and strict:
        raise click.exceptions.Exit(1)


for member in (set_, list_, show, lint):
    source.add_command(member)
