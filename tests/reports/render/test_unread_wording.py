"""Every format of a judgement says what was judged, and what was not read."""

from __future__ import annotations

import json
from typing import Literal
from xml.etree import ElementTree as ET

import pytest

from provenance.model.finding import Judged, Judgement, Verdict
from provenance.model.unread import Unread, UnreadFile
from provenance.operations.ingest.unread_files import failed_file
from provenance.reports.render import JUDGEMENT_FORMATS, Subject, render
from provenance.reports.render.wording import outcome

ITEMS = (
    UnreadFile(path="/d/.a.jsonl", reason="hidden", holds="JSON", bytes=1_000),
    UnreadFile(path="/d/b.jsonl", reason="NaN is not JSON", bytes=20, rows=2),
    UnreadFile(path="/d/b.jsonl", reason="duplicate key", bytes=10, rows=1),
)
SHAPE = Judged(format="jsonl", content=("text",), other_text=("completion",), files=2, rows=7)


def judgement(
    verdict: Verdict = Verdict.INDETERMINATE, *, allowed: bool = False, reason: str = "hidden"
) -> Judgement:
    items = (ITEMS[0].model_copy(update={"reason": reason}), *ITEMS[1:])
    unread = Unread.of(items, allowed=allowed)
    return Judgement(verdict=verdict, budgets=(), unread=unread, judged=(SHAPE,))


def test_what_was_not_read_is_counted_by_file_and_by_reason() -> None:
    found = Unread.of(ITEMS)
    assert (found.files, found.bytes, found.rows) == (2, 1_030, None)
    assert {name: (c.files, c.bytes, c.rows) for name, c in found.by_reason.items()} == {
        "hidden": (1, 1_000, None),
        "NaN is not JSON": (1, 20, 2),
        "duplicate key": (1, 10, 1),
    }
    rows = Unread.of(ITEMS[1:])
    assert (rows.files, rows.bytes, rows.rows) == (1, 30, 3)
    assert Unread.of(()) == Unread(files=0, bytes=0, rows=0)


def test_many_reasons_are_added_up() -> None:
    items = [UnreadFile(path=f"/{n}", reason=f"reason {n}", bytes=1, rows=1) for n in range(300)]
    found = Unread.of(items)
    assert sum(counted.files for counted in found.by_reason.values()) == found.files == 300
    assert len(found.by_reason) < 60
    assert len(found.listed) == 100


@pytest.mark.parametrize("form", JUDGEMENT_FORMATS)
def test_every_format_says_it(form: str) -> None:
    said = render(judgement(), form, Subject("d"))
    assert "1,030" in said or "1030" in said
    if form != "sarif":
        assert "NaN is not JSON" in said
    if form in {"text", "markdown", "json"}:
        assert "completion" in said


@pytest.mark.parametrize("form", JUDGEMENT_FORMATS)
def test_reasons_from_data_are_escaped(form: str) -> None:
    hostile = "\x1b[31m<script>alert(1)</script>@you |\u202e"
    said = render(judgement(reason=hostile), form, Subject("d"))
    assert "\x1b" not in said
    assert "\u202e" not in said
    if form == "junit":
        ET.fromstring(said)
    if form == "markdown":
        assert "<script>" not in said


def test_the_heading_says_what_decides() -> None:
    assert outcome(judgement()).startswith("Undecided: 2 files were not fully read")
    allowed = outcome(judgement(Verdict.PASS, allowed=True))
    assert allowed.startswith("Passes the policy; ")
    assert allowed.endswith("which was allowed")
    assert outcome(judgement(Verdict.FAIL)).startswith("Fails the policy; 2 files were not")
    assert outcome(Judgement(verdict=Verdict.PASS, budgets=())) == "Passes the policy"


@pytest.mark.parametrize(
    ("how", "allowed", "child"),
    [("block", False, "failure"), ("warn", False, "skipped"), ("block", True, "skipped")],
)
def test_it_is_a_case_of_its_own_for_build_servers(
    how: Literal["block", "warn"], allowed: bool, child: str
) -> None:
    said = render(judgement(allowed=allowed), "junit", Subject("d", indeterminate=how))
    (case,) = [
        case for case in ET.fromstring(said).iter("testcase") if case.get("name") == "all was read"
    ]
    assert [each.tag for each in case] == [child]


def test_code_scanning_has_the_counts() -> None:
    said = json.loads(render(judgement(allowed=True), "sarif", Subject("d")))
    counts = {"files": 2, "bytes": 1030, "rows": None, "allowed": True}
    assert said["runs"][0]["properties"]["unread"] == counts


@pytest.mark.parametrize("said", ["/d/in/a.pq", "in/a.pq", "../in/a.pq", "./a.pq", "a.pq"])
@pytest.mark.parametrize("sentence", ["{} is damaged", "{}: damaged", "damaged: {}"])
def test_reasons_do_not_name_the_file(said: str, sentence: str) -> None:
    assert failed_file("/d/in/a.pq", sentence.format(said), 1).reason == "damaged"
