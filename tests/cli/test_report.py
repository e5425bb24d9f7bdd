"""``prov report`` for the laws, and ``prov source lint``, as somebody types them."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml
from support.reported import GIVEN
from support.terminal import Terminal

from provenance.reports.compliance import REPORTS

SOURCES = """
- {name: web, kind: crawl, collected_to: 2026-03}
- {name: notes, kind: private, label: human}
"""
POLICY = "policy: any\nbudgets: [{name: b, max_synthetic: 1.0}]\n"


@pytest.fixture
def release(terminal: Terminal) -> Terminal:
    terminal.write("sources.yaml", SOURCES)
    terminal.write("policy.yaml", POLICY)
    for name in ("web", "notes"):
        rows = [{"text": f"{name} {n} and so on", "url": f"http://a{n}.example.org"} for n in "abc"]
        terminal.write(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert terminal.prov("source", "set", "--from", "sources.yaml").code == 0
    for name in ("web", "notes"):
        assert (
            terminal.prov("ingest", f"{name}.jsonl", "--source", name, "--attr", "url=url").code
            == 0
        )
    assert terminal.prov("assemble", "r", "--policy", "policy.yaml").code == 0
    return terminal


@pytest.mark.slow
def test_from_questions_to_a_report(release: Terminal) -> None:
    asked = release.prov("report", "r", "--format", "eu-art53", "--init", "-o", "answers.yaml")
    assert asked.code == 0
    path = release.folder / "answers.yaml"
    again = release.prov("report", "r", "--format", "eu-art53", "--init", "-o", "answers.yaml")
    assert (again.code, "already exists" in again.err) == (2, True)
    strict = release.prov(
        "report", "r", "--format", "eu-art53", "--answers", "answers.yaml", "--strict", "-o", "x.md"
    )
    assert strict.code == 1
    assert "eu.1.1.provider" in strict.err
    assert not (release.folder / "x.md").exists()
    document = yaml.safe_load(path.read_text("utf-8"))
    kinds = REPORTS["eu-art53"].form.kinds()
    for question in document["answers"]:
        question["answer"] = GIVEN[kinds[question["id"]]]
    path.write_text(yaml.safe_dump(document), "utf-8")
    for name, start in {
        "s.html": b"<!DOCTYPE html>",
        "s.md": b"# Public summary",
        "s.json": b"{",
        "s.docx": b"PK",
    }.items():
        answer = release.prov(
            "report",
            "r",
            "--format",
            "eu-art53",
            "--answers",
            "answers.yaml",
            "--strict",
            "-o",
            name,
        )
        assert answer.code == 0, answer.err
        assert (release.folder / name).read_bytes().startswith(start)
    assert json.loads((release.folder / "s.json").read_text())["not_provided"] == []


def test_layouts_and_misuse(release: Terminal) -> None:
    printed = release.prov("report", "r", "--format", "ab2013")
    assert printed.out.startswith("# Training data transparency statement")
    assert "answers not provided: ab.developer" in printed.err
    assert release.prov("report", "r", "--format", "ab2013", "--json").json["release"] == "r"
    assert release.prov("report", "r", "--format", "ab2013", "--as", "html").out.startswith("<!")
    for arguments, said in [
        (("--format", "ab2013", "--as", "docx"), "DOCX is binary"),
        (("--format", "ab2013", "--as", "pdf"), "no layout pdf"),
        (("--format", "ab2014"), "unknown report 'ab2014'"),
        (("--strict",), "apply only to questionnaire reports"),
        (("--format", "html", "--init"), "apply only to questionnaire reports"),
    ]:
        answer = release.prov("report", "r", *arguments)
        assert (answer.code, said in answer.err) == (2, True), (arguments, answer.err)
    assert release.prov("report").code == 2
    assert release.prov("report", "nothing", "--format", "ab2013").code == 11
    missing = release.prov("report", "r", "--format", "ab2013", "--answers", "nothing.yaml")
    assert missing.code == 11


@pytest.mark.slow
def test_domains_and_differences(release: Terminal) -> None:
    answer = release.prov("report", "r", "--format", "eu-art53", "--domains", "domains.csv", "-q")
    assert answer.code == 0
    lines = (release.folder / "domains.csv").read_text().splitlines()
    assert lines == ["domain,records,bytes", "example.org,3,45"]
    only = ("assemble", "s", "--policy", "policy.yaml", "--source", "web")
    assert release.prov(*only).code == 0
    text = release.prov("report", "--diff", "r", "s")
    assert text.out.startswith("r and s: 3 records in both, 3 gone, 0 new")
    assert "notes" in text.out
    assert "web" not in text.out
    found = release.prov("report", "--diff", "r", "s", "--format", "eu-art53", "--json").json
    assert found["sources"] == [{"subject": "notes", "before": 3, "after": None}]
    assert found["fields"]


def test_the_files_of_an_export_are_described(release: Terminal) -> None:
    assert release.prov("export", "r", "--to", "out").code == 0
    described = ("report", "r", "--format", "croissant", "--files", "out")
    answer = release.prov(*described, "-o", "out/croissant.json")
    assert answer.code == 0, answer.err
    (file,) = json.loads((release.folder / "out/croissant.json").read_text())["distribution"]
    assert file["contentUrl"] == "data.parquet"
    content = (release.folder / "out" / file["contentUrl"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    bare = release.prov("report", "r", "--format", "croissant")
    assert "distribution" not in bare.json
    assert "`--files` names the folder" in bare.err
    for arguments, code, said in [
        (("--files", "nowhere"), 11, "there is no folder"),
        (("--files", "."), 2, "not the folder of an export"),
        (("--format", "html", "--files", "out"), 2, "apply only to questionnaire reports"),
    ]:
        answer = release.prov("report", "r", "--format", "croissant", *arguments)
        assert (answer.code, said in answer.err) == (code, True), (arguments, answer.err)


def test_what_contracts_lack(release: Terminal) -> None:
    answer = release.prov("source", "lint")
    assert answer.code == 0
    assert "crawl_behaviour" in answer.out
    gaps = release.prov("source", "lint", "notes", "--json").json["gaps"]
    assert {gap["source"] for gap in gaps} == {"notes"}
    assert {"source", "member", "reports", "reason"} == set(gaps[0])
    assert release.prov("source", "lint", "--strict").code == 1
    assert release.prov("source", "lint", "nothing").code == 11


@pytest.mark.slow
def test_all_reports_from_questions_to_a_folder(release: Terminal) -> None:
    asked = release.prov("report", "r", "--format", "all", "--init", "-o", "answers")
    assert asked.code == 0
    strict = release.prov(
        "report", "r", "--format", "all", "--answers", "answers", "--strict", "-o", "out"
    )
    assert (strict.code, (release.folder / "out").exists()) == (1, False)
    done = release.prov("report", "r", "--format", "all", "--answers", "answers", "-o", "out")
    assert done.code == 0
    assert "Every report: out/index.html" in done.out
    assert (release.folder / "out" / "index.html").read_bytes().startswith(b"<!DOCTYPE html>")
    again = release.prov("report", "r", "--format", "all", "-o", "out")
    assert (again.code, "not an empty folder" in again.err) == (2, True)
    told = release.prov("report", "r", "--format", "all", "-o", "other", "--json")
    assert {one["report"] for one in told.json["reports"]} == {"release", *REPORTS}
    text = release.prov("report", "r", "--format", "openlineage").out
    assert [json.loads(line)["producer"] for line in text.splitlines()]


REFUSED: list[tuple[list[str], str]] = [
    ([], "name it with -o"),
    (["-o", "out", "--answers", "sources.yaml"], "is not a folder"),
    (["-o", "out", "--answers", "."], "unknown report 'policy'"),
    (["-o", "web.jsonl"], "not an empty folder"),
    (["-o", "out", "--as", "html"], "--as applies to one report"),
]


@pytest.mark.slow
def test_all_reports_are_refused_in_one_line(release: Terminal) -> None:
    for arguments, said in REFUSED:
        answer = release.prov("report", "r", "--format", "all", *arguments)
        assert answer.code == 2, said
        assert said in answer.err
        assert not (release.folder / "out").exists()


def test_help_names_every_report(terminal: Terminal) -> None:
    text = " ".join(terminal.prov("report", "--help").out.replace("│", "").split())
    assert [name for name in REPORTS if name not in text] == []
