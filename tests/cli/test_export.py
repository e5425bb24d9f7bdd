"""``prov export``: what it answers."""

from __future__ import annotations

import json

from support.terminal import Terminal

POLICY = "policy: p\nindeterminate: warn\nbudgets: [{name: b, max_synthetic: 1}]\n"


def test_the_answer_says_what_is_not_as_the_sources_have_it(terminal: Terminal) -> None:
    rows = [
        {"text": "A letter from the coast.", "Text": "title", "m": {}, "PROV_LABEL": "human"},
        {"text": "A letter from the hills.", "Text": "title", "m": {}, "a\x1b[31m": {}},
    ]
    terminal.write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    terminal.write("p.yaml", POLICY)
    assert terminal.prov("init").code == 0
    assert terminal.prov("ingest", "a.jsonl", "--source", "s", "--content", "text").code == 0
    assert terminal.prov("assemble", "r", "--policy", "p.yaml").code == 0
    answer = terminal.prov("export", "r", "--to", "out")
    assert answer.code == 0
    assert "column m was written as JSON text: objects without members" in answer.out
    assert "column Text was renamed to Text_2: the name is taken by another column" in answer.out
    assert "column PROV_LABEL of 1 row was left out: names that begin with prov_ are" in answer.out
    assert "\x1b[31m" not in answer.out
    said = terminal.prov("export", "r", "--to", "again", "--json").json
    assert said["as_json_text"][0] == {"name": "m", "reason": "objects without members"}
    assert said["renamed"] == [{"source": "Text", "name": "Text_2"}]
    assert said["left_out"] == [{"source": "PROV_LABEL", "rows": 1}]
    lines = terminal.prov("export", "r", "--to", "lines", "--format", "jsonl", "--json").json
    assert (lines["as_json_text"], lines["renamed"]) == ([], [])
    assert lines["left_out"] == said["left_out"]
