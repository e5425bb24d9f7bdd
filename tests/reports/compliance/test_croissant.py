"""Croissant: loaders take it, our shapes hold it to what loaders do not check, others fail."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.evidences import EVIDENCE
from support.reported import answered

from provenance.model.origin import Label
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.reports.release_file import Column, ReleaseFile
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.fill import render_report
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS, Filled, card
from provenance.reports.compliance.croissant_files import left_out, record_sets

SHAPES = Path(__file__).resolve().parents[3] / "schemas" / "croissant.shacl.ttl"

REPORT = REPORTS["croissant"]

# rdflib, with which both validators read JSON-LD, warns of what the validators use of it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:(ConjunctiveGraph|Dataset).* is deprecated:DeprecationWarning"
)


def file(name: str, *columns: str) -> ReleaseFile:
    """A file of texts that nobody wrote."""
    return ReleaseFile(
        path=name,
        format="parquet",
        split=None,
        rows=170,
        bytes=9_000,
        sha256="0123456789abcdef" * 4,
        columns=tuple(Column(name=one, type="text") for one in (*columns, "prov_label")),
    )


EXPORTED = EVIDENCE.model_copy(update={"files": (file("data.parquet", "text", "prov_id"),)})


def fill(evidence: ReleaseEvidence, *, whole: bool = True, **answers: str) -> Filled:
    if not whole:
        return compliance.filled(REPORT, evidence)
    text = answered(
        compliance.questionnaire(REPORT, evidence),
        "croissant",
        **{"cr_url": "https://example.org/set", "cr_files_at": "", **answers},
    )
    return compliance.filled(
        REPORT, evidence, parse_answers(text, "answers.yaml", REPORT.form.kinds())
    )


def document(evidence: ReleaseEvidence = EXPORTED, *, whole: bool = True, **answers: str) -> Any:
    return json.loads(render_report(fill(evidence, whole=whole, **answers), "json"))


def faults(metadata: Any) -> list[str]:
    """What our shapes say against a document."""
    pyshacl = pytest.importorskip("pyshacl", reason="pyshacl is not installed")
    sound, _, text = pyshacl.validate(
        json.dumps(metadata), data_graph_format="json-ld", shacl_graph=str(SHAPES)
    )
    found = [line.partition("Message: ")[2] for line in text.splitlines() if "Message: " in line]
    assert sound == (not found), text
    return sorted(found)


@pytest.mark.newest
def test_a_whole_document_has_the_shape_and_loaders_take_it() -> None:
    metadata = document()
    assert faults(metadata) == []
    assert loaded(metadata).metadata.issues.errors == set()


def loaded(metadata: Any) -> Any:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    return mlcroissant.Dataset(jsonld=metadata)


def _drop(*names: str) -> Callable[[Any], Any]:
    def drop(metadata: Any) -> None:
        for name in names[:-1]:
            metadata = metadata[name][0]
        del metadata[names[-1]]

    return drop


BREAKS: list[tuple[Callable[[Any], Any], str]] = [
    *((_drop(name), name) for name in ("name", "url", "description", "license", "creator")),
    *((_drop(name), name) for name in ("datePublished", "distribution", "prov:wasDerivedFrom")),
    (_drop("rai:dataBiases"), "rai:dataBiases"),
    (_drop("rai:dataSocialImpact"), "rai:dataSocialImpact"),
    (_drop("rai:hasSyntheticData"), "not determined"),
    (lambda d: d.update({"rai:hasSyntheticData": "yes"}), "true or false"),
    (lambda d: d.update({"rai:dataBias": ["misspelt"]}), "not a property of Croissant RAI"),
    (lambda d: d.update({"prov:wasGeneratedBy": "garbage"}), "prov:wasGeneratedBy"),
    (lambda d: d["prov:wasGeneratedBy"][1].pop("prov:label"), "prov:wasGeneratedBy"),
    (lambda d: d.update({"creator": ["Somebody"]}), "creator"),
    (lambda d: d.update({"url": "a page of ours"}), "url"),
    (lambda d: d.update({"datePublished": "31/03/2026"}), "datePublished"),
    (lambda d: d["conformsTo"].pop(), "RAI 1.0"),
    (lambda d: d.update({"digitalSourceType": {"@id": "https://x.org/human"}}), "IPTC"),
    (lambda d: d["distribution"][0].update(sha256="zz"), "sha256"),
    (lambda d: d["recordSet"][0]["field"].pop(), "attributed to"),
]


@pytest.mark.parametrize(("spoil", "said"), BREAKS)
def test_the_shapes_notice_a_broken_copy(spoil: Callable[[Any], Any], said: str) -> None:
    metadata = document()
    spoil(metadata)
    assert any(said in one for one in faults(metadata))


@pytest.mark.parametrize(
    "spoil",
    [
        _drop("distribution", "sha256"),
        _drop("conformsTo"),
        lambda d: d["recordSet"][0]["field"][0]["source"].update({"fileObject": {"@id": "x"}}),
    ],
)
def test_a_loader_refuses_a_broken_copy(spoil: Callable[[Any], Any]) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    metadata = document()
    spoil(metadata)
    with pytest.raises(mlcroissant.ValidationError):
        loaded(metadata)


def test_without_files_and_answers_it_is_still_croissant() -> None:
    filled = fill(EVIDENCE, whole=False)
    assert any("no files are described: `--files`" in one for one in filled.warnings)
    metadata = json.loads(render_report(filled, "json"))
    assert loaded(metadata).metadata.issues.errors == set()
    missing = " ".join(faults(metadata))
    for name in ("url", "license", "creator", "distribution", "rai:dataLimitations"):
        assert name in missing
    assert "files" not in " ".join(fill(EXPORTED, whole=False).warnings)


def test_answers_stand_where_they_belong() -> None:
    text = """{report: croissant, answers: [
        {id: cr.name, answer: a set}, {id: cr.creators, answer: Example Press},
        {id: cr.persons, answer: Ada Example}, {id: cr.published, answer: 2026-12-01},
        {id: cr.files-at, answer: "https://example.org/files/"}]}"""
    answers = parse_answers(text, "answers.yaml", REPORT.form.kinds())
    filled = compliance.filled(REPORT, EXPORTED, answers)
    metadata = json.loads(render_report(filled, "json"))
    assert metadata["name"] == "a set"
    assert metadata["creator"] == [
        {"@type": "sc:Organization", "name": "Example Press"},
        {"@type": "sc:Person", "name": "Ada Example"},
    ]
    assert metadata["datePublished"] == "2026-12-01"
    assert metadata["distribution"][0]["contentUrl"] == "https://example.org/files/data.parquet"


def labelled(**counts: int) -> ReleaseEvidence:
    """Evidence of so many records by label; what models made is left as it is."""
    labels = {label: counts.get(label, 0) for label in Label}
    return EXPORTED.model_copy(update={"labels": labels})


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"human": 3}, False),
        ({"human": 3, "unknown": 1}, None),
        ({"unknown": 1}, None),
        ({"human": 3, "mixed": 1}, True),
        ({"unknown": 3, "synthetic": 1}, True),
    ],
)
def test_a_boolean_never_takes_unknown_for_human(counts: dict[str, int], said: bool | None) -> None:
    filled = fill(labelled(**counts))
    metadata = json.loads(render_report(filled, "json"))
    assert metadata.get("rai:hasSyntheticData") is said
    assert any("not determined" in one for one in filled.warnings) == (said is None)
    assert faults(metadata) == (["rai:hasSyntheticData is not determined"] if said is None else [])


@given(
    counts=st.fixed_dictionaries({label: st.integers(0, 2) for label in Label}),
    modality=st.sampled_from(["text", "image", "other"]),
)
def test_a_source_type_never_says_human_of_what_may_not_be(
    counts: dict[Label, int], modality: Any
) -> None:
    said = card.source_type(counts, EVIDENCE.generators, [modality])
    made = counts[Label.SYNTHETIC] + counts[Label.MIXED]
    if counts[Label.UNKNOWN] and not made:
        assert said is None
    if made:
        assert said is not None
        assert "rained" in said
    if said is not None and said.endswith("digitalCreation"):
        assert not made + counts[Label.UNKNOWN]


def test_the_numbers_are_those_of_the_evidence() -> None:
    metadata = document()
    numbers = {one["propertyID"]: one for one in metadata["additionalProperty"]}
    for share in EVIDENCE.shares:
        one = numbers[f"synthetic-{share.unit}"]
        assert (one["minValue"], one["maxValue"]) == (share.lo, share.hi)
    for label, count in EVIDENCE.labels.items():
        assert numbers[f"records-{label}"]["sc:value"] == count
    sources = {one["prov:label"]: one for one in metadata["prov:wasDerivedFrom"]}
    assert set(sources) == {one.source for one in EVIDENCE.sources}
    assert "digitalSourceType" not in sources["web"]
    assert sources["wiki"]["url"] == "https://example.org/wiki"


def test_models_are_told_with_what_they_made_and_of_what() -> None:
    metadata = document()
    activities = {one["prov:label"]: one for one in metadata["prov:wasGeneratedBy"]}
    made = activities["rewrite: made, by scribe-70b 3"]
    assert made["prov:wasAssociatedWith"]["prov:actedOnBehalfOf"]["prov:label"] == "Example Lab"
    sources = {one["prov:label"]: one["@id"] for one in metadata["prov:wasDerivedFrom"]}
    assert made["prov:generated"] == {"@id": sources["made"]}
    assert made["prov:used"][0] == {"@id": sources["wiki"]}
    assert made["prov:used"][1]["@id"] == "https://example.org/seeds"
    assert activities["assembly of first"]["prov:endedAtTime"]["@value"].startswith("2026-11-20")


NAMES = st.text(min_size=1, max_size=12).filter(lambda one: not one.startswith("prov_"))


@given(st.lists(st.lists(NAMES, max_size=4, unique=True), min_size=1, max_size=3))
def test_ids_are_unique_and_plain_whatever_files_and_columns_are_called(
    names: list[list[str]],
) -> None:
    files = tuple(file(f"{place}.parquet", *columns) for place, columns in enumerate(names))
    odd = (file("data.parquet.parquet"), file("data.parquet"), file("a b.parquet"))
    sets = record_sets(EXPORTED.model_copy(update={"files": (*files, *odd)}))
    taken = [one["@id"] for one in sets]
    taken += [field["@id"] for one in sets for field in one["field"]]
    taken += [one["field"][0]["source"]["fileObject"]["@id"] for one in sets]
    assert len(taken) == len(set(taken))
    assert all(one.isascii() and one.isprintable() and " " not in one for one in taken)


def test_what_croissant_has_no_type_for_is_said() -> None:
    deep = Column(name="turns", type="object", repeated=True)
    member = Column(name="calls", type="object", members=(Column(name="id", type="text"),))
    text = Column(name="text", type="text")
    files = (
        file("data.parquet").model_copy(
            update={
                "columns": (
                    deep.model_copy(update={"members": (text, member)}),
                    Column(name="blob", type="other"),
                    Column(name="empty", type="object"),
                    Column(name="prov_label", type="text"),
                )
            }
        ),
    )
    assert left_out(files) == ["turns.calls", "blob", "empty"]
    evidence = EVIDENCE.model_copy(update={"files": files})
    fields = document(evidence)["recordSet"][0]["field"]
    assert [one["name"] for one in fields] == ["turns", "prov_label"]
    assert [one["name"] for one in fields[0]["subField"]] == ["text"]
    assert any("left out: turns.calls, blob, empty" in one for one in fill(evidence).warnings)


def test_every_property_of_rai_has_its_field() -> None:
    fields = {
        (item.path or "").removeprefix("rai.")
        for _, item in REPORT.form.items()
        if (item.path or "").startswith("rai.")
    }
    shapes = set(re.findall(r"rai:([A-Za-z]+)[,)]", SHAPES.read_text("utf-8")))
    assert len(fields) == 20
    assert shapes == fields | {"hasSyntheticData"}


def test_a_repeated_record_has_no_key() -> None:
    assert "key" not in document()["recordSet"][0]
    once = EXPORTED.model_copy(update={"records": EXPORTED.totals["records"]})
    assert document(once)["recordSet"][0]["key"] == {"@id": "data/prov_id"}


@pytest.mark.parametrize("form", ["croissant", "hf-card", "dps", "datasheet"])
def test_two_releases_are_compared_field_by_field(form: str) -> None:
    other = EXPORTED.model_copy(update={"sources": EXPORTED.sources[1:], "release": "second"})
    reports = [
        json.loads(render_report(compliance.filled(REPORTS[form], one), "json"))
        for one in (EXPORTED, other)
    ]
    found = compliance.compare(EXPORTED, other, (1, 0, 0), (reports[0], reports[1]))
    assert any("made" in str(one.before) for one in found.fields)


@pytest.mark.parametrize("layout", REPORT.layouts)
def test_the_same_release_gives_the_same_bytes(layout: str) -> None:
    one, other = (render_report(fill(copy.deepcopy(EXPORTED)), layout) for _ in range(2))
    assert one == other
