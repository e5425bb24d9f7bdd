"""Numbers that make no sense are misuse, in one line: every numeric option of every command."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from pydantic import ValidationError
from support.terminal import Terminal

from prov_cli.commands.ingest import ByteSize
from prov_cli.main import cli
from provenance.errors import MisuseError
from provenance.model.manifest import Selection
from provenance.operations.ingest import IngestOptions

VALUES = ("-1", "0", "1e20", "100000000000000000000", "nan", "inf", "90%", "900%", "²", "1.5", "")

NUMBERS = (click.types.IntParamType, click.types.FloatParamType, ByteSize)

WRITTEN = {"max_rejects": "{}", "weights": "h={}", "splits": "train={}"}
"""Options that are text to click, with how a number stands in them."""

LEAST = {
    "ingest": ["h.jsonl", "--source", "h"],
    "assemble": ["r", "--policy", "p.yaml", "--dry-run"],
    "audit": ["h.jsonl", "--policy", "p.yaml"],
    "trace": ["source:h"],
    "maintain": ["--dry-run"],
}
"""What a command needs beside the option, by its name."""

ALLOWED = {
    ("assemble", "seed"): {"-1", "0", "100000000000000000000"},  # any whole number
    ("ingest", "max_rejects"): {"0", "90%"},
    ("maintain", "keep_hours"): {"0", "1.5"},
}
"""Values that mean something after all."""

POLICY = "policy: p\nbudgets:\n  - name: all\n    max_synthetic: 1\n"


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from commands(found, f"{path}{name} ")
        else:
            yield path + name, found


NUMERIC = [
    (name, option)
    for name, found in commands(cli)
    for option in found.params
    if isinstance(option.type, NUMBERS) or option.name in WRITTEN
]


def test_the_walk_finds_the_numeric_options() -> None:
    found = {(name, option.name) for name, option in NUMERIC}
    assert {
        *(("assemble", option) for option in ("weights", "splits", "seed")),
        *(("ingest", option) for option in ("max_rejects", "max_record", "workers")),
        *(("audit", "max_record"), ("trace", "hops"), ("maintain", "keep_hours")),
    } <= found


@pytest.mark.parametrize(("name", "option"), NUMERIC, ids=lambda x: getattr(x, "name", x))
def test_a_number_out_of_bounds_is_misuse(
    terminal: Terminal, name: str, option: click.Parameter
) -> None:
    terminal.write("h.jsonl", '{"text": "a letter that somebody wrote by hand"}\n')
    terminal.write("p.yaml", POLICY)
    assert terminal.prov("ingest", "h.jsonl", "--source", "h", "--label", "human").code == 0
    for value in VALUES:
        given = WRITTEN.get(option.name or "", "{}").format(value)
        answer = terminal.prov(*name.split(), *LEAST[name], f"{option.opts[0]}={given}")
        wanted = 0 if value in ALLOWED.get((name, option.name or ""), ()) else 2
        assert answer.code == wanted, (value, answer.err)
        if wanted:
            assert answer.err.startswith("error: ")
            assert option.opts[0] in answer.err
            assert "Traceback" not in answer.err


def test_a_weight_of_nothing_says_how_a_source_is_left_out(terminal: Terminal) -> None:
    """Six synthetic texts with weight -1 beside ten human ones once came to a share of -43 %."""
    for source, label, count in (("h", "human", 10), ("s", "synthetic", 6)):
        rows = "".join(f'{{"text": "{label} text number {n}"}}\n' for n in range(count))
        terminal.write(f"{source}.jsonl", rows)
        terminal.prov("ingest", f"{source}.jsonl", "--source", source, "--label", label)
    terminal.write("p.yaml", POLICY.replace("1\n", "0.1\n"))
    for weights in (["s=-1", "h=2"], ["s=0"], ["h=99999999999999999999"]):
        options = [word for weight in weights for word in ("--weight", weight)]
        answer = terminal.prov("assemble", "neg", "--policy", "p.yaml", *options)
        assert answer.code == 2
        assert "from 1 to 1,000,000" in answer.err
        assert "leave it out" in answer.err
    assert terminal.prov("query", "SELECT name FROM releases", "--json").json == []


@pytest.mark.parametrize("weight", [-1, 0, 1.5, True, 2**63, 10**20, "90%", float("nan")])
def test_a_selection_in_python_has_the_same_bounds(weight: object) -> None:
    with pytest.raises(MisuseError, match="whole number from 1"):
        Selection.model_validate({"weights": {"h": weight}})
    assert Selection.model_validate({"weights": {"h": 3}}).weights == {"h": 3}


def test_what_an_older_version_sealed_can_be_read() -> None:
    sealed = '{"weights": {"gen": -1}, "splits": {"a": "0.5"}}'
    assert Selection.model_validate_json(sealed).weights == {"gen": -1}


@pytest.mark.parametrize(
    "splits",
    [
        *({"train": part} for part in ("90%", "1.5", "-1", "nan", "1e0", "")),
        {"a": "0.5", "b": "0.4"},
        {"a": "1", "b": "0"},
    ],
)
def test_splits_are_decimals_that_sum_to_one(splits: dict[str, str]) -> None:
    with pytest.raises(MisuseError, match="--split"):
        Selection(splits=splits)


def test_limits_of_an_ingest_in_python() -> None:
    for bad in ({"max_record": 0}, {"max_record": 1 << 41}, {"workers": 0}, {"workers": 10**20}):
        with pytest.raises(ValidationError):
            IngestOptions.model_validate({"source": "s", **bad})


@pytest.mark.parametrize(
    "budget",
    [
        "max_synthetic: 1.01",
        "max_synthetic: -0.1",
        "max_synthetic: nan",
        "max_synthetic: 90%",
        "max_synthetic: 1e20\n    per: human",
        "max_share: 20\n    where: depth >= 1",
        "min_human: -1",
        "min_human: 1.5",
        "min_human: 1e20",
        "min_human: 100000000000000000000",
        "min_human: nan",
    ],
)
def test_a_limit_of_a_policy_has_its_bounds(terminal: Terminal, budget: str) -> None:
    terminal.write("p.yaml", f"policy: p\nbudgets:\n  - name: b\n    {budget}\n")
    answer = terminal.prov("policy", "check", "p.yaml")
    assert answer.code == 2
    assert answer.err.startswith("error: p.yaml, line ")
    assert "budgets[0]" in answer.err
