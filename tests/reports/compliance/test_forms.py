"""The forms, the types of answers, the bands of sizes, the domains and what contracts lack."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from provenance.model.origin import Process
from provenance.model.reports.answers import typed
from provenance.model.reports.release_evidence import ModalityEvidence
from provenance.model.source import ROLES, Source
from provenance.reports.compliance import REPORTS, lint_sources
from provenance.reports.compliance.domains import registrable
from provenance.reports.compliance.eu_art53 import BANDS, band
from provenance.reports.compliance.form import Item
from provenance.reports.compliance.lint import REQUIREMENTS
from provenance.reports.compliance.rows import month


@pytest.mark.parametrize(
    ("kind", "given_", "value"),
    [
        ("text", "  words ", "words"),
        ("text", "", None),
        ("text", None, None),
        ("yes-no", "Yes", True),
        ("yes-no", "false", False),
        ("date", "2026-02-03", "03/02/2026"),
        ("date", "03/02/2026", "03/02/2026"),
        ("month", "02/2026", "02/2026"),
        ("list", "one", ("one",)),
        ("list", ["one", " two ", ""], ("one", "two")),
        ("list", [], None),
    ],
)
def test_an_answer_takes_its_type(kind: str, given_: object, value: object) -> None:
    assert typed(kind, given_) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "given_"),
    [
        ("yes-no", "maybe"),
        ("date", "2026-13-01"),
        ("date", "31/02/2026"),
        ("month", "2026-13"),
        ("month", "March"),
        ("text", ["a"]),
        ("text", {"a": "b"}),
        ("list", [["a"]]),
        ("text", "x" * 20_001),
    ],
)
def test_an_answer_of_another_type_is_refused(kind: str, given_: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, the reader gets its place
        typed(kind, given_)  # type: ignore[arg-type]


def test_a_form_says_who_is_asked_and_why_something_is_left_out() -> None:
    with pytest.raises(ValueError, match="needs `question` and `who`"):
        Item(id="a", label="A", filled="person", path="a")
    with pytest.raises(ValueError, match="`reason` is for a field out of scope"):
        Item(id="a", label="A", filled="out of scope")
    with pytest.raises(ValueError, match="`path` is for a field that is filled"):
        Item(id="a", label="A", filled="ledger")
    asked = {item.who for report in REPORTS.values() for _, item in report.form.items()}
    assert asked == {None, "legal", "data", "model owner", "privacy"}


@given(
    words=st.integers(0, 10**14),
    more=st.integers(0, 10**14),
    at=st.floats(0, 1),
)
def test_a_band_holds_whatever_the_tokenizer_counts(words: int, more: int, at: float) -> None:
    sizes = {"records": 1, "bytes": words + more, "words": words, "lo_bytes": 0, "hi_bytes": 0}
    open_ = ModalityEvidence(modality="text", tokens=None, **sizes)
    counted = ModalityEvidence(modality="text", tokens=words + int(more * at), **sizes)
    assert band(counted) in BANDS["text"][1]
    assert band(open_) in {None, band(counted)}


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("example.com", "example.com"),
        ("a.b.example.museum", "example.museum"),
        ("someone.github.io", "someone.github.io"),
        ("github.io", "github.io"),
        ("münchen.de", "münchen.de"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("localhost", None),
        ("a..b", None),
        ("...", None),
    ],
)
def test_a_registrable_domain(host: str, domain: str | None) -> None:
    assert registrable(host) == domain


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_host_is_too_odd(host: str) -> None:
    assert registrable(host) is None or registrable(host)


def test_a_month_is_never_made_of_a_year() -> None:
    assert (month("2024"), month(None), month("2024-06")) == (None, None, "06/2024")


def test_every_process_has_a_role() -> None:
    assert set(ROLES) == set(Process)


def test_what_is_missing_depends_on_the_source() -> None:
    gaps = {gap.member for gap in lint_sources([Source(name="s")])}
    assert {"kind", "owner", "purpose", "collected_to"} <= gaps
    assert not {"crawlers", "generator", "services"} & gaps
    crawl = {gap.member for gap in lint_sources([Source(name="c", kind="crawl")])}
    assert {"crawlers", "crawl_behaviour", "tdm_measures"} <= crawl
    made = Source.model_validate({"name": "m", "label": "synthetic", "generator": "g"})
    assert {"generator_on_market", "seed_data"} <= {gap.member for gap in lint_sources([made])}
    year = Source(name="y", kind="public", collected_to="2024")
    assert "collected_to" in {gap.member for gap in lint_sources([year])}
    month_ = year.model_copy(update={"collected_to": "2024-05"})
    assert "collected_to" not in {gap.member for gap in lint_sources([month_])}


def test_rules_speak_of_members_and_reports_that_there_are() -> None:
    assert {one.member for one in REQUIREMENTS} <= set(Source.model_fields)
    assert {report for one in REQUIREMENTS for report in one.reports} <= set(REPORTS)
