"""``docs/cli.md``, written from the program: a heading for each command, a row for each option."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from prov_cli.main import COMMANDS, EXIT_CODES, cli

HEAD = """# Commands

Written from the program by `make docs`; do not edit. What the commands mean is in the
[design](design.md#9-commands-and-answers).

Every command takes `--ledger URL`, `--json`, `-q` and `-v`, before or after its name.
"""

SHARED = {"ledger", "as_json", "quiet", "verbose"}


def reference() -> str:
    """The page."""
    sections = [HEAD]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        sections += described(("prov", name), command)
    codes = EXIT_CODES.replace("\b", "").strip("\n")
    _, _, listed = codes.partition("\n")
    sections.append(f"## Exit codes\n\n```text\n{inspect.cleandoc(listed)}\n```\n")
    return "\n".join(sections)


def described(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
    """The sections of a command and of the commands below it."""
    level = "#" * len(path)
    yield f"{level} {' '.join(path)}\n\n{usage(path, command)}\n\n{paragraphs(command)}\n"
    rows = [
        row(option)
        for option in command.params
        if isinstance(option, click.Option) and option.name not in SHARED
    ]
    if rows:
        yield "\n".join(["| option | |", "|---|---|", *rows]) + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            member = command.get_command(click.Context(command), name)
            assert member is not None
            yield from described((*path, name), member)


def usage(path: tuple[str, ...], command: click.Command) -> str:
    pieces = [
        piece
        for param in command.params
        if isinstance(param, click.Argument)
        for piece in [param.make_metavar(click.Context(command))]
    ]
    members = ["COMMAND"] if isinstance(command, click.Group) else ["[OPTIONS]", *pieces]
    return f"`{' '.join([*path, *members])}`"


def paragraphs(command: click.Command) -> str:
    r"""The help as Markdown; a paragraph that begins with ``\b`` is kept as it stands."""
    found = []
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            found.append(f"```text\n{paragraph[1:].strip(chr(10))}\n```")
        else:
            found.append(" ".join(paragraph.split()))
    return "\n\n".join(found)


def row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag else f" {value_of(option)}"
    notes = [option.help or ""]
    if option.required:
        notes.append("Required.")
    if option.multiple:
        notes.append("May be repeated.")
    if option.show_default and not option.is_flag and option.default is not None:
        notes.append(f"Default: `{option.default}`.")
    return f"| {names}{value} | {' '.join(notes)} |".replace("  ", " ")


def value_of(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        values = "\\|".join(map(str, option.type.choices))
        return (
            f"`{values}`"
            if len(values) < 40
            else f"one of {', '.join(map(str, option.type.choices))}"
        )
    written = option.metavar or option.type.name.upper()
    return "`" + re.sub(r"\|", r"\\|", written) + "`"
