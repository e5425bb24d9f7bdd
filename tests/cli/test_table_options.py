"""What is said of a table is heard by ingest and audit, and remembered with the reading."""

from __future__ import annotations

import json

import pytest
from support.terminal import Terminal

from provenance.operations.ingest import IngestOptions

TEXT = "1^Grüße, “Welt”\n2^Zweiter\n"
SAID = ["--delimiter", "^", "--no-header", "--encoding", "cp1252", "--content", "column2"]
POLICY = "policy: p\nbudgets:\n  - name: all\n    max_synthetic: 1\n"


@pytest.mark.slow
def test_a_table_is_read_as_it_is_said_and_read_again_so(terminal: Terminal) -> None:
    terminal.write("t.csv", TEXT.encode("cp1252"))
    terminal.write("p.yaml", POLICY)
    answer = terminal.prov(
        "ingest", "t.csv", "--source", "t", "--label", "human", *SAID, "--json"
    ).json
    assert (answer["read"], answer["kept"]) == (2, 2)
    assert answer["files"][0]["notes"] == [
        "without a header, its columns are called column1 to column2"
    ]
    again = terminal.prov("ingest", "t.csv", "--source", "t", *SAID, "--json").json
    assert again["unchanged_files"] == 1
    assert terminal.prov("assemble", "r", "--policy", "p.yaml").code == 0
    assert terminal.prov("export", "r", "--to", "out", "--format", "jsonl").code == 0
    lines = [
        json.loads(line)
        for path in sorted((terminal.folder / "out").rglob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert {line["column2"] for line in lines} == {"Grüße, “Welt”", "Zweiter"}
    judged = terminal.prov("audit", "t.csv", "--policy", "p.yaml", *SAID, "--json").json
    assert judged["budgets"][0]["denominator"] == 2
    assert judged["budgets"][0]["numerator_hi"] == 0


def test_nothing_said_leaves_no_trace_in_the_settings() -> None:
    silent = json.loads(IngestOptions(source="s").settings)
    assert not {"delimiter", "header", "encoding", "escape"} & silent.keys()
    said = json.loads(IngestOptions(source="s", header=False, encoding="Latin-1").settings)
    assert said == silent | {"header": False, "encoding": "iso8859-1"}


@pytest.mark.parametrize("command", ["ingest", "audit"])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--delimiter", ";;"),
        ("--delimiter", '"'),
        ("--delimiter", ""),
        ("--escape", "ab"),
        ("--escape", "n"),
        ("--encoding", "klingon"),
        ("--encoding", "utf-7"),
        ("--encoding", "cp037"),
    ],
)
def test_what_makes_no_sense_is_misuse(
    terminal: Terminal, command: str, option: str, value: str
) -> None:
    terminal.write("t.csv", "text\na\n")
    terminal.write("p.yaml", POLICY)
    more = ["--source", "s"] if command == "ingest" else ["--policy", "p.yaml"]
    said = terminal.prov(command, "t.csv", *more, option, value)
    assert said.code == 2
    assert option in said.err


def test_text_of_unknown_encoding_is_refused_with_the_option(terminal: Terminal) -> None:
    terminal.write("t.csv", "text\nGrüße\n".encode("cp1252"))
    said = terminal.prov("ingest", "t.csv", "--source", "s")
    assert said.code == 10
    assert "--encoding" in said.err
