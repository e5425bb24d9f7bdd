"""Every command can be asked what it does, and says it for each of its options."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
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


@pytest.mark.parametrize("name", COMMANDS)
def test_a_listed_command_exists_and_helps(name: str) -> None:
    done = CliRunner().invoke(cli, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Usage: ")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name: str) -> None:
    """Commands are listed without being loaded, so their lines are written twice."""
    assert COMMANDS[name].endswith(".")
    assert len(COMMANDS[name]) < 80


def test_an_unknown_command_is_misuse() -> None:
    done = CliRunner().invoke(cli, ["ingets"])
    assert done.exit_code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    found = [((name,), command)]
    if isinstance(command, click.Group):
        found += list(commands(command, (name,)))
    for path, each in found:
        assert each.help, f"{' '.join(path)} has no help"
        silent = [
            option.name
            for option in each.params
            if isinstance(option, click.Option) and not option.help
        ]
        assert not silent, f"{' '.join(path)}: {silent}"
