"""``prov revoke``, ``restore`` and ``purge`` as a user types them."""

from __future__ import annotations

import json

import pytest
from support.terminal import Terminal

from provenance.model.takedown import Receipt

ROWS = [
    {"id": "j1", "text": "a text by Jo, which she wants back", "author": "Jo Quimby"},
    {"id": "j2", "text": "another text by Jo, even longer", "author": "Jo Quimby"},
    {"id": "a1", "text": "a text by Al, who does not mind", "author": "Al Other"},
]

POLICY = "policy: p\nbudgets:\n  - name: overall\n    max_synthetic: 1\n"


@pytest.fixture
def library(terminal: Terminal) -> Terminal:
    """A folder with a ledger, a release and a policy."""
    terminal.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
    terminal.write("p.yaml", POLICY)
    assert (
        terminal.prov("ingest", "a.jsonl", "--source", "web", "--attr", "author=author").code == 0
    )
    assert terminal.prov("assemble", "r1", "--policy", "p.yaml").code in {0, 3}
    return terminal


JO = ("--attr", "author=Jo Quimby")


@pytest.mark.slow
def test_from_the_dry_run_to_the_purge(library: Terminal) -> None:
    plan = library.prov("revoke", *JO, "--dry-run", "--json", "--receipt", "plan.json")
    written = json.loads((library.folder / "plan.json").read_text())
    assert (plan.code, written) == (0, plan.json)
    done = library.prov("revoke", *JO, "--reason", "she asked", "--by", "a lawyer", "--json")
    assert done.json["reach"] == plan.json["reach"]
    assert Receipt.model_validate(done.json).reach.named.records == 2
    shown = library.prov("show", "j1")
    assert f"{done.json['revocation']}, named: she asked" in shown.out
    assert library.prov("status", "--json").json["revoked"] == 2
    assert "revoked records" in library.prov("status").out
    back = library.prov("restore", done.json["revocation"], "--reason", "she changed her mind")
    assert (back.code, "restored" in back.out) == (0, True)
    assert "revoked" not in library.prov("status").out
    library.prov("revoke", *JO, "--reason", "she asked")
    gone = library.prov("purge", done.json["revocation"], "--yes")
    assert (gone.code, "2 tombstones" in gone.out) == (0, True)
    assert "can confirm it" in gone.out
    again = library.prov("ingest", "a.jsonl", "--source", "again", "--json")
    assert (again.json["read"], again.json["kept"], again.json["rejected"]) == (3, 1, 2)
    assert library.prov("verify").code == 0


@pytest.mark.slow
def test_the_gate_says_no_to_a_release_with_revoked_records(library: Terminal) -> None:
    before = library.prov("audit", "r1", "--policy", "p.yaml").code
    assert before == 0
    library.prov("revoke", *JO, "--reason", "she asked")
    told = library.prov("audit", "r1", "--policy", "p.yaml", "--json")
    assert (told.code, told.json["verdict"]) == (1, "pass")
    found = [item for item in told.json["findings"] if item["code"] == "revoked"]
    assert [(item["severity"], item["remedy"]) for item in found] == [
        ("error", "assemble a new release")
    ] * 2
    assert library.prov("audit", "a.jsonl", "--policy", "p.yaml").code == 1
    assert library.prov("audit", "--policy", "p.yaml").code == 0
    library.prov("audit", "r1", "--policy", "p.yaml", "--write-baseline", "known.json")
    accepted = library.prov("audit", "r1", "--policy", "p.yaml", "--baseline", "known.json")
    assert accepted.code == 0
    plan = library.prov("assemble", "r2", "--policy", "p.yaml")
    assert "left out as revoked: 2 records" in plan.out
    refused = library.prov("export", "r1", "--to", "out")
    assert (refused.code, "2 revoked records" in refused.err) == (1, True)
    assert library.prov("export", "r1", "--to", "out", "--allow-revoked").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["revoke", "--reason", "x"], 2, "no selector"),
        (["revoke", *JO], 2, "--reason is missing"),
        (["revoke", "--attr", "author", "--reason", "x"], 2, "NAME=VALUE"),
        (["revoke", "--attr", "author=Nobody", "--reason", "x"], 11, "no record matches author"),
        (["revoke", "--attr", "author=Nobody", "--dry-run"], 11, "no record matches author"),
        (["revoke", "--record", "nobody", "--reason", "x"], 11, "no record `nobody`"),
        (["revoke", "--source", "", "--reason", "x"], 2, "revoke"),
        (["restore", "rv-123"], 11, "no revocation `rv-123`"),
        (["purge", "rv-123", "--yes"], 11, "no revocation `rv-123`"),
        (["purge", "rv-123"], 2, "confirm with --yes"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    library: Terminal, arguments: list[str], code: int, said: str
) -> None:
    answer = library.prov(*arguments)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_records_and_files_by_name(library: Terminal) -> None:
    for option, value in (("--record", "j1"), ("--external-id", "j1")):
        plan = library.prov("revoke", option, value, "--dry-run", "--json").json
        assert plan["reach"]["named"]["records"] == 1
    plan = library.prov("revoke", "--file", "a.jsonl", *JO, "--dry-run")
    assert "records named        2" in plan.out
    assert "dry run: nothing was changed" in plan.out


def test_words_from_outside_do_not_reach_the_terminal_raw(library: Terminal) -> None:
    library.prov("revoke", *JO, "--reason", "she \x1b[31masked")
    for answer in (library.prov("show", "j1"), library.prov("revoke", *JO, "--reason", "x")):
        assert "\x1b[31m" not in answer.out
