"""`prov policy check`, and what `prov assemble` says of a set."""

from __future__ import annotations

from support.terminal import Terminal

POLICY = """
policy: p
budgets:
  - {name: nobody-knows, where: "label = 'unknown'", max_share: 0.1}
  - {name: by-the-word, where: "tier = 'declared'", max_share: 0.5}
  - {name: recursion, where: "depth >= 2", max_share: 0}
  - {name: overall, max_synthetic: 1}
"""


def test_a_check_names_the_budgets_that_evidence_may_improve(terminal: Terminal) -> None:
    terminal.write("p.yaml", POLICY)
    answer = terminal.prov("policy", "check", "p.yaml", "--json")
    assert answer.code == 0
    moving = {item["budget"]: item["reasons"] for item in answer.json["not_monotone"]}
    assert set(moving) == {"nobody-knows", "by-the-word"}
    assert all(moving.values())
    assert answer.json["on_a_lower_bound"] == ["recursion"]
    assert [item["name"] for item in answer.json["budgets"]][-1] == "overall"
    text = terminal.prov("policy", "check", "p.yaml").out
    assert "not monotone: nobody-knows: " in text
    assert "not monotone: by-the-word: " in text
    assert "not monotone: overall" not in text
    assert "note: recursion: depth is judged on its known lower bound" in text


def test_an_assembly_prints_the_conflicts_of_its_set(terminal: Terminal) -> None:
    text = "a letter that two sources have, long enough to be nobody's small talk"
    for source, label in (("h", "human"), ("s", "synthetic")):
        terminal.write(f"{source}.jsonl", f'{{"text": "{text}"}}\n{{"text": "only {source}"}}\n')
        terminal.prov("ingest", f"{source}.jsonl", "--source", source, "--label", label)
    terminal.write("p.yaml", "policy: p\nbudgets:\n  - {name: all, max_synthetic: 1}\n")
    answer = terminal.prov("assemble", "r", "--policy", "p.yaml", "--dry-run")
    assert answer.code == 0
    assert "warning  conflict  sha256:" in answer.out
    assert "declared synthetic (ingest: label synthetic)" in answer.out


def test_a_takedown_finds_a_licence_of_the_source_and_of_the_record(terminal: Terminal) -> None:
    rows = [f'{{"text": "letter number {n}", "license": "CC0-1.0"}}\n' for n in range(3)]
    terminal.write("l.jsonl", "".join([*rows, '{"text": "letter without a licence"}\n']))
    terminal.prov("source", "set", "l", "--label", "human", "--licence", "LicenseRef-Ours")
    terminal.prov("ingest", "l.jsonl", "--source", "l")
    for licence, found in (("LicenseRef-Ours", 4), ("CC0-1.0", 3), ("MIT", 0)):
        asked = ("--attr", f"licence={licence}", "--reason", "it ended", "--dry-run", "--json")
        answer = terminal.prov("revoke", *asked)
        assert (answer.json["reach"]["named"]["records"] if answer.code == 0 else 0) == found


def test_a_name_that_no_release_can_have_is_refused(terminal: Terminal) -> None:
    terminal.write("p.yaml", "policy: p\nbudgets:\n  - {name: all, max_synthetic: 1}\n")
    assert terminal.prov("init").code == 0
    for name in ("x/y", ""):
        answer = terminal.prov("assemble", name, "--policy", "p.yaml")
        assert (answer.code, answer.out) == (2, "")
        assert f"'{name}' cannot be the name of a release" in answer.err
        assert "a name " in answer.err
