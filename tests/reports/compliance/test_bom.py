"""The bills of materials: strict validators take them, hold their numbers, and refuse others."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from support.evidences import EVIDENCE
from support.reported import answered

from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.source import Source
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.fill import render_report
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS, bom

FORMS = ("cyclonedx", "spdx")


@pytest.fixture
def evidence() -> ReleaseEvidence:
    return EVIDENCE


def document(evidence: ReleaseEvidence, form: str, **answers: str) -> Any:
    """A report of which every question is answered, if any is."""
    report = REPORTS[form]
    given = None
    if answers:
        text = answered(compliance.questionnaire(report, evidence), form, **answers)
        given = parse_answers(text, "answers.yaml", report.form.kinds())
    return json.loads(render_report(compliance.filled(report, evidence, given), "json"))


def numbers(properties: list[dict[str, str]], name: str, value: str) -> dict[str, str]:
    return {one[name]: one[value] for one in properties}


def shares(evidence: ReleaseEvidence) -> dict[str, str]:
    return {
        f"prov:synthetic:{share.unit}:{end}": str(size)
        for share in evidence.shares
        for end, size in (("at-least", share.lo), ("at-most", share.hi))
    }


@pytest.mark.parametrize("form", FORMS)
def test_the_same_release_gives_the_same_bytes(evidence: ReleaseEvidence, form: str) -> None:
    one, other = (compliance.filled(REPORTS[form], evidence) for _ in range(2))
    assert render_report(one, "json") == render_report(other, "json")


def test_a_document_has_an_id_of_its_own(evidence: ReleaseEvidence) -> None:
    later = evidence.model_copy(update={"sources": evidence.sources[:-1]})
    others = [
        document(evidence, "cyclonedx"),
        document(evidence, "cyclonedx", cdx_licence="MIT"),
        document(evidence, "cyclonedx", cdx_licence="CC0-1.0"),
        document(later, "cyclonedx", cdx_licence="MIT"),
    ]
    assert len({one["serialNumber"] for one in others}) == len(others)


@pytest.mark.parametrize("form", FORMS)
def test_every_answer_changes_what_is_written(evidence: ReleaseEvidence, form: str) -> None:
    report = REPORTS[form]
    asked = report.form.kinds()
    bare = json.dumps(document(evidence, form))
    whole = document(evidence, form, **WORDS)
    assert json.dumps(whole) != bare
    missing = compliance.filled(report, evidence).missing
    assert set(missing) <= set(asked)
    assert all(name in bare for name in missing)
    assert not any(name in json.dumps(whole) for name in missing)


# CycloneDX


@cache
def cyclonedx_validator() -> Any:
    module = pytest.importorskip(
        "cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed"
    )
    from cyclonedx.schema import SchemaVersion

    return module.JsonStrictValidator(SchemaVersion.V1_7)


@pytest.mark.newest
def test_cyclonedx_is_taken_by_its_strict_validator(evidence: ReleaseEvidence) -> None:
    for found in (document(evidence, "cyclonedx"), document(evidence, "cyclonedx", cdx_models="m")):
        assert cyclonedx_validator().validate_str(json.dumps(found)) is None


BROKEN_BOMS: list[Callable[[Any], Any]] = [
    lambda d: d["metadata"]["component"].update(type="synthetic"),
    lambda d: d["components"][0]["data"][0].update(kind="dataset"),
    lambda d: d["metadata"].update(timestamp="yesterday"),
    lambda d: d["components"][0].pop("name"),
    lambda d: d["metadata"]["component"]["hashes"][0].update(content="zz"),
]


@pytest.mark.parametrize("spoil", BROKEN_BOMS)
def test_a_broken_bom_is_refused(evidence: ReleaseEvidence, spoil: Callable[[Any], Any]) -> None:
    found = document(evidence, "cyclonedx")
    spoil(found)
    assert cyclonedx_validator().validate_str(json.dumps(found)) is not None


def references(node: Any) -> Iterator[tuple[str, str]]:
    """Every name that is given in a bill, and every name that is used."""
    if isinstance(node, list):
        for one in node:
            yield from references(one)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "bom-ref":
                yield "given", value
            elif name in {"ref", "attributedTo"}:
                yield "used", value
            elif name in {"dependsOn", "dependencies"} and all(isinstance(v, str) for v in value):
                yield from (("used", one) for one in value)
            else:
                yield from references(value)


def test_cyclonedx_names_everything_once_and_nothing_else(evidence: ReleaseEvidence) -> None:
    found = document(evidence, "cyclonedx", cdx_models="m")
    names = list(references(found))
    given_ = [name for how, name in names if how == "given"]
    assert len(given_) == len(set(given_))
    assert {name for how, name in names if how == "used"} <= set(given_)


def test_cyclonedx_holds_the_numbers_of_the_release(evidence: ReleaseEvidence) -> None:
    found = document(evidence, "cyclonedx")
    held = numbers(found["metadata"]["component"]["properties"], "name", "value")
    assert held["prov:records"] == str(evidence.totals["records"])
    assert held.items() >= shares(evidence).items()
    assert {name: held[f"prov:origin:{name}"] for name in evidence.labels} == {
        name: str(count) for name, count in evidence.labels.items()
    }
    sources = {one["name"]: one for one in found["components"] if one["type"] == "data"}
    for source in evidence.sources:
        held = numbers(sources[source.source]["properties"], "name", "value")
        assert held["prov:records"] == str(source.records)
        assert held["prov:synthetic:bytes:at-most"] == str(source.hi_bytes)


def test_cyclonedx_says_who_made_what_of_what(evidence: ReleaseEvidence) -> None:
    found = document(evidence, "cyclonedx", cdx_models="m")
    components = {one["bom-ref"]: one for one in found["components"]}
    scribe = components["model:scribe-70b"]
    assert (scribe["version"], scribe["supplier"]) == ("3", {"name": "Example Lab"})
    assert "20 records, 1,000 bytes in made, by rephrase (role: rewrite), made for provider" in {
        one["value"] for one in scribe["properties"]
    }
    depends = {one["ref"]: one["dependsOn"] for one in found["dependencies"]}
    assert depends["source:made"] == [
        "model:scribe-70b",
        "source:wiki",
        "entity:https://example.org/seeds",
    ]
    assert len(depends["release"]) == len(evidence.sources)
    assert depends["trained:m"] == ["release"]
    dataset = found["metadata"]["component"]["data"][0]
    assert dataset["sensitiveData"] == ["personal information, in wiki"]


def test_cyclonedx_says_who_vouches_for_what(evidence: ReleaseEvidence) -> None:
    found = document(evidence, "cyclonedx", cdx_models="m", cdx_licence="CC-BY-4.0")
    cited = {one for citation in found["citations"] for one in citation["pointers"]}
    for pointer in cited:
        node = found
        for step in pointer.split("/")[1:]:
            node = node[int(step)] if isinstance(node, list) else node[step]
        assert node
    assert "/metadata/component/licenses" in cited
    assert found["metadata"]["component"]["licenses"] == [{"expression": "CC-BY-4.0"}]
    assert found["metadata"]["authors"] == [{"bom-ref": "author:1", "name": "Ada Example"}]


ODD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(url=ODD | ODD.map("https://{}".format), owner=ODD, licence=ODD)
def test_no_contract_is_too_odd(
    evidence: ReleaseEvidence, url: str, owner: str, licence: str
) -> None:
    contract = Source(name="web", url=url, owner=owner, licence=licence, personal_data=True)
    source = evidence.sources[-1].model_copy(update={"contract": contract})
    lone = {"sources": (source,), "generators": (), "seeds": ()}
    odd = evidence.model_copy(update=lone)
    assert cyclonedx_validator().validate_str(json.dumps(document(odd, "cyclonedx"))) is None
    found = document(odd, "spdx")
    assert all(" " not in one["spdxId"] for one in found["@graph"] if "spdxId" in one)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/#a#b", "https://example.org/#a%23b"),
        ("example.org", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address(text: str | None, found: str | None) -> None:
    assert bom.address(text) == found


# SPDX


@pytest.fixture(scope="module")
def standard() -> Path:
    from conftest import real_data_folder

    folder = real_data_folder()
    if folder is None or not (folder / "standards" / "spdx_3.0.1").is_dir():
        pytest.skip("the schemas of SPDX are not here: set PROV_REAL_DATA to their folder")
    return folder / "standards" / "spdx_3.0.1"


def few(evidence: ReleaseEvidence) -> ReleaseEvidence:
    """A release of one source: the JSON schema takes half a second for each element."""
    kept = [one for one in evidence.sources if one.source == "made"]
    made = [one for one in evidence.generators if one.source == "made"]
    return evidence.model_copy(
        update={"sources": tuple(kept), "generators": tuple(made), "seeds": ()}
    )


WORDS = {
    "spdx_availability": "direct download",
    "spdx_confidentiality": "Green",
    "spdx_location": "https://example.org/set",
    "spdx_licence": "CC-BY-4.0",
}


@pytest.mark.slow
def test_spdx_keeps_its_json_schema(evidence: ReleaseEvidence, standard: Path) -> None:
    core = pytest.importorskip("spdx3_validate.core", reason="spdx3-validate is not installed")
    validator = core.schema_validator(json.loads((standard / "schema.json").read_text()))
    found = document(few(evidence), "spdx", **WORDS)
    # One of each type is enough: the schema takes half a second over an element.
    found["@graph"] = list({one["type"]: one for one in found["@graph"]}.values())
    assert [one.message[:200] for one in validator.iter_errors(found)] == []
    package = next(one for one in found["@graph"] if one["type"] == "dataset_DatasetPackage")
    lone = {"@context": found["@context"], "@graph": [found["@graph"][0], package]}
    package["dataset_datasetType"] = ["synthetic"]
    assert not validator.is_valid(lone)


@pytest.fixture(scope="module")
def shapes(standard: Path) -> Callable[[Any], list[str]]:
    """What the SHACL model finds wrong with a document; the context is put in its place."""
    core = pytest.importorskip("spdx3_validate.core", reason="spdx3-validate is not installed")
    import rdflib
    from spdx3_validate.spdx_versions import SPDX_VERSIONS

    model = rdflib.Graph().parse(standard / "spdx-model.ttl")
    context = json.loads((standard / "spdx-context.jsonld").read_text())
    version = next(one for one in SPDX_VERSIONS if one.pretty == "3.0.1")

    def check(found: Any) -> list[str]:
        text = json.dumps({**found, **context})
        graph = rdflib.Graph().parse(data=text, format="json-ld")
        errors: list[str] = core.check_graph(graph, model, version, False)
        return errors

    return check


# rdflib's own parser of JSON-LD uses a class that rdflib calls deprecated.
DEPRECATED = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


@DEPRECATED
@pytest.mark.parametrize("answers", [{}, WORDS])
def test_spdx_keeps_its_shapes(
    evidence: ReleaseEvidence, shapes: Callable[[Any], list[str]], answers: dict[str, str]
) -> None:
    found = document(evidence, "spdx", **answers)
    assert shapes(found) == []
    claimed = found["@graph"][1]["profileConformance"]
    assert ("dataset" in claimed) == bool(answers)


def _package(found: Any) -> Any:
    return next(one for one in found["@graph"] if one["type"] == "dataset_DatasetPackage")


BROKEN_SPDX: list[Callable[[Any], Any]] = [
    lambda d: _package(d).update(dataset_datasetType=["synthetic"]),
    lambda d: _package(d).update(originatedBy=["urn:nobody"]),
]


@pytest.mark.slow
@DEPRECATED
@pytest.mark.parametrize("spoil", BROKEN_SPDX)
def test_a_broken_spdx_document_is_noticed(
    evidence: ReleaseEvidence, shapes: Callable[[Any], list[str]], spoil: Callable[[Any], Any]
) -> None:
    found = copy.deepcopy(document(few(evidence), "spdx"))
    spoil(found)
    assert shapes(found)


@pytest.mark.newest
def test_the_model_of_spdx_loads_every_element(evidence: ReleaseEvidence) -> None:
    model = pytest.importorskip("spdx_python_model", reason="spdx-python-model is not installed")
    found = document(evidence, "spdx", **WORDS)
    objects = model.v3_0_1.SHACLObjectSet()
    model.v3_0_1.JSONLDDeserializer().read(io.BytesIO(json.dumps(found).encode()), objects)
    loaded = {one._id for one in objects.foreach()}
    elements = {one["spdxId"] for one in found["@graph"] if "spdxId" in one}
    assert elements <= loaded
    assert objects.missing_ids == set()
    (whole,) = [
        one
        for one in objects.foreach_type("dataset_DatasetPackage")
        if one.name == evidence.release
    ]
    assert whole.dataset_datasetSize == evidence.totals["records"]
    held = {
        entry.extension_cdxPropName: entry.extension_cdxPropValue
        for entry in whole.extension[0].extension_cdxProperty
    }
    assert held.items() >= shares(evidence).items()


def test_spdx_names_nothing_that_is_not_there(evidence: ReleaseEvidence) -> None:
    found = document(evidence, "spdx")
    elements = {one["spdxId"]: one for one in found["@graph"] if "spdxId" in one}
    relations = [one for one in elements.values() if one["type"] == "Relationship"]
    for relation in relations:
        assert {relation["from"], *relation["to"]} <= set(elements)
    said = {
        (elements[one["from"]]["name"], one["relationshipType"], elements[end].get("name"))
        for one in relations
        for end in one["to"]
    }
    assert ("scribe-70b", "generates", "made") in said
    assert ("made", "descendantOf", "wiki") in said
    assert ("made", "descendantOf", "https://example.org/seeds") in said
    assert ("first", "descendantOf", "web") in said


def test_an_answer_that_is_none_of_the_words_is_said(evidence: ReleaseEvidence) -> None:
    found = document(evidence, "spdx", spdx_location="in the cellar")
    package = _package(found)
    assert "software_downloadLocation" not in package
    assert "dataset_datasetAvailability" not in package
    assert "spdx.location is no address" in found["@graph"][1]["comment"]
    assert "dataset" not in found["@graph"][1]["profileConformance"]
