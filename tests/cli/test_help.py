"""Every command can be asked what it does, and says it for each of its options."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.testing import CliRunner

from prov_cli.main import COMMANDS, cli


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{name} is listed and not there"
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_listed_commands_exist_and_help() -> None:
    for name, line in COMMANDS.items():
        done = CliRunner().invoke(cli, [name, "--help"])
        assert done.exit_code == 0, done.output
        assert done.output.startswith("Usage: ")
        assert line.endswith("."), name
        assert len(line) < 80, name


def test_an_unknown_command_is_misuse() -> None:
    done = CliRunner().invoke(cli, ["ingets"])
    assert done.exit_code == 2


def test_every_option_says_what_it_does() -> None:
    for path, each in commands(cli):
        assert each.help, f"{' '.join(path)} has no help"
        silent = [
            option.name
            for option in each.params
            if isinstance(option, click.Option) and not option.help
        ]
        assert not silent, f"{' '.join(path)}: {silent}"
