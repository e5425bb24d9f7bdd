"""The tree of failures, its table, and the exit codes that people are told of."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from provenance import errors
from provenance.errors import ProvError

ROOT = Path(__file__).resolve().parents[1]

OTHER_CODES = {0, 3, 70, 130, 141}
"""Success, an indeterminate verdict, a bug, an interruption, and a closed pipe."""

ROW = re.compile(r"^(?P<indent> *)(?P<name>\w+Error) +(?P<code>\d+) +\S.*$", re.MULTILINE)


def classes() -> list[type[ProvError]]:
    """Every class of the tree, parents before children, in the order of their definition."""
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, ProvError)
    ]


def depth(kind: type[ProvError]) -> int:
    return kind.__mro__.index(ProvError)


def test_the_table_is_the_tree() -> None:
    table = [
        (row["name"], len(row["indent"]) // 2, int(row["code"]))
        for row in ROW.finditer(errors.__doc__ or "")
    ]
    assert table == [(kind.__name__, depth(kind), kind.exit_code) for kind in classes()]


@pytest.mark.parametrize("kind", classes())
def test_a_failure_survives_the_trip_from_a_worker(kind: type[ProvError]) -> None:
    error = pickle.loads(pickle.dumps(kind("it went wrong", hint="do this")))
    assert type(error) is kind
    assert (error.message, error.hint, str(error)) == ("it went wrong", "do this", "it went wrong")


def test_every_class_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in classes()]
    assert len(set(codes)) == len(codes)


def test_no_exception_stands_outside_the_tree() -> None:
    strays = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type)
        and issubclass(value, BaseException)
        and not issubclass(value, ProvError)
    ]
    assert not strays


def used_codes() -> set[int]:
    return {kind.exit_code for kind in classes()} | OTHER_CODES


def test_the_help_lists_every_exit_code() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "prov_cli.main", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    listed = shown[shown.index("Exit codes") :]
    assert {int(code) for code in re.findall(r"\b(\d+) [a-z]", listed)} == used_codes()


def test_the_design_lists_every_exit_code() -> None:
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = design[design.index("Exit codes") :]
    table = table[: table.index("\n## ")] if "\n## " in table else table
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert listed == used_codes()
