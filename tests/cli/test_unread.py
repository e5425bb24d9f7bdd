"""From the command line: what was not read, names that are two things, and links."""

from __future__ import annotations

import json
import os

import pytest
from support.terminal import Terminal

POLICY = "policy: p\nunit: records\nbudgets:\n  - {name: all, max_synthetic: 0}\n"
OPEN = "policy: p\nunit: records\nbudgets:\n  - {name: all, max_synthetic: 1}\n"
ROWS = "".join(json.dumps({"text": f"a text that people wrote, {n}"}) + "\n" for n in range(4))
OTHER = json.dumps({"text": "a text that nobody looked at"}) + "\n"


@pytest.fixture
def folder(terminal: Terminal) -> Terminal:
    """A folder with data that are known as human, and hidden data."""
    terminal.write("p.yaml", POLICY)
    terminal.write("open.yaml", OPEN)
    terminal.write("d/a.jsonl", ROWS)
    terminal.write("d/.g.jsonl", OTHER)
    terminal.write("d/more.7z", b"7z\xbc\xaf\x27\x1c" + bytes(20))
    return terminal


@pytest.mark.slow
def test_a_folder_is_ingested_and_judged_for_what_is_in_it(folder: Terminal) -> None:
    ingest = ("ingest", "d", "--source", "people", "--label", "human")
    told = folder.prov(*ingest)
    assert told.code == 0
    assert "warning: 2 files" in told.err
    assert "hidden (1 file" in told.err
    assert ".g.jsonl" in told.err
    strict = folder.prov(*ingest, "--strict", "--json")
    assert strict.code == 10
    unread = strict.json["unread"]
    assert (unread["files"], unread["rows"]) == (2, None)
    assert unread["by_reason"]["hidden"] == {"files": 1, "bytes": len(OTHER), "rows": None}
    assert strict.json["unchanged_files"] == 1

    judged = folder.prov("audit", "d", "--policy", "p.yaml")
    assert judged.code == 3
    assert judged.out.startswith("Undecided: 2 files were not fully read")
    assert "d/.g.jsonl" in judged.out
    allowed = folder.prov("audit", "d", "--policy", "p.yaml", "--allow-unread", "--json")
    assert allowed.code == 0
    assert allowed.json["verdict"] == "pass"
    assert allowed.json["unread"]["allowed"] is True
    assert allowed.json["judged"][0]["content"] == ["text"]
    folder.write("warn.yaml", POLICY + "indeterminate: warn\n")
    warned = folder.prov("audit", "d", "--policy", "warn.yaml", "--json")
    assert (warned.code, warned.json["verdict"]) == (0, "indeterminate")


def test_a_folder_that_was_read_whole_is_not_warned_of(terminal: Terminal) -> None:
    terminal.write("d/a.jsonl", ROWS)
    terminal.write("d/README.md", "# About\n\nLetters of people.\n")
    told = terminal.prov("ingest", "d", "--source", "people", "--strict")
    assert told.code == 0
    assert "warning" not in told.err


@pytest.mark.slow
def test_a_name_that_is_a_release_and_a_path_is_misuse(folder: Terminal) -> None:
    folder.prov("ingest", "d/a.jsonl", "--source", "people", "--label", "human")
    assert folder.prov("assemble", "release:v1", "--policy", "p.yaml").code == 0
    assert folder.prov("audit", "v1", "--policy", "p.yaml").code == 0
    folder.write("v1", OTHER)
    folder.write("v2.jsonl", OTHER)
    for targets in (["v1"], ["v1", "v2.jsonl"]):
        both = folder.prov("audit", *targets, "--policy", "p.yaml", "--json")
        assert both.code == 2
        error = json.loads(both.err)["error"]
        assert "is both a release and a path" in error["message"]
        assert "release:v1" in error["hint"]
        assert "./v1" in error["hint"]
    release = folder.prov("audit", "release:v1", "--policy", "p.yaml", "--json")
    assert (release.code, release.json["budgets"][0]["denominator"]) == (0, 4)
    assert release.json["unread"] is None
    path = folder.prov("audit", "./v1", "--policy", "p.yaml", "--json")
    assert (path.code, path.json["budgets"][0]["denominator"]) == (3, 1)
    beside = folder.prov("audit", "release:v1", "v2.jsonl", "--policy", "p.yaml")
    assert beside.code == 2
    assert folder.prov("audit", "release:v9", "--policy", "p.yaml").code == 11


@pytest.mark.slow
def test_a_release_may_be_called_one_wherever_it_is_named(folder: Terminal) -> None:
    folder.prov("ingest", "d/a.jsonl", "--source", "people", "--label", "human")
    folder.prov("assemble", "v1", "--policy", "p.yaml")
    assert folder.prov("verify", "release:v1").code == 0
    assert folder.prov("verify", "release:v9").code == 11
    assert folder.prov("export", "release:v1", "--to", "out").code == 0
    plain, named = (
        folder.prov("report", name, "--format", "json").json for name in ("v1", "release:v1")
    )
    assert plain == named
    assert folder.prov("report", "--diff", "v1", "release:v1").code == 0
    assert folder.prov("model", "set", "m", "--trained-on", "release:v1").code == 0
    assert folder.prov("trace", "release:v1").code == 0
    folder.write("keep.yaml", POLICY.replace("max_synthetic: 0", "accumulate: release:v1"))
    assert folder.prov("audit", "v1", "--policy", "keep.yaml").code == 0


@pytest.mark.slow
def test_links_that_lead_out_have_to_be_followed_by_name(folder: Terminal) -> None:
    folder.write("own/b.jsonl", OTHER)
    os.unlink(folder.folder / "d" / ".g.jsonl")
    os.unlink(folder.folder / "d" / "more.7z")
    os.symlink("../own/b.jsonl", folder.folder / "d" / "b.jsonl")
    refused = folder.prov("ingest", "d", "--source", "people")
    assert refused.code == 10
    assert "leads out of its folder" in refused.err
    assert "--follow" in refused.err
    judged = folder.prov("audit", "d", "--policy", "open.yaml")
    assert judged.code == 3
    assert folder.prov("audit", "d", "--policy", "open.yaml", "--follow", "own").code == 0
    followed = folder.prov("ingest", "d", "--source", "people", "--follow", "own", "--json")
    assert (followed.code, followed.json["kept"]) == (0, 1)
    assert folder.prov("ingest", "d", "--source", "people", "--follow", "none").code == 11


@pytest.mark.parametrize("command", ["audit", "ingest"])
def test_special_files_end_at_once(folder: Terminal, command: str) -> None:
    os.mkfifo(folder.folder / "pipe.jsonl")
    with (folder.folder / "hole.jsonl").open("wb") as file:
        file.truncate(1 << 40)
    how = ("--policy", "open.yaml") if command == "audit" else ("--source", "s")
    for name, why in (("pipe.jsonl", "not a regular file"), ("hole.jsonl", "sparse file")):
        told = folder.prov(command, name, *how)
        assert told.code == 10
        assert why in told.err
