"""``prov lineage import``: what it prints, and how it ends."""

from __future__ import annotations

import pytest
from support.terminal import Terminal

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


BROKEN = """document
prefix ex <http://example.org/>
entity(ex:e)
wasDerivedFrom(ex:f, ex:e)
wasDerivedFrom(ex:e, ex:f)
endDocument
"""


def test_constraints_that_a_document_breaks_are_said(terminal: Terminal) -> None:
    name = terminal.write("d.provn", BROKEN)
    strict = terminal.prov("lineage", "import", name, "--strict", "--json")
    assert (strict.code, strict.json["edges"], strict.json["broken"]) == (10, 0, 1)
    assert terminal.prov("status", "--json").json["edges"] == 0
    code = "prov-derivation-generation-generation-ordering"
    (finding,) = strict.json["findings"]
    assert (finding["code"], finding["severity"]) == (code, "error")
    assert finding["subject"]
    assert finding["remedy"]
    assert code in strict.err
    plain = terminal.prov("lineage", "import", name)
    assert plain.code == 0
    assert f"[{code}]" in plain.out
    assert "violated PROV constraints: 1" in plain.out
    assert terminal.prov("status", "--json").json["edges"] == 2
    again = terminal.prov("lineage", "import", name, "--strict")
    assert again.code == 10


@pytest.mark.slow
def test_what_we_export_breaks_nothing(terminal: Terminal) -> None:
    rows = "".join(f'{{"id": "a{n}", "text": "a text that is number {n}"}}\n' for n in range(3))
    terminal.prov("ingest", terminal.write("a.jsonl", rows), "--source", "web")
    terminal.prov("lineage", "import", terminal.write("e.csv", EDGES), "--source", "web")
    for form, file in (("prov-json", "x.json"), ("prov-n", "x.provn"), ("prov-jsonld", "x.jsonld")):
        assert terminal.prov("lineage", "export", "--to", file, "--format", form).code == 0
        said = terminal.prov("lineage", "import", file, "--strict", "--json", "--format", form)
        assert (said.code, said.json["broken"], said.json["findings"]) == (0, 0, [])
