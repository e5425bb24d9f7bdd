"""The reports of published essays, news, stories and pictures, by people and eight generators."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import real_data_folder
from support.datafiles import cap, ingest, policy

import provenance
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.model_names import fold_name
from provenance.model.schemas import schemas
from provenance.operations.ingest import IngestOptions
from provenance.reports.compliance import REPORTS

pytestmark = pytest.mark.real_data

OPEN_MODELS = ("gpt2-xl", "opt-2.7b", "gpt-neo-2.7B", "gpt-j-6B", "gpt-neox-20b")
"""Of the experiment whose file names end in the model; 1,300 texts each."""

CLOSED_MODELS = ("davinci", "gpt-3.5-turbo", "gpt-4")
"""Of the other experiment; 450 texts each."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    real_data = real_data_folder()
    if real_data is None:
        pytest.skip("published data sets are not here: set PROV_REAL_DATA to their folder")
    ledger = provenance.init(str(tmp_path_factory.mktemp("real") / "ledger"))
    texts = sorted((real_data / "fast_detect_gpt").glob("exp_*/data/*.raw_data.json"))
    paths = [str(path) for path in texts]
    people = IngestOptions(source="news", content=("original",), label="human")
    ledger.ingest(paths, people)
    for model in (*OPEN_MODELS, *CLOSED_MODELS):
        written = [one for one in paths if one.endswith(f"_{model}.raw_data.json")]
        made = {"label": "synthetic", "generator": model, "process": "generate"}
        ledger.ingest(written, IngestOptions(source="machine", content=("sampled",), **made))
    essays = real_data / "chatgpt_detector_bias"
    ingest(ledger, essays / "Human_Data/TOEFL_real_91/data.json", "essays", label="human")
    ingest(ledger, essays / "Human_Data/TOEFL_gpt4polished_91/data.json", "polished", label="mixed")
    ingest(ledger, essays / "GPT_Data/CS224N_gpt3_145/data.json", "open")
    pictures = real_data / "c2pa_public_testfiles/image"
    ledger.ingest([str(pictures)], IngestOptions(source="pictures", format="image"))
    ledger.assemble("r", policy(cap("1")), Selection())
    return ledger


@pytest.fixture(scope="module")
def reports(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every report, in every layout."""
    folder = tmp_path_factory.mktemp("reports") / "all"
    ledger.write_reports("r", folder)
    return folder


def read(reports: Path, name: str) -> Any:
    return json.loads((reports / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def asked(ledger: Ledger) -> dict[str, int]:
    """The numbers, as anybody may ask for them."""
    (row,) = ledger.query("""
        SELECT sum(weight)::BIGINT AS records, sum(weight * bytes)::BIGINT AS bytes,
            sum(weight * lo_bytes)::BIGINT AS lo, sum(weight * hi_bytes)::BIGINT AS hi,
            sum(weight) FILTER (label = 'unknown')::BIGINT AS unknown,
            sum(weight) FILTER (label = 'synthetic')::BIGINT AS synthetic
        FROM members WHERE release = 'r'""").to_pylist()
    return dict(row)


STATEMENT = re.compile(
    r"of (?P<bytes>[\d,]+) bytes: at least (?P<lo>[\d,]+), at most (?P<hi>[\d,]+)\. Of the records,"
    r" (?P<synthetic>[\d,]+) are synthetic, [\d,]+ mixed, [\d,]+ human,"
    r" and of (?P<unknown>[\d,]+) the origin is unknown"
)
"""What reports say in words; two spaces or a line may stand between two of them."""


def in_words(text: str) -> dict[str, int]:
    """The numbers of the one statement that a report makes, wherever it makes it."""
    found = {match.groups() for match in STATEMENT.finditer(" ".join(text.split()))}
    assert len(found) == 1, found
    match = STATEMENT.search(" ".join(text.split()))
    assert match
    return {name: int(value.replace(",", "")) for name, value in match.groupdict().items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in REPORTS if name != "prov-json"])
def test_every_report_says_the_same(reports: Path, asked: dict[str, int], name: str) -> None:
    told = in_words((reports / f"{name}.json").read_text("utf-8"))
    assert told == {key: asked[key] for key in told}


@pytest.mark.parametrize("name", [n for n, one in REPORTS.items() if "markdown" in one.layouts])
def test_every_page_says_the_same(reports: Path, asked: dict[str, int], name: str) -> None:
    told = in_words((reports / f"{name}.md").read_text("utf-8").replace("\\", ""))
    assert told == {key: asked[key] for key in told}


def _rows(found: Any) -> dict[str, Any]:
    (share,) = [one for one in found["shares"] if one["unit"] == "bytes"]
    (records,) = [one["size"] for one in found["shares"] if one["unit"] == "records"]
    ends = share["synthetic_at_least"], share["synthetic_at_most"]
    return {"records": records, "bytes": share["size"], "lo": ends[0], "hi": ends[1]}


def _properties(properties: Any, name: str, value: str) -> dict[str, Any]:
    return _held({one[name]: one[value] for one in properties})


def _held(held: dict[str, str]) -> dict[str, Any]:
    names = {
        "records": "prov:records",
        "bytes": "prov:bytes",
        "lo": "prov:synthetic:bytes:at-least",
        "hi": "prov:synthetic:bytes:at-most",
        "unknown": "prov:origin:unknown",
        "synthetic": "prov:origin:synthetic",
    }
    return {key: int(held[name]) for key, name in names.items()}


def _spdx(found: Any) -> dict[str, Any]:
    (release,) = [
        one
        for one in found["@graph"]
        if one["type"] == "dataset_DatasetPackage" and one["name"] == "r"
    ]
    entries = release["extension"][0]["extension_cdxProperty"]
    told = _properties(entries, "extension_cdxPropName", "extension_cdxPropValue")
    assert release["dataset_datasetSize"] == told["records"]
    return told


def _openlineage(found: Any) -> dict[str, Any]:
    (output,) = [
        one
        for event in found
        if event.get("eventType") == "COMPLETE"
        for one in event["outputs"]
        if one["name"] == "release:r"
    ]
    tags = {one["key"]: int(one["value"]) for one in output["facets"]["tags"]["tags"]}
    statistics = output["outputFacets"]["outputStatistics"]
    return {
        "records": statistics["rowCount"],
        "bytes": statistics["size"],
        "lo": tags["prov.synthetic.bytes.at-least"],
        "hi": tags["prov.synthetic.bytes.at-most"],
    }


def _release(found: Any) -> dict[str, Any]:
    (share,) = [one for one in found["shares"] if one["unit"] == "bytes"]
    labels = next(cut["rows"] for cut in found["breakdowns"] if cut["by"] == "label")
    told = {row["key"]: row["records"] for row in labels}
    return {
        "records": found["totals"]["records"],
        "bytes": share["size"],
        "lo": share["lo"],
        "hi": share["hi"],
        "unknown": told["unknown"],
        "synthetic": told["synthetic"],
    }


MEMBERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "release": _release,
    "eu-art53": _rows,
    "ab2013": _rows,
    "audit": _rows,
    "cyclonedx": lambda d: _properties(d["metadata"]["component"]["properties"], "name", "value"),
    "spdx": _spdx,
    "prov-json": lambda d: _held(json.loads(d["entity"]["node:release:r"]["our:attributes"])),
    "openlineage": _openlineage,
}


@pytest.mark.parametrize("name", MEMBERS)
def test_members_for_programs_hold_the_same_numbers(
    reports: Path, asked: dict[str, int], name: str
) -> None:
    told = MEMBERS[name](read(reports, name))
    assert told == {key: asked[key] for key in told}


def test_who_made_how_much_is_the_same_everywhere(ledger: Ledger, reports: Path) -> None:
    made = {
        row["generator"]: row["n"]
        for row in ledger.query("""
            SELECT generator, sum(weight)::BIGINT AS n FROM members
            WHERE release = 'r' AND label IN ('synthetic', 'mixed') GROUP BY ALL""").to_pylist()
    }
    assert {fold_name(name) for name in (*OPEN_MODELS, *CLOSED_MODELS)} <= set(made)
    eu, ab, audit = (read(reports, name) for name in ("eu-art53", "ab2013", "audit"))
    for rows in (
        eu["data_sources"]["synthetic_data"]["generators"],
        ab["synthetic_data_generation"]["generators"],
        audit["prevalence"],
    ):
        told: dict[str | None, int] = {}
        for row in rows:
            told[row["model"]] = told.get(row["model"], 0) + row["records"]
        assert told == made
    models = {
        one["name"]: next(p["value"] for p in one["properties"] if p["name"] == "prov:records")
        for one in read(reports, "cyclonedx")["components"]
        if one["type"] == "machine-learning-model"
    }
    assert {name: int(count) for name, count in models.items()} == {
        name: count for name, count in made.items() if name
    }


def test_what_is_unknown_is_told_by_source(ledger: Ledger, reports: Path) -> None:
    ab = read(reports, "ab2013")
    unknown = {row["source"]: row["records"] for row in ab["synthetic_data_generation"]["unknown"]}
    counted = ledger.query("""
        SELECT source, sum(weight)::BIGINT AS n FROM members
        WHERE release = 'r' AND (label = 'unknown' OR lo_bytes < hi_bytes) GROUP BY ALL""")
    assert unknown == {row["source"]: row["n"] for row in counted.to_pylist()}
    assert set(unknown) == {"open", "polished", "pictures"}


def test_the_reports_of_the_laws_keep_their_schemas(reports: Path) -> None:
    for name, schema in {"eu-art53": "eu-art53-summary", "ab2013": "ab2013-statement"}.items():
        jsonschema.Draft202012Validator(schemas()[schema]).validate(read(reports, name))
    assert read(reports, "eu-art53")["data_sources"]["synthetic_data"]["used"] is True
