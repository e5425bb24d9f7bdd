"""Global options, the session of a command, and how answers and messages are printed."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from prov_cli.streams import answers, printing_apart
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
        """Open the ledger, which must exist."""
        import provenance

        return provenance.open(self.url)

    def ledger_or_new(self) -> Ledger:
        """Open the ledger; create the default one if it is missing, but not one that was named."""
        import provenance

        if self.named or os.path.exists(self.url):
            return provenance.open(self.url)
        self.say(f"created a ledger at {self.url}")
        return provenance.init(self.url)

    def say(self, message: str) -> None:
        """Print a message on standard error, unless quiet."""
        if not self.quiet:
            click.echo(visible(message), err=True)

    def warn(self, message: str) -> None:
        """Print a warning on standard error, even when quiet."""
        click.echo(
            click.style("warning", fg="yellow", bold=True) + f": {visible(message)}", err=True
        )

    def fail(self, message: str) -> None:
        """Print an error after which the run went on; it decides the exit code."""
        click.echo(click.style("error", fg="red", bold=True) + f": {visible(message)}", err=True)

    def answer(self, value: BaseModel | dict[str, Any], text: Callable[[], str]) -> None:
        """Print the result as JSON or as text; both hold the same facts."""
        if self.as_json:
            data = value if isinstance(value, dict) else value.model_dump(mode="json")
            put(json.dumps(data, ensure_ascii=False, indent=2, default=str))
        else:
            put(text())


def put(text: str) -> None:
    """Print text on standard output in pieces.

    When a pipe closes within one large write, CPython reports success; the next write fails.
    """
    whole = text if text.endswith("\n") else text + "\n"
    for start in range(0, len(whole), _PIECE):
        click.echo(whole[start : start + _PIECE], nl=False, file=answers())


def command(name: str, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command that takes the global options and gets a ``Session`` as first argument."""

    def make(function: Callable[..., Any]) -> click.Command:
        decorate: Callable[[Callable[..., Any]], click.Command] = click.command(name, **settings)
        return decorate(with_session(function))

    return make


def with_session(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the global options to a function; they may stand before or after the command."""

    @click.option("--ledger", metavar="URL", help="Ledger (default: $PROV_LEDGER, else ./.prov).")
    @click.option("--json", "as_json", is_flag=True, help="Print the answer as one JSON document.")
    @click.option("-q", "--quiet", is_flag=True, help="Print only results and errors.")
    @click.option("-v", "--verbose", is_flag=True, help="Print more detail.")
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
        with printing_apart():
            return function(session, **rest)

    return run


def table_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe how CSV files are written."""
    for decorate in reversed(
        (
            click.option(
                "--delimiter",
                metavar="C",
                help="Column separator of CSV files (default: detected).",
            ),
            click.option(
                "--header/--no-header",
                default=None,
                help="Whether the first CSV line holds column names; if not: column1, column2, ...",
            ),
            click.option(
                "--encoding",
                metavar="E",
                help="Encoding of CSV files, such as cp1252 (default: UTF-8).",
            ),
            click.option(
                "--escape",
                metavar="C",
                help="Character that escapes a quote in CSV, or `none` (default: detected).",
            ),
        )
    ):
        function = decorate(function)
    return function


def contract(build: Callable[[], Any], subject: str) -> Any:
    """Build a contract from options; report the first invalid option as misuse."""
    from pydantic import ValidationError

    from provenance import MisuseError

    try:
        return build()
    except ValidationError as error:
        first = error.errors()[0]
        text = first["msg"].removeprefix("Value error, ")
        raise MisuseError(f"{subject}: {_option(first['loc'])}{text}") from error


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
"""Option names that differ from the member they set."""


def _option(path: tuple[int | str, ...]) -> str:
    """Name the option that sets a member of a contract."""
    if not path:
        return ""
    member, *rest = map(str, path)
    named = _OPTIONS.get(member, "--" + member.replace("_", "-"))
    return f"{named} {'.'.join(rest)}: " if rest else f"{named}: "


def count(number: int, noun: str) -> str:
    """Format a number with its noun.

    >>> count(1, "record"), count(1200, "record")
    ('1 record', '1,200 records')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """Parse ``NAME=VALUE`` options into a mapping."""
    found: dict[str, str] = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals or not name or not rest:
            raise click.UsageError(f"{option} takes NAME=VALUE, not {value!r}")
        found[name] = rest
    return found
