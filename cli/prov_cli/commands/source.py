"""The commands ``prov source``: declare, list, show and lint sources."""

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
    """Declare data sources: origin, licence, owner."""


@command("set")
@click.argument("name", required=False)
@click.option("--from", "file", type=click.Path(), help="YAML file with one or more sources.")
@click.option("--kind", type=KINDS, help="Kind of source.")
@click.option("--label", type=LABELS, help="Declared label of its records.")
@click.option("--generator", metavar="MODEL", help="Model that generated the synthetic part.")
@click.option("--family", "generator_family", metavar="F", help="Family of that model.")
@click.option("--process", type=PROCESSES, help="Process that made the synthetic part.")
@click.option(
    "--accept",
    "accepts",
    multiple=True,
    metavar="WHO",
    help="Recogniser or field whose evidence of human origin is accepted.",
)
@click.option(
    "--ignore",
    "ignores",
    multiple=True,
    metavar="FIELD",
    help="Field that looks like a mark of origin but is not one.",
)
@click.option("--licence", metavar="SPDX", help="Licence, as an SPDX expression.")
@click.option("--url", metavar="U", help="Address where it is published.")
@click.option("--owner", metavar="WHO", help="Who owns the data.")
@click.option("--description", metavar="TEXT", help="Description of the data.")
@click.option("--by", "declared_by", metavar="WHO", help="Who makes these declarations.")
def set_(session: Session, name: str | None, file: str | None, **given: Any) -> None:
    """Declare a source: NAME with options, or --from FILE.yaml.

    The new declaration replaces the old one as a whole: members that it omits are withdrawn.
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
    """List the members that the newer contract omits."""
    stated = now.model_dump(exclude_defaults=True)
    return [member for member in before.model_dump(exclude_defaults=True) if member not in stated]


def _declared(name: str, changed: bool, withdrawn: list[str] | None) -> str:
    line = f"{name}: {'declared' if changed else 'unchanged'}"
    return f"{line}; no longer stated: {', '.join(withdrawn)}" if withdrawn else line


@command("list")
def list_(session: Session) -> None:
    """List all sources."""
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
@click.option("--strict", is_flag=True, help="Exit 1 if anything is missing.")
def lint(session: Session, names: tuple[str, ...], strict: bool) -> None:
    """List what is missing in the contracts of sources, and the reports that need it."""
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
