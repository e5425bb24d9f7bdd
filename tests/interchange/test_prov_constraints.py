"""W3C PROV-CONSTRAINTS: for each constraint a document that keeps it and one that breaks it."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings, strategies as st
from prov.model import ProvDocument

from provenance.interchange.prov.check_document import check_prov
from provenance.interchange.prov.constraints import CONSTRAINTS
from provenance.interchange.prov.read_document import read_prov

T1, T2, T3 = "2026-01-01T00:00:00", "2026-01-02T00:00:00", "2026-01-03T00:00:00"

BOTH: dict[int, tuple[list[str], list[str]]] = {
    22: (
        [f"activity(ex:a, {T1}, -)", f"activity(ex:a, -, {T2})"],
        [f"activity(ex:a, {T1}, -)", f"activity(ex:a, {T2}, -)"],
    ),
    23: (
        ["used(ex:u; ex:a, ex:e, -)", f"used(ex:u; ex:a, ex:e, {T1})"],
        ["used(ex:u; ex:a, ex:e, -)", "used(ex:u; ex:a, ex:f, -)"],
    ),
    24: (
        ["wasGeneratedBy(ex:g; ex:e, ex:a, -)", f"wasGeneratedBy(ex:e, ex:a, {T1})"],
        ["wasGeneratedBy(ex:g; ex:e, ex:a, -)", "wasGeneratedBy(ex:h; ex:e, ex:a, -)"],
    ),
    25: (
        ["wasInvalidatedBy(ex:g; ex:e, ex:a, -)", "wasInvalidatedBy(ex:h; ex:e, ex:b, -)"],
        ["wasInvalidatedBy(ex:g; ex:e, ex:a, -)", "wasInvalidatedBy(ex:h; ex:e, ex:a, -)"],
    ),
    26: (
        ["wasStartedBy(ex:s; ex:a, -, ex:b, -)", "wasStartedBy(ex:t; ex:a, -, ex:c, -)"],
        ["wasStartedBy(ex:s; ex:a, -, ex:b, -)", "wasStartedBy(ex:t; ex:a, -, ex:b, -)"],
    ),
    27: (
        ["wasEndedBy(ex:a, ex:e, ex:b, -)", f"wasEndedBy(ex:a, ex:e, ex:b, {T1})"],
        ["wasEndedBy(ex:a, ex:e, ex:b, -)", "wasEndedBy(ex:a, ex:f, ex:b, -)"],
    ),
    28: (
        [f"activity(ex:a, {T1}, -)", f"wasStartedBy(ex:a, ex:e, -, {T1})"],
        [f"activity(ex:a, {T1}, -)", f"wasStartedBy(ex:a, ex:e, -, {T2})"],
    ),
    29: (
        [f"activity(ex:a, -, {T2})", f"wasEndedBy(ex:a, ex:e, -, {T2})"],
        [f"activity(ex:a, -, {T2})", f"wasEndedBy(ex:a, ex:e, -, {T1})"],
    ),
    30: ([f"activity(ex:a, {T1}, {T2})"], [f"activity(ex:a, {T2}, {T1})"]),
    31: (
        [f"wasStartedBy(ex:a, ex:e, -, {T1})", "wasStartedBy(ex:a, ex:f, -, -)"],
        [f"wasStartedBy(ex:a, ex:e, -, {T1})", f"wasStartedBy(ex:a, ex:f, -, {T2})"],
    ),
    32: (
        [f"wasEndedBy(ex:a, ex:e, -, {T1})", f"wasEndedBy(ex:a, ex:f, -, {T1})"],
        [f"wasEndedBy(ex:a, ex:e, -, {T1})", f"wasEndedBy(ex:a, ex:f, -, {T2})"],
    ),
    33: (
        [f"activity(ex:a, {T1}, {T3})", f"used(ex:a, ex:e, {T2})"],
        [f"activity(ex:a, {T2}, {T3})", f"used(ex:a, ex:e, {T1})"],
    ),
    34: (
        [f"activity(ex:a, {T1}, {T2})", f"wasGeneratedBy(ex:e, ex:a, {T2})"],
        [f"activity(ex:a, {T1}, {T2})", f"wasGeneratedBy(ex:e, ex:a, {T3})"],
    ),
    35: (
        [f"activity(ex:a, {T1}, -)", f"activity(ex:b, -, {T2})", "wasInformedBy(ex:b, ex:a)"],
        [f"activity(ex:a, {T2}, -)", f"activity(ex:b, -, {T1})", "wasInformedBy(ex:b, ex:a)"],
    ),
    36: (
        [f"wasGeneratedBy(ex:e, -, {T1})", f"wasInvalidatedBy(ex:e, -, {T2})"],
        [f"wasGeneratedBy(ex:e, -, {T2})", f"wasInvalidatedBy(ex:e, -, {T1})"],
    ),
    37: (
        [f"wasGeneratedBy(ex:e, ex:a, {T1})", f"used(ex:b, ex:e, {T2})"],
        [f"wasGeneratedBy(ex:e, ex:a, {T2})", f"used(ex:b, ex:e, {T1})"],
    ),
    38: (
        [f"used(ex:a, ex:e, {T1})", f"wasInvalidatedBy(ex:e, -, {T2})"],
        [f"used(ex:a, ex:e, {T2})", f"wasInvalidatedBy(ex:e, -, {T1})"],
    ),
    39: (
        [f"wasGeneratedBy(ex:e, ex:a, {T1})", "wasGeneratedBy(ex:e, ex:b, -)"],
        [f"wasGeneratedBy(ex:e, ex:a, {T1})", f"wasGeneratedBy(ex:e, ex:b, {T2})"],
    ),
    40: (
        [f"wasInvalidatedBy(ex:e, ex:a, {T1})", f"wasInvalidatedBy(ex:e, ex:b, {T1})"],
        [f"wasInvalidatedBy(ex:e, ex:a, {T1})", f"wasInvalidatedBy(ex:e, ex:b, {T2})"],
    ),
    41: (
        [
            "wasDerivedFrom(ex:f, ex:e, ex:a, ex:g, ex:u)",
            f"used(ex:u; ex:a, ex:e, {T1})",
            f"wasGeneratedBy(ex:g; ex:f, ex:a, {T2})",
        ],
        [
            "wasDerivedFrom(ex:f, ex:e, ex:a, ex:g, ex:u)",
            f"used(ex:u; ex:a, ex:e, {T2})",
            f"wasGeneratedBy(ex:g; ex:f, ex:a, {T1})",
        ],
    ),
    42: (
        ["wasDerivedFrom(ex:f, ex:e)", "wasDerivedFrom(ex:g, ex:f)"],
        ["wasDerivedFrom(ex:f, ex:e)", "wasDerivedFrom(ex:e, ex:f)"],
    ),
    43: (
        [f"wasGeneratedBy(ex:e, -, {T1})", f"wasStartedBy(ex:a, ex:e, -, {T2})"],
        [f"wasGeneratedBy(ex:e, -, {T2})", f"wasStartedBy(ex:a, ex:e, -, {T1})"],
    ),
    44: (
        [f"wasInvalidatedBy(ex:e, -, {T2})", f"wasEndedBy(ex:a, ex:e, -, {T1})"],
        [f"wasGeneratedBy(ex:e, -, {T2})", f"wasEndedBy(ex:a, ex:e, -, {T1})"],
    ),
    45: (
        ["specializationOf(ex:f, ex:e)", "wasDerivedFrom(ex:f, ex:e)"],
        ["specializationOf(ex:f, ex:e)", "wasDerivedFrom(ex:e, ex:f)"],
    ),
    46: (
        [
            "specializationOf(ex:f, ex:e)",
            f"wasInvalidatedBy(ex:f, -, {T1})",
            f"wasInvalidatedBy(ex:e, -, {T2})",
        ],
        [
            "specializationOf(ex:f, ex:e)",
            f"wasInvalidatedBy(ex:f, -, {T2})",
            f"wasInvalidatedBy(ex:e, -, {T1})",
        ],
    ),
    47: (
        [
            f"activity(ex:a, {T1}, {T3})",
            "wasAssociatedWith(ex:a, ex:ag, -)",
            f"wasGeneratedBy(ex:ag, -, {T2})",
        ],
        [
            f"activity(ex:a, {T1}, {T2})",
            "wasAssociatedWith(ex:a, ex:ag, -)",
            f"wasGeneratedBy(ex:ag, -, {T3})",
        ],
    ),
    48: (
        [
            "wasAttributedTo(ex:e, ex:ag)",
            f"wasGeneratedBy(ex:ag, -, {T1})",
            f"wasGeneratedBy(ex:e, -, {T2})",
        ],
        [
            "wasAttributedTo(ex:e, ex:ag)",
            f"wasGeneratedBy(ex:ag, -, {T2})",
            f"wasGeneratedBy(ex:e, -, {T1})",
        ],
    ),
    49: (
        [
            "actedOnBehalfOf(ex:ag2, ex:ag1, -)",
            f"wasGeneratedBy(ex:ag1, -, {T1})",
            f"wasInvalidatedBy(ex:ag2, -, {T2})",
        ],
        [
            "actedOnBehalfOf(ex:ag2, ex:ag1, -)",
            f"wasGeneratedBy(ex:ag1, -, {T2})",
            f"wasInvalidatedBy(ex:ag2, -, {T1})",
        ],
    ),
    50: (
        ["used(ex:a, ex:e, -)", "wasGeneratedBy(ex:e, ex:b, -)"],
        ["used(ex:a, ex:e, -)", "used(ex:e, ex:f, -)"],
    ),
    51: (
        ["wasDerivedFrom(ex:f, ex:e, -, -, -)"],
        ["wasDerivedFrom(ex:f, ex:e, -, ex:g, -)"],
    ),
    52: (
        ["specializationOf(ex:f, ex:e)", "specializationOf(ex:g, ex:f)"],
        ["specializationOf(ex:f, ex:e)", "specializationOf(ex:e, ex:f)"],
    ),
    53: (
        ["used(ex:x; ex:a, ex:e, -)", "wasInfluencedBy(ex:x; ex:a, ex:e)"],
        ["used(ex:x; ex:a, ex:e, -)", "wasInvalidatedBy(ex:x; ex:e, ex:a, -)"],
    ),
    54: (
        ["entity(ex:e)", "agent(ex:e)", "used(ex:x; ex:a, ex:e, -)"],
        ["entity(ex:x)", "used(ex:x; ex:a, ex:e, -)"],
    ),
    55: (["agent(ex:x)", "activity(ex:x)"], ["entity(ex:x)", "activity(ex:x)"]),
    56: (
        ["entity(ex:c, [prov:type='prov:Collection'])", "hadMember(ex:c, ex:e)"],
        ["entity(ex:c, [prov:type='prov:EmptyCollection'])", "hadMember(ex:c, ex:e)"],
    ),
}
"""A number to statements that keep it and statements that break it."""


def _document(statements: list[str]) -> bytes:
    text = "\n".join(["document", "prefix ex <http://example.org/>", *statements, "endDocument"])
    return text.encode()


def _codes(statements: list[str]) -> set[str]:
    """What is found, the same in each format that is read."""
    document, otherwise = read_prov(_document(statements))
    assert otherwise == ()
    found = {one.code for one in check_prov(document)}
    for form in ("json", "jsonld"):
        again, _ = read_prov(document.serialize(format=form).encode())
        assert {one.code for one in check_prov(again)} == found
    return found


@pytest.mark.parametrize("number", BOTH)
def test_a_document_that_keeps_a_constraint(number: int) -> None:
    assert _codes(BOTH[number][0]) == set()


@pytest.mark.parametrize("number", BOTH)
def test_a_document_that_breaks_a_constraint(number: int) -> None:
    assert f"prov-{CONSTRAINTS[number][0]}" in _codes(BOTH[number][1])


@pytest.mark.parametrize(
    "statements",
    [
        [
            f"wasStartedBy(ex:a, ex:f, -, {T2})",
            "wasStartedBy(ex:a, ex:e, -, -)",
            f"wasInvalidatedBy(ex:e, -, {T1})",
        ],
        [
            "wasGeneratedBy(ex:e, ex:a, -)",
            "wasGeneratedBy(ex:e, ex:b, -)",
            f"activity(ex:a, -, {T1})",
            f"activity(ex:b, {T2}, -)",
        ],
    ],
)
def test_events_that_are_one_carry_the_order_on(statements: list[str]) -> None:
    assert _codes(statements)
    assert _codes(statements[:2]) == set()


def test_every_constraint_has_its_documents() -> None:
    assert BOTH.keys() == CONSTRAINTS.keys()
    assert len({name for name, _ in CONSTRAINTS.values()}) == len(CONSTRAINTS)


@pytest.mark.parametrize(
    "cycle",
    [
        ["wasDerivedFrom(ex:e, ex:e)"],
        [
            "wasGeneratedBy(ex:e, ex:a, -)",
            "wasEndedBy(ex:a, ex:f, -, -)",
            "wasDerivedFrom(ex:f, ex:e)",
            "wasStartedBy(ex:a, ex:f, -, -)",
        ],
        ["wasAttributedTo(ex:e, ex:ag)", "wasDerivedFrom(ex:ag, ex:e)"],
        [
            "wasDerivedFrom(ex:f, ex:e, ex:a, -, -)",
            "wasDerivedFrom(ex:e, ex:f, ex:b, -, -)",
        ],
    ],
)
def test_a_strict_cycle_is_found_without_times(cycle: list[str]) -> None:
    found = check_prov(read_prov(_document(cycle))[0])
    assert any("must come before itself" in one.reason for one in found)
    assert all(one.subject and one.remedy and one.severity == "warning" for one in found)


def test_a_cycle_of_no_strict_step_is_no_finding() -> None:
    again = ["wasInformedBy(ex:a, ex:b)", "wasInformedBy(ex:b, ex:a)"]
    assert _codes([*again, "used(ex:a, ex:e, -)", "wasGeneratedBy(ex:e, ex:a, -)"]) == set()


def test_each_bundle_is_an_instance_of_its_own() -> None:
    text = """bundle ex:b1
    prefix ex <http://example.org/>
    wasDerivedFrom(ex:e, ex:f)
    endBundle
    bundle ex:b2
    prefix ex <http://example.org/>
    wasDerivedFrom(ex:f, ex:e)
    {}
    endBundle"""
    assert _codes([text.format("")]) == set()
    assert _codes([text.format("wasDerivedFrom(ex:e, ex:f)")]) == {
        "prov-derivation-generation-generation-ordering"
    }


@given(
    picked=st.lists(st.sampled_from(sorted(BOTH)), min_size=2, max_size=4, unique=True),
    seed=st.integers(),
)
@settings(max_examples=40, deadline=None)
def test_the_order_of_statements_does_not_matter(picked: list[int], seed: int) -> None:
    statements = list(itertools.chain.from_iterable(BOTH[number][1] for number in picked))
    mixed = random.Random(seed).sample(statements, len(statements))
    one, two = (check_prov(read_prov(_document(each))[0]) for each in (statements, mixed))
    assert one == two


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_what_happened_in_order_gives_no_finding(data: st.DataObject) -> None:
    """Histories that were played: every step uses, makes or ends only what is there by then."""
    document = ProvDocument()
    document.add_namespace("ex", "http://example.org/")
    clock = itertools.count(1)
    alive: list[str] = []

    def now() -> str:
        n = next(clock)
        return f"2026-01-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}+00:00"

    for number in range(data.draw(st.integers(1, 6))):
        name, start = f"ex:a{number}", now()
        used = data.draw(st.lists(st.sampled_from(alive), unique=True)) if alive else []
        for entity in used:
            document.used(name, entity, now() if data.draw(st.booleans()) else None)
        if used and data.draw(st.booleans()):
            document.wasStartedBy(name, used[0], time=None)
        document.wasAssociatedWith(name, "ex:somebody")
        for made in range(data.draw(st.integers(0, 3))):
            entity = f"ex:e{number}.{made}"
            document.entity(entity)
            document.wasGeneratedBy(entity, name, now() if data.draw(st.booleans()) else None)
            document.wasAttributedTo(entity, "ex:somebody")
            for parent in used[: data.draw(st.integers(0, 2))]:
                document.wasDerivedFrom(entity, parent, name)
            if used and data.draw(st.booleans()):
                document.specializationOf(entity, used[0])
            alive.append(entity)
        document.activity(name, start, now())
    assert check_prov(document) == ()
