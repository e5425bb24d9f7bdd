"""SARIF and JUnit keep to their schemas, whatever the data says."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from provenance.errors import MisuseError
from provenance.model.finding import Judgement, Verdict
from provenance.model.reports.facts import Facts
from provenance.reports.render import Subject, render
from provenance.reports.render.sarif import artifact_uri


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


TEXT = {"type": "string"}
MESSAGE = closed(["text"], text=TEXT)
PLACE = closed(
    [],
    physicalLocation=closed(
        ["artifactLocation"],
        artifactLocation=closed(["uri"], uri={"type": "string", "format": "uri-reference"}),
        region=closed(["startLine"], startLine={"type": "integer", "minimum": 1}),
    ),
    logicalLocations={"type": "array", "items": closed([], fullyQualifiedName=TEXT)},
)
RESULT = closed(
    ["message", "ruleId", "level"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level={"enum": ["note", "warning", "error"]},
    message=MESSAGE,
    locations={"type": "array", "items": PLACE, "minItems": 1},
    partialFingerprints={"type": "object", "additionalProperties": TEXT, "minProperties": 1},
    baselineState={"enum": ["new", "unchanged", "updated", "absent"]},
    suppressions={
        "type": "array",
        "items": closed(
            ["kind"],
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
        ),
    },
    properties={"type": "object"},
)
RULE = closed(["id"], id=TEXT, shortDescription=MESSAGE)
RUN = closed(
    ["tool", "results"],
    tool=closed(
        ["driver"],
        driver=closed(
            ["name"],
            name=TEXT,
            version=TEXT,
            rules={"type": "array", "items": RULE, "uniqueItems": True},
        ),
    ),
    automationDetails=closed([], id=TEXT),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": RESULT},
    properties={"type": "object"},
)
SARIF = closed(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs={"type": "array", "items": RUN, "minItems": 1},
)
"""The parts of the SARIF 2.1.0 schema that are written here, closed as they are there."""


def sarif(judgement: Judgement, subject: Subject) -> dict[str, Any]:
    source = render(judgement, "sarif", subject)
    assert source.isascii()
    log: dict[str, Any] = json.loads(source)
    jsonschema.Draft7Validator(SARIF).validate(log)
    run: dict[str, Any] = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    return run


def test_sarif_has_a_result_for_all_that_does_not_pass(judgement: Judgement) -> None:
    run = sarif(judgement, Subject("a.jsonl", artifact="data/a.jsonl", tool_version="1.2"))
    levels = [(result["ruleId"], result["level"]) for result in run["results"]]
    assert levels == [
        ("budget/overall", "warning"),
        ("budget/each-language", "error"),
        ("budget/ratio", "warning"),
        ("budget/keep-the-anchor", "error"),
        ("conflict", "warning"),
        ("undeclared-source", "note"),
    ]
    uris = {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
        for place in result["locations"]
    }
    assert uris == {"data/a.jsonl"}
    assert run["properties"]["verdict"] == "fail"


def test_sarif_fingerprints_are_of_what_is_found_not_of_its_numbers(judgement: Judgement) -> None:
    def prints(one: Judgement) -> list[dict[str, str]]:
        return [r["partialFingerprints"] for r in sarif(one, Subject("s"))["results"]]

    moved = judgement.model_copy(
        update={
            "budgets": tuple(
                result.model_copy(update={"lo": 0.9, "hi": 0.95, "reason": "else"})
                for result in judgement.budgets
            ),
            "findings": tuple(
                found.model_copy(update={"reason": "else"}) for found in judgement.findings
            ),
        }
    )
    first = prints(judgement)
    assert prints(moved) == first
    assert len({json.dumps(one) for one in first}) == len(first)


def test_sarif_says_how_results_stand_to_the_baseline(judgement: Judgement) -> None:
    known, new = judgement.findings
    run = sarif(judgement, Subject("s", baseline=frozenset({known.fingerprint})))
    states = {r["ruleId"]: (r["baselineState"], "suppressions" in r) for r in run["results"]}
    assert states.pop(known.code) == ("unchanged", True)
    assert states.pop(new.code) == ("new", False)
    assert set(states.values()) == {("new", False)}
    without = sarif(judgement, Subject("s"))["results"]
    assert not any("baselineState" in result for result in without)


def test_sarif_of_hostile_data(hostile_judgement: Judgement, hostile: str) -> None:
    run = sarif(hostile_judgement, Subject(hostile, hostile, artifact=hostile))
    for result in run["results"]:
        text = result["message"]["text"]
        assert text.isprintable()
        assert "{" not in text.replace("{{", "")
        assert "[" not in text.replace("\\[", "")
        for place in result["locations"]:
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert uri.isascii()
            assert not set(uri) & set(' <>"\\^`{|}\n')


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("data/a b.jsonl", "data/a%20b.jsonl"),
        ("a:b.jsonl", "a%3Ab.jsonl"),
        ("caf\u00e9.jsonl", "caf%C3%A9.jsonl"),
        ("bad\udcff.jsonl", "bad%FF.jsonl"),
        ("/srv/x#1.jsonl", "file:///srv/x%231.jsonl"),
        ("s3://bucket/key one", "s3://bucket/key%20one"),
        ("https://me:secret@host/x.jsonl?sig=abc#f", "https://host/x.jsonl"),
    ],
)
def test_paths_become_uri_references(path: str, uri: str) -> None:
    assert artifact_uri(path) == uri


def junit(judgement: Judgement, subject: Subject) -> ET.Element:
    source = render(judgement, "junit", subject)
    root = ET.fromstring(source.encode())
    for suite in [root, *root]:
        for name, path in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            assert int(suite.get(name, "-1")) == len(list(suite.iter(path)))
    return root


def test_junit_has_a_case_for_every_budget_and_group(judgement: Judgement) -> None:
    policy, findings = junit(judgement, Subject("s", "release-2026"))
    assert policy.get("name") == "release-2026"
    failures = {
        case.get("name"): failure.get("type") for case in policy for failure in case.iter("failure")
    }
    assert len(policy) == len(judgement.budgets)
    assert failures == {
        "overall": "indeterminate",
        "each-language [lang = en]": "fail",
        "ratio": "indeterminate",
        "keep-the-anchor": "fail",
    }
    assert findings.get("failures") == "0"


def test_junit_lets_undecided_budgets_pass_where_the_policy_warns(judgement: Judgement) -> None:
    policy, _ = junit(judgement, Subject("s", indeterminate="warn"))
    assert policy.get("failures") == "2"
    assert policy.get("skipped") == "2"


def test_junit_fails_on_errors_that_were_not_accepted(judgement: Judgement) -> None:
    error = judgement.findings[0].model_copy(update={"severity": "error"})
    one = judgement.model_copy(update={"findings": (error,)})
    assert junit(one, Subject("s"))[1].get("failures") == "1"
    accepted = junit(one, Subject("s", baseline=frozenset({error.fingerprint})))[1]
    assert (accepted.get("failures"), accepted.get("skipped")) == ("0", "1")


def test_junit_of_hostile_data(hostile_judgement: Judgement, hostile: str) -> None:
    root = junit(hostile_judgement, Subject(hostile, hostile))
    for element in root.iter():
        assert all(value.isprintable() for value in element.attrib.values())
        assert (element.text or "").replace("\n", "").isprintable()


def test_text_of_hostile_data_keeps_its_lines(
    judgement: Judgement, hostile_judgement: Judgement, hostile: str
) -> None:
    source = render(hostile_judgement, "text")
    assert all(line.isprintable() for line in source.split("\n"))
    remedies = 1 if hostile else -1  # of the two findings one has a remedy
    assert source.count("\n") == render(judgement, "text").count("\n") + remedies


def test_json_of_hostile_data_is_ascii_and_whole(
    hostile_judgement: Judgement, hostile_facts: Facts, hostile: str
) -> None:
    for answer in (hostile_judgement, hostile_facts):
        source = render(answer, "json")
        assert source.isascii()
        assert json.loads(source)["budgets"][0]["reason"] == hostile


def test_json_of_a_judgement_has_the_keys_that_scripts_rely_on(judgement: Judgement) -> None:
    said = json.loads(render(judgement, "json"))
    assert said["verdict"] == Verdict.FAIL
    keys = "name group verdict lo hi limit numerator_lo numerator_hi denominator unit reason"
    assert all(set(keys.split()) <= set(budget) for budget in said["budgets"])
    assert set(said["findings"][0]) == {"code", "severity", "subject", "reason", "remedy"}
    assert [b["hi"] for b in said["budgets"] if b["name"] == "ratio"] == [None]


@pytest.mark.parametrize("form", ["", "pdf", "html", "SARIF"])
def test_a_format_that_is_not_there_is_misuse(judgement: Judgement, form: str) -> None:
    with pytest.raises(MisuseError) as error:
        render(judgement, form)
    assert "sarif" in error.value.hint
