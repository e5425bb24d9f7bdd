"""The datasheet: all seven sections, what machines know filled in, and the rest asked."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from support.evidences import EVIDENCE
from support.report_pages import Page
from support.reported import answered

from provenance.model.manifest import Selection
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.source import Source
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.fill import render_report
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS, Filled
from provenance.reports.compliance.fill import value_at

REPORT = REPORTS["datasheet"]


def fill(text: str | None = None, evidence: ReleaseEvidence = EVIDENCE) -> Filled:
    given = parse_answers(text, "answers.yaml", REPORT.form.kinds()) if text else None
    return compliance.filled(REPORT, evidence, given)


def printed(filled: Filled) -> Any:
    return json.loads(render_report(filled, "json"))


def whole() -> Filled:
    return fill(answered(compliance.questionnaire(REPORT, EVIDENCE), "datasheet"))


def test_the_sections_are_those_of_the_paper() -> None:
    assert [part.title.partition(",")[0] for part in REPORT.form.parts] == [
        "Motivation",
        "Composition",
        "Collection process",
        "Preprocessing",
        "Uses",
        "Distribution",
        "Maintenance",
    ]
    assert sum(item.asked for _, item in REPORT.form.items()) >= 50


def test_every_question_is_filled_or_asked() -> None:
    filled = fill()
    asked = set(re.findall(r"^  - id: (\S+)$", compliance.questionnaire(REPORT, EVIDENCE), re.M))
    page = " ".join(Page(str(render_report(filled, "html"))).text)
    document = printed(filled)
    for _, item in REPORT.form.items():
        value = value_at(document, item.path or "")
        if filled.states[item.id] == "not provided":
            assert item.id in asked
            assert value is None
        elif item.id == "ds.files":
            assert (value, item.label in page) == ([], False)
        else:
            assert filled.states[item.id] == "ledger"
            assert item.id not in asked
            assert item.label in page
            assert value not in (None, []), item.id


def test_answers_stand_in_every_layout() -> None:
    filled = whole()
    assert filled.missing == ()
    assert printed(filled)["attestations"][0]["by"] == "Ada Example"
    page = Page(str(render_report(filled, "html")))
    assert "Every question is answered" in page.text
    for layout in ("markdown", "html"):
        assert "An answer in words" in str(render_report(filled, layout))
    content = render_report(filled, "docx")
    assert isinstance(content, bytes)


def test_questions_about_people_fall_away_where_there_are_none() -> None:
    before = fill()
    after = fill("{report: datasheet, answers: [{id: ds.people, answer: no}]}")
    gone = set(before.missing) - set(after.missing)
    assert {"ds.people", "ds.consent", "ds.identifiable", "ds.retention"} <= gone
    assert "ds.confidential" not in gone
    assert after.states["ds.consent"] == "not applicable"


def test_facts_are_those_of_the_evidence() -> None:
    document = printed(fill())
    assert "130 of them distinct" in document["count"]
    share = next(one for one in document["synthetic"]["shares"] if one["unit"] == "bytes")
    told = EVIDENCE.share("bytes")
    assert (share["synthetic_at_least"], share["synthetic_at_most"]) == (told.lo, told.hi)
    assert {one["model"] for one in document["generators"]} == {"scribe-70b", "quill-1b"}
    assert document["synthetic"]["unknown"][0]["source"] == "web"
    assert document["splits"] == "none"
    assert document["sensitive"][0] == "personal information, as the contracts state of: wiki"
    assert document["identity"].endswith(EVIDENCE.body_digest)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (Selection(), ("all sources", "every record that was selected, under the policy any")),
        (
            Selection(sources=("web",), where="lang = 'de'", fit=True, seed=7),
            ("the sources web, where lang = 'de'", "under the seed 7"),
        ),
        (Selection(weights={"wiki": 2}), ("all sources", "repeated: wiki 2 times")),
    ],
)
def test_how_records_were_chosen_is_told(chosen: Selection, said: tuple[str, str]) -> None:
    document = printed(fill(evidence=EVIDENCE.model_copy(update={"selection": chosen})))
    assert said[0] in document["selection"]
    assert said[1] in document["sampling"]
    split = chosen.model_copy(update={"splits": {"train": "0.9", "test": "0.1"}})
    document = printed(fill(evidence=EVIDENCE.model_copy(update={"selection": split})))
    assert document["splits"] == "train 0.9, test 0.1 of the records, by record"


def test_contracts_that_say_it_all_answer_what_people_would() -> None:
    about = {
        "purpose": "general knowledge",
        "label_types": ["none"],
        "content_types": ["press"],
        "description": "news",
        "copyrighted": True,
        "trademarked": False,
        "patented": False,
        "collected_from": "2025-01",
        "collected_to": "2025-03-02",
        "licence": "CC-BY-4.0",
        "processing": [{"step": "redact", "purpose": "privacy"}],
    }
    source = EVIDENCE.sources[-1]
    contract = Source.model_validate({"name": source.source, **about})
    told = source.model_copy(update={"contract": contract})
    filled = fill(evidence=EVIDENCE.model_copy(update={"sources": (told,)}))
    document = printed(filled)
    assert document["rights"] == "copyright: yes: wiki; trademarks: no; patents: no"
    assert document["timeframe"] == "2025-01 to 2025-03"
    assert document["licences"] == "CC-BY-4.0: wiki"
    assert {
        "ds.purpose",
        "ds.labels",
        "ds.instances",
        "ds.acquired",
        "ds.preprocessing",
    }.isdisjoint(filled.missing)


@pytest.mark.parametrize("layout", REPORT.layouts)
def test_the_same_release_gives_the_same_bytes(layout: str) -> None:
    assert render_report(whole(), layout) == render_report(whole(), layout)
