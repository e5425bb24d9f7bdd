"""``prov lineage import``: what it prints, and how it ends."""

from __future__ import annotations

from terminal import Terminal

EDGES = "child,parent,process\na1,a0,rephrase\na2,model:\u001b[31m,generate\n"


def test_edges_are_imported_and_counted(terminal: Terminal) -> None:
    rows = "".join(f'{{"id": "a{n}", "text": "a text that is number {n}"}}\n' for n in range(3))
    terminal.prov("ingest", terminal.write("a.jsonl", rows), "--source", "web")
    edges = terminal.write("edges.csv", EDGES + "a2,a1,magic\n")
    answer = terminal.prov("lineage", "import", edges, "--source", "web")
    assert answer.code == 0
    assert "3 read, 2 kept, 1 rejected" in answer.out
    assert "row 3: unknown process: magic" in answer.out
    assert "warning: 1 rejected; all are listed in " in answer.err
    again = terminal.prov("lineage", "import", edges, "--source", "web", "--json")
    assert (again.code, again.json["unchanged_files"], again.json["edges"]) == (0, 1, 0)
    shown = terminal.prov("show", "a1", "--json").json
    assert (shown["origin"]["label"], shown["origin"]["depth"]) == ("synthetic", 1)
    assert "\u001b" not in terminal.prov("trace", "a2").out
    assert terminal.prov("status", "--json").json["edges"] == 2


def test_a_file_without_lineage_ends_with_bad_input(terminal: Terminal) -> None:
    good = terminal.write("good.csv", EDGES)
    bad = terminal.write("bad.json", '{"entity": 3}')
    answer = terminal.prov("lineage", "import", bad, good, "--source", "web", "--json")
    assert answer.code == 10
    assert [file["edges"] for file in answer.json["files"]] == [0, 2]
    assert "bad.json: not a PROV document" in answer.err
    assert terminal.prov("lineage", "import", "gone.csv").code == 11
    assert terminal.prov("lineage", "import", good).code == 10
    said = terminal.prov("lineage", "import", good, "--format", "prov-json")
    assert (said.code, "neither JSON nor PROV-N" in said.err) == (10, True)
