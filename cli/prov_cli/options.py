"""What every command shares: the ledger, how to answer, and where messages go."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from provenance import visible

if TYPE_CHECKING:
    from pydantic import BaseModel

    from provenance import Ledger

DEFAULT_LEDGER = ".prov"

_PIECE = 32 << 10


@dataclass(frozen=True, slots=True)
class Session:
    """One run of one command."""

    url: str
    named: bool
    as_json: bool
    quiet: bool
    verbose: bool

    def ledger(self) -> Ledger:
        """The ledger, which must exist."""
        import provenance

        return provenance.open(self.url)

    def ledger_or_new(self) -> Ledger:
        """The ledger; the default one is made where there is none, one that was named is not."""
        import provenance

        if self.named or os.path.exists(self.url):
            return provenance.open(self.url)
        self.say(f"made a ledger at {self.url}")
        return provenance.init(self.url)

    def say(self, message: str) -> None:
        """A message beside the answer."""
        if not self.quiet:
            click.echo(visible(message), err=True)

    def warn(self, message: str) -> None:
        """A message that matters even when quiet."""
        click.echo(
            click.style("warning", fg="yellow", bold=True) + f": {visible(message)}", err=True
        )

    def fail(self, message: str) -> None:
        """An error that decides the exit code, where the run went on all the same."""
        click.echo(click.style("error", fg="red", bold=True) + f": {visible(message)}", err=True)

    def answer(self, value: BaseModel | dict[str, Any], text: Callable[[], str]) -> None:
        """The result, as JSON or as text: the same facts."""
        if self.as_json:
            data = value if isinstance(value, dict) else value.model_dump(mode="json")
            put(json.dumps(data, ensure_ascii=False, indent=2, default=str))
        else:
            put(text())


def put(text: str) -> None:
    """Text on standard output, piece by piece.

    Where a pipe is closed within one large write, CPython reports success; the next piece tells.
    """
    whole = text if text.endswith("\n") else text + "\n"
    for start in range(0, len(whole), _PIECE):
        click.echo(whole[start : start + _PIECE], nl=False)


def command(name: str, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command that takes the shared options and is handed a ``Session`` first."""

    def make(function: Callable[..., Any]) -> click.Command:
        decorate: Callable[[Callable[..., Any]], click.Command] = click.command(name, **settings)
        return decorate(with_session(function))

    return make


def with_session(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the shared options to a function, before or after the name of the command."""

    @click.option("--ledger", metavar="URL", help="The ledger; else PROV_LEDGER, else ./.prov.")
    @click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")
    @click.option("-q", "--quiet", is_flag=True, help="Only results and errors.")
    @click.option("-v", "--verbose", is_flag=True, help="More about what is done.")
    @functools.wraps(function)
    def run(
        ledger: str | None,
        as_json: bool,
        quiet: bool,
        verbose: bool,
        **rest: Any,
    ) -> Any:
        given = click.get_current_context().find_root().obj or {}
        url = ledger or given.get("ledger") or os.environ.get("PROV_LEDGER")
        session = Session(
            url=url or DEFAULT_LEDGER,
            named=url is not None,
            as_json=as_json or bool(given.get("json")),
            quiet=quiet or bool(given.get("quiet")),
            verbose=verbose or bool(given.get("verbose")),
        )
        return function(session, **rest)

    return run


def table_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how tables of text are written."""
    for decorate in reversed(
        (
            click.option(
                "--delimiter", metavar="C", help="Sign between the columns of CSV; else found."
            ),
            click.option(
                "--header/--no-header",
                default=None,
                help="Whether the first line of CSV names the columns; else column1, column2, ...",
            ),
            click.option(
                "--encoding", metavar="E", help="Encoding of CSV: cp1252, utf-16, ...; else UTF-8."
            ),
            click.option(
                "--escape",
                metavar="C",
                help="Sign before a quote that is text in CSV, or `none`; else found.",
            ),
        )
    ):
        function = decorate(function)
    return function


def contract(build: Callable[[], Any], what: str) -> Any:
    """Build a contract from options; what it refuses is misuse, said in one line."""
    from pydantic import ValidationError

    from provenance import MisuseError

    try:
        return build()
    except ValidationError as error:
        first = error.errors()[0]
        text = first["msg"].removeprefix("Value error, ")
        raise MisuseError(f"{what}: {_option(first['loc'])}{text}") from error


_OPTIONS = {
    "weights": "--weight",
    "splits": "--split",
    "attributes": "--attr",
    "id_field": "--id",
    "parent_field": "--parent",
    "sources": "--source",
    "declared_by": "--by",
    "generator_family": "--family",
    "ignore_fields": "--ignore-field",
    "accepts": "--accept",
    "ignores": "--ignore",
    "name": "NAME",
}
"""Where an option is not called like the member it sets."""


def _option(place: tuple[int | str, ...]) -> str:
    """The option behind a member of a contract, as a user knows it."""
    if not place:
        return ""
    member, *rest = map(str, place)
    named = _OPTIONS.get(member, "--" + member.replace("_", "-"))
    return f"{named} {'.'.join(rest)}: " if rest else f"{named}: "


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "record"), count(1200, "record")
    ('1 record', '1,200 records')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """``NAME=VALUE`` options as a mapping."""
    found: dict[str, str] = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals or not name or not rest:
            raise click.UsageError(f"{option} takes NAME=VALUE, not {value!r}")
        found[name] = rest
    return found
