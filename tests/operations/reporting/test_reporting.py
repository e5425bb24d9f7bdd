"""Reports for laws: filled from a release, the same everywhere, and taken by other tools."""

from __future__ import annotations

import copy
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from support.datafiles import ingest, texts, write_jsonl
from support.report_pages import Page
from support.reported import ANYTHING, answered, read, reported

import provenance
from provenance.errors import MisuseError
from provenance.ledger import Ledger
from provenance.model.base import Contract
from provenance.model.manifest import Selection
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.schemas import schemas
from provenance.model.source import Source
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.fill import render_report, write_domains
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS, Filled
from provenance.reports.compliance.fill import value_at

FORMS = ("eu-art53", "ab2013")
ALL = (*FORMS, "audit")
SCHEMA = {
    "eu-art53": "eu-art53-summary",
    "ab2013": "ab2013-statement",
    "audit": "release-audit",
}
LAYOUTS = ("markdown", "html", "json", "docx")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return reported(tmp_path_factory.mktemp("reported"))


@cache
def evidence_of(url: str, release: str) -> ReleaseEvidence:
    return provenance.open(url).evidence(release)


def report(ledger: Ledger, form: str, text: str | None = None, release: str = "first") -> Filled:
    """A report with the answers of a document."""
    kinds = REPORTS[form].form.kinds()
    given = parse_answers(text, "answers.yaml", kinds) if text else None
    return compliance.filled(REPORTS[form], evidence_of(ledger.url, release), given)


def questions(ledger: Ledger, form: str, release: str = "first") -> str:
    return compliance.questionnaire(REPORTS[form], evidence_of(ledger.url, release))


def whole(ledger: Ledger, form: str, **answers: str) -> Filled:
    """A report of which every question is answered."""
    return report(ledger, form, answered(questions(ledger, form), form, **answers))


def as_json(filled: Filled) -> Any:
    return json.loads(render_report(filled, "json"))


@pytest.mark.slow
def test_the_ledger_fills_the_same_report(ledger: Ledger) -> None:
    text = answered(ledger.questionnaire("first", "ab2013"), "ab2013")
    given = parse_answers(text, "answers.yaml", REPORTS["ab2013"].form.kinds())
    filled = ledger.report("first", "ab2013", given)
    assert render_report(filled, "html") == render_report(whole(ledger, "ab2013"), "html")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", ALL)
def test_the_same_release_gives_the_same_bytes(ledger: Ledger, form: str, layout: str) -> None:
    one, other = (render_report(whole(ledger, form), layout) for _ in range(2))
    assert one == other


def test_numbers_are_those_of_a_query(ledger: Ledger) -> None:
    eu, ab = (as_json(report(ledger, form)) for form in FORMS)
    facts = json.loads(ledger.facts("first").model_dump_json())
    (row,) = ledger.query("""
        SELECT sum(weight * bytes)::BIGINT AS size, sum(weight * lo_bytes)::BIGINT AS lo,
            sum(weight * hi_bytes)::BIGINT AS hi, sum(weight)::BIGINT AS points
        FROM members WHERE release = 'first'""").to_pylist()
    for printed in (eu, ab):
        share = next(one for one in printed["shares"] if one["unit"] == "bytes")
        assert (share["size"], share["synthetic_at_least"], share["synthetic_at_most"]) == (
            row["size"],
            row["lo"],
            row["hi"],
        )
        assert f"at least {row['lo']:,}, at most {row['hi']:,}" in str(printed)
    assert eu["shares"] == ab["shares"]
    (told,) = (one for one in facts["shares"] if one["unit"] == "bytes")
    assert (told["size"], told["lo"], told["hi"]) == (row["size"], row["lo"], row["hi"])
    assert sum(one["records"] for one in eu["sources"]) == row["points"]
    assert sum(one["data_points"] for one in ab["data_points"]) == row["points"]
    assert eu["general_information"]["modalities"][0]["bytes"] == row["size"]


def tables_of_markdown(text: str) -> list[list[list[str]]]:
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("| "):
            found[-1].append([cell.strip() for cell in line[1:-1].split(" | ")])
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def test_numbers_are_equal_in_every_layout(ledger: Ledger) -> None:
    filled = whole(ledger, "eu-art53")
    sources = as_json(filled)["sources"]
    page = Page(str(render_report(filled, "html")))
    html = {row[0]: row for row in page.tables["Sources with their sections"]}
    markdown = {
        row[0]: row
        for table in tables_of_markdown(str(render_report(filled, "markdown")))
        if "Section" in table[0]
        for row in table
    }
    document = "".join(paragraphs(render_report(filled, "docx")))
    for source in sources:
        numbers = [f"{source[key]:,}" for key in ("records", "bytes")]
        at = html["Source"].index("Records")
        assert html[source["source"]][at : at + 2] == numbers
        assert markdown[source["source"]][at : at + 2] == numbers
        assert "".join(numbers) in document


def paragraphs(content: str | bytes) -> list[str]:
    """The text of a Word document, read as XML."""
    assert isinstance(content, bytes)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        tree = ET.fromstring(archive.read("word/document.xml"))
    space = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    return [
        "".join(piece.text or "" for piece in one.iter(f"{space}t"))
        for one in tree.iter(f"{space}p")
    ]


def test_a_word_processor_reads_the_document(ledger: Ledger) -> None:
    docx = pytest.importorskip("docx", reason="python-docx is not installed")
    content = render_report(whole(ledger, "eu-art53"), "docx")
    assert isinstance(content, bytes)
    document = docx.Document(io.BytesIO(content))
    headings = [one.text for one in document.paragraphs if one.style.name == "Heading 1"]
    assert len(headings) == len(REPORTS["eu-art53"].form.parts)
    assert any("2.5 Synthetic data" in one for one in headings)
    assert len(document.tables) > len(headings)


# Every field of the laws' lists.


def numbers_of(form: str) -> list[str]:
    return [part.number for part in REPORTS[form].form.parts]


def test_every_number_of_the_laws_is_there() -> None:
    eu = {"1.1", "1.2", "1.3", "2.1", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6"}
    assert {*eu, "3.1", "3.2", "3.3"} <= set(numbers_of("eu-art53"))
    assert [str(n) for n in range(1, 13)] == [n for n in numbers_of("ab2013") if n.isdecimal()][1:]


@pytest.mark.parametrize("form", ALL)
def test_every_field_is_filled_asked_or_out_of_scope(ledger: Ledger, form: str) -> None:
    filled = report(ledger, form)
    asked = set(re.findall(r"^  - id: (\S+)$", questions(ledger, form), re.MULTILINE))
    page = " ".join(Page(str(render_report(filled, "html"))).text)
    printed = as_json(filled)
    for _, item in REPORTS[form].form.items():
        state = filled.states[item.id]
        if item.filled == "out of scope":
            assert (state, item.reason in page) == ("out of scope", True), item.id
        elif state == "not applicable":
            assert "modalities." in (item.path or ""), item.id
        elif state == "not provided":
            assert item.id in asked
            assert value_at(printed, item.path or "") in (None, []), item.id
            assert (item.id in printed["not_provided"]) == (not item.optional)
        else:
            assert state == "ledger"
            assert item.id not in asked
            value_at(printed, item.path or "")
            assert item.label in page, item.id


def leaves(contract: type[Contract], path: str = "") -> Iterator[str]:
    """The paths of a report's members; rows of lists are one."""
    for name, field in contract.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Contract):
            yield from leaves(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}"


@pytest.mark.parametrize("form", ALL)
def test_every_member_of_a_report_is_a_field_of_its_form(ledger: Ledger, form: str) -> None:
    filled = report(ledger, form)
    contract = type(REPORTS[form].finish(filled))
    assert issubclass(contract, Contract)
    about = {"report", "release", "body_digest", "sealed_on", "tool_version"}
    about |= {"not_provided", "warnings", "attestations"}
    paths = {item.path for _, item in REPORTS[form].form.items()}
    listed = {path.rpartition(".modalities.")[0] or path for path in paths if path}
    assert {one for one in leaves(contract) if one not in about} <= listed | paths


# Answers.


@pytest.mark.parametrize("form", FORMS)
def test_an_untouched_questionnaire_answers_nothing(ledger: Ledger, form: str) -> None:
    text = questions(ledger, form)
    assert parse_answers(text, "a.yaml", REPORTS[form].form.kinds()).answers == ()
    empty = report(ledger, form, text)
    assert render_report(empty, "json") == render_report(report(ledger, form), "json")
    assert len(empty.missing) > 10


@pytest.mark.parametrize("form", FORMS)
def test_answers_are_printed_with_who_vouches_for_them(ledger: Ledger, form: str) -> None:
    filled = whole(ledger, form)
    assert filled.missing == ()
    attested = as_json(filled)["attestations"]
    assert {one["by"] for one in attested} == {"Ada Example"}
    assert {one["on"] for one in attested} == {"2026-11-02"}
    page = Page(str(render_report(filled, "html")))
    assert "Responsible for the answers: Ada Example, 2026-11-02." in page.text
    assert "Every question is answered" in page.text
    assert "not provided" not in page.text


def test_a_missing_answer_is_counted_on_the_first_page(ledger: Ledger) -> None:
    filled = report(ledger, "eu-art53")
    said = f"{len(filled.missing)} answers not provided"
    for layout in ("markdown", "html"):
        text = str(render_report(filled, layout))
        assert said in text[: text.index("1.1 ")]
    assert said in paragraphs(render_report(filled, "docx"))[2]


def test_a_question_falls_away_when_another_is_answered_no(ledger: Ledger) -> None:
    text = "report: eu-art53\nanswers: [{id: eu.2.2.2.obtained, answer: no}]"
    before = report(ledger, "eu-art53", release="second")
    after = report(ledger, "eu-art53", text, "second")
    gone = set(before.missing) - set(after.missing)
    assert gone == {"eu.2.2.2.obtained", "eu.2.2.2.others"}
    assert after.asked == before.asked - 1
    assert (
        as_json(after)["data_sources"]["private_third_party_datasets"]["other_third_party"][
            "obtained"
        ]
        is False
    )


def test_an_answer_that_the_ledger_speaks_against_is_said(ledger: Ledger) -> None:
    filled = whole(ledger, "eu-art53", eu_2_3_used="no")
    assert any(w.startswith("eu.2.3.used is answered no, while") for w in filled.warnings)
    assert "eu.2.3.used" not in " ".join(whole(ledger, "eu-art53").warnings)


BAD = [
    ("report: eu-art53\nanswers: [{id: eu.1.1.provder, answer: x}]", "eu.1.1.provider"),
    ("report: eu-art53\nanswers: [{id: eu.2.1.used, answer: perhaps}]", "neither yes nor no"),
    ("report: eu-art53\nanswers: [{id: eu.1.3.latest, answer: 2026}]", "not a month"),
    ("report: eu-art53\nanswers: [{id: eu.1.2.placed, answer: 2026-02-30}]", "day"),
    ("report: eu-art53\nanswers: [{id: eu.version, answer: [a]}]", "single text"),
    ("report: eu-art53\nanswers: [{id: eu.version, anwser: a}]", "no such key"),
    ("report: eu-art53\nanswers: [{id: eu.version, answer: a}, {id: eu.version}]", "twice"),
    ("report: eu-art53\nanswers: [{id: [a], answer: a}]", "no question"),
    ("report: eu-art53\nanswers: [a]", "a question is a mapping"),
    ("report: eu-art53\nansers: []", "holds no answers"),
    ("answers: []", "report: it is missing"),
    ("report: eu-art53\nanswered_on: soon\nanswers: []", "answered_on"),
    ("- a", "holds no answers"),
    ("a: [", "not YAML"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_bad_answers_are_one_clear_line(text: str, said: str) -> None:
    with pytest.raises(MisuseError) as refused:
        parse_answers(text, "answers.yaml", REPORTS["eu-art53"].form.kinds())
    assert re.match(r"answers\.yaml, line \d+: ", refused.value.message)
    assert said in f"{refused.value.message} {refused.value.hint}"
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("report: ab2013\n", "for the report ab2013"),
        ("report: eu-art53\nrelease: other\n", "other"),
    ],
)
def test_answers_for_something_else_are_refused(ledger: Ledger, head: str, said: str) -> None:
    given = parse_answers(f"{head}answers: []", "a.yaml", {})
    with pytest.raises(MisuseError, match=said):
        ledger.report("first", "eu-art53", given)


# Other people's tools.


@pytest.mark.parametrize("complete", [True, False], ids=["answered", "empty"])
@pytest.mark.parametrize("form", ALL)
def test_reports_keep_their_schema(ledger: Ledger, form: str, *, complete: bool) -> None:
    filled = whole(ledger, form) if complete else report(ledger, form)
    assert problems(form, as_json(filled)) == []


def problems(form: str, document: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(
        schemas()[SCHEMA[form]], format_checker=jsonschema.FormatChecker()
    )
    return [error.message for error in validator.iter_errors(document)]


def _drop(name: str) -> Callable[[Any], Any]:
    return lambda document: document.pop(name)


BREAKS: list[tuple[str, Callable[[Any], Any]]] = [
    ("eu-art53", _drop("data_sources")),
    ("eu-art53", lambda d: d.update(sealed_on="21.11.2026")),
    ("eu-art53", lambda d: d.update(last_update="2026-11-21")),
    ("eu-art53", lambda d: d["data_sources"]["synthetic_data"].update(used="unknown")),
    ("eu-art53", lambda d: d["general_information"]["modalities"][0].update(modality="smell")),
    ("eu-art53", lambda d: d["shares"][0].pop("synthetic_at_most")),
    ("ab2013", lambda d: d.update(includes_personal_information="maybe")),
    ("ab2013", _drop("synthetic_data_generation")),
    ("ab2013", lambda d: d["ip_status"].update(includes_secrets=True)),
]


@pytest.mark.parametrize(("form", "spoil"), BREAKS)
def test_a_broken_copy_is_noticed(ledger: Ledger, form: str, spoil: Callable[[Any], Any]) -> None:
    pytest.importorskip("rfc3339_validator", reason="jsonschema checks no formats without it")
    document = copy.deepcopy(as_json(whole(ledger, form)))
    spoil(document)
    assert problems(form, document)


def corpuscard(command: str, path: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("corpuscard", reason="corpuscard is not installed")
    line = "import sys; from corpuscard.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", line, command, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_corpuscard_takes_the_summary_as_it_is(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text(
        str(render_report(whole(ledger, "eu-art53", eu_last_update="2026-11-20"), "json"))
    )
    answer = corpuscard("check", path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "[error]" not in answer.stdout.lower()
    rendered = corpuscard("generate", path).stdout
    printed = json.loads(path.read_text())
    assert printed["data_sources"]["synthetic_data"]["generating_models"][0] in rendered


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda d: d["data_sources"]["crawled_data"].update(
                top_domains_summary=None, top_domains_file=None
            ),
            "2.3",
        ),
        (lambda d: d["general_information"].update(modalities=[]), "modalities"),
        (lambda d: d["data_sources"]["synthetic_data"].update(used=None), "used"),
    ],
)
def test_corpuscard_refuses_a_broken_summary(
    ledger: Ledger, tmp_path: Path, spoil: Callable[[Any], Any], said: str
) -> None:
    document = as_json(whole(ledger, "eu-art53"))
    spoil(document)
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(document))
    answer = corpuscard("check", path)
    assert answer.returncode == 1
    assert said in answer.stdout + answer.stderr


def test_corpuscard_writes_the_statement_of_ab2013(ledger: Ledger, tmp_path: Path) -> None:
    summary, statement = (as_json(whole(ledger, form)) for form in FORMS)
    path = tmp_path / "both.json"
    path.write_text(json.dumps({**summary, "ab2013": statement}))
    answer = corpuscard("render-ab2013", path)
    assert answer.returncode == 0, answer.stderr
    assert "## 12." in answer.stdout
    assert statement["intended_purpose_description"] in answer.stdout


# What is synthetic.


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    folder = tmp_path_factory.mktemp("labelled")
    ledger = provenance.init(str(folder / "ledger"))
    for label in ("human", None, "synthetic", "mixed"):
        name = label or "open"
        path = write_jsonl(folder / f"{name}.jsonl", texts(name, 3))
        ingest(ledger, path, name, label=label)
    for release, (sources, _) in LABELLED.items():
        ledger.assemble(release, ANYTHING, Selection(sources=sources))
    return ledger


LABELLED: dict[str, tuple[tuple[str, ...], bool | None]] = {
    "people": (("human",), False),
    "nobody-knows": (("human", "open"), None),
    "some-made": (("human", "open", "synthetic"), True),
    "some-mixed": (("human", "mixed"), True),
}


@pytest.mark.slow
@pytest.mark.parametrize("release", LABELLED)
def test_a_boolean_never_takes_unknown_for_human(labelled: Ledger, release: str) -> None:
    used = LABELLED[release][1]
    eu, ab = (report(labelled, form, release=release) for form in FORMS)
    assert as_json(eu)["data_sources"]["synthetic_data"]["used"] is used
    assert as_json(ab)["synthetic_data_generation"]["used"] is used
    for filled in (eu, ab):
        assert any("not determined" in one for one in filled.warnings) == (used is None)
        assert ("not determined" in str(render_report(filled, "html"))) == (used is None)


def test_the_synthetic_section_says_which_models_for_whom_and_from_what(ledger: Ledger) -> None:
    section = as_json(report(ledger, "eu-art53"))["data_sources"]["synthetic_data"]
    models = {one["model"]: one for one in section["generators"]}
    assert models["scribe-70b"]["role"] == "rewrite"
    assert models["scribe-70b"]["made_for"] == "provider"
    assert models["quill-1b"]["role"] == "distil"
    assert section["generating_models"] == ["scribe-70b 3 (Summary: https://example.org/scribe)"]
    assert "quill-1b: trained on the public part" in section["other_generating_models_description"]
    assert [one["source"] for one in section["left_out"]] == ["spotless"]
    seeds = {(one["made_from"], one["known_by"], one["records"]) for one in section["seeds"]}
    assert seeds == {
        ("wiki", "lineage", 20),
        ("https://example.org/seeds", "contract", None),
    }
    assert {one["source"] for one in section["unknown"]} == {"web", "chats", "odd"}


def test_sources_stand_in_their_sections(ledger: Ledger) -> None:
    filled = report(ledger, "eu-art53")
    sources = as_json(filled)["data_sources"]
    public = sources["publicly_available_datasets"]
    assert [one["identifier_or_name"] for one in public["large_datasets"]] == ["wiki"]
    assert public["other_datasets_general_description"] == "tiny: a handful of notes"
    licensed = sources["private_third_party_datasets"]["licensed"]
    assert [one["owner"] for one in licensed["sources"]] == ["Example Magazines Ltd"]
    assert sources["user_data"]["services_or_products_description"] == "Example Chat"
    assert sources["crawled_data"]["collection_period_start"] == "01/2026"
    assert sources["crawled_data"]["collection_period_end"] == "03/2026"
    assert "in no section, because no class is stated: odd" in filled.warnings


# Domains.


def test_domains_are_those_of_the_addresses(ledger: Ledger, tmp_path: Path) -> None:
    crawled = as_json(report(ledger, "eu-art53"))["data_sources"]["crawled_data"]
    rows = ledger.query("""
        SELECT regexp_extract(json_extract_string(attributes, '/url'), '(site\\d+\\.co\\.uk)') AS d,
            count(*) AS n, sum(bytes)::BIGINT AS size
        FROM members WHERE release = 'first' AND source = 'web' GROUP BY d HAVING d <> ''
        ORDER BY size DESC, d""").to_pylist()
    assert len(rows) == 23
    expected = [{"domain": r["d"], "records": r["n"], "bytes": r["size"]} for r in rows[:3]]
    assert crawled["top_domains"] == expected
    assert "23 registrable domains by bytes, 3 in number" in crawled["top_domains_summary"]
    assert "1 crawled records have no address" in crawled["top_domains_summary"]
    small = as_json(whole(ledger, "eu-art53", eu_2_3_small="yes"))["data_sources"]["crawled_data"]
    assert small["top_domains"] == expected[:2]
    out = io.BytesIO()
    assert write_domains(ledger.store, "first", out) == 23
    lines = out.getvalue().decode().splitlines()
    assert lines[0] == "domain,records,bytes"
    assert lines[1:] == [f"{r['d']},{r['n']},{r['size']}" for r in rows]


# Hostile text.


@pytest.mark.slow
def test_hostile_text_stays_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>|`x`\x1b[31m*b* ${y}\u202e"
    ledger = provenance.init(str(tmp_path / "ledger"))
    ledger.source_set(
        Source.model_validate(
            {"name": "s", "kind": "synthetic", "label": "synthetic", "generator": evil}
            | {"description": evil, "seed_data": [evil], "regions": [evil], "owner": evil}
        )
    )
    read(ledger, tmp_path, "s", texts("t", 3))
    ledger.assemble("r", ANYTHING, Selection())
    text = answered(
        questions(ledger, "eu-art53", "r"), "eu-art53", eu_version=evil.replace("\x1b", "")
    )
    filled = report(ledger, "eu-art53", text, "r")
    source = str(render_report(filled, "html"))
    assert "script" not in {name for name, _ in Page(source).elements}
    for layout in ("html", "markdown", "json"):
        printed = str(render_report(filled, layout))
        assert all(c == "\n" or c.isprintable() for c in printed), layout
    assert "<script>" not in str(render_report(filled, "markdown"))
    assert any(
        "<script>alert(1)</script>" in one for one in paragraphs(render_report(filled, "docx"))
    )
    asked = ledger.questionnaire("r", "eu-art53")
    assert all(c == "\n" or c.isprintable() for c in asked)
    parse_answers(asked, "q.yaml", REPORTS["eu-art53"].form.kinds())


# Two releases.


def test_two_releases_are_compared(ledger: Ledger) -> None:
    found = ledger.compare("first", "second", "eu-art53")
    (row,) = ledger.query("""
        SELECT count(*) FILTER (n = 2) AS kept, count(*) FILTER (n = 1) AS gone FROM (
            SELECT count(*) AS n FROM members GROUP BY record_id)""").to_pylist()
    assert (found.records_kept, found.records_gone, found.records_new) == (
        row["kept"],
        row["gone"],
        0,
    )
    sources = {one.subject: (one.before, one.after) for one in found.sources}
    assert sources["wiki"] == (80, 40)
    assert sources["odd"] == (5, None)
    assert "web" not in sources
    assert {one.subject for one in found.generators} == {
        "quill-1b, distil",
        "not named, clean",
    }
    assert any(one.subject == "data_sources.synthetic_data.statement" for one in found.fields)
    assert found.domains == ()
    same = ledger.compare("first", "first", "ab2013")
    assert same.fields == same.totals == same.sources == ()
