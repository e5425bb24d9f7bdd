"""Numbers that stand in several reports of a release are the same in all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from support.evidences import EVIDENCE

from provenance.operations.reporting.fill import render_report
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS

STATEMENT = re.compile(r"of ([\d,]+) bytes: at least ([\d,]+), at most ([\d,]+)")
LABELS = re.compile(
    r"([\d,]+) are synthetic, ([\d,]+) mixed, ([\d,]+) human, and of ([\d,]+) the origin is unknown"
)


def rows(shares: list[dict[str, Any]]) -> tuple[int, int, int]:
    """The synthetic bytes of a table of shares: of how many, at least, at most."""
    row = next(one for one in shares if one["unit"] == "bytes")
    return row["size"], row["synthetic_at_least"], row["synthetic_at_most"]


def property_of(document: Any) -> tuple[int, int, int]:
    found = {one["propertyID"]: one for one in document["additionalProperty"]}
    one = found["synthetic-bytes"]
    return int(one["name"].rpartition(" ")[2]), one["minValue"], one["maxValue"]


READ: dict[str, Callable[[Any], tuple[int, int, int]]] = {
    "eu-art53": lambda d: rows(d["shares"]),
    "ab2013": lambda d: rows(d["shares"]),
    "audit": lambda d: rows(d["shares"]),
    "hf-card": lambda d: rows(d["synthetic"]["shares"]),
    "datasheet": lambda d: rows(d["synthetic"]["shares"]),
    "croissant": property_of,
}


def document(form: str) -> Any:
    return json.loads(render_report(compliance.filled(REPORTS[form], EVIDENCE), "json"))


@pytest.mark.parametrize("form", READ)
def test_the_synthetic_bytes_are_those_of_the_evidence(form: str) -> None:
    share = EVIDENCE.share("bytes")
    assert READ[form](document(form)) == (share.size, share.lo, share.hi)


@pytest.mark.slow
@pytest.mark.parametrize("form", [*READ, "dps"])
def test_what_is_said_in_words_is_what_the_tables_say(form: str) -> None:
    share, labels = EVIDENCE.share("bytes"), EVIDENCE.labels
    text = json.dumps(document(form))
    said = {tuple(int(n.replace(",", "")) for n in found) for found in STATEMENT.findall(text)}
    assert said == {(share.size, share.lo, share.hi)}
    told = {tuple(int(n.replace(",", "")) for n in found) for found in LABELS.findall(text)}
    assert told == {tuple(labels[one] for one in ("synthetic", "mixed", "human", "unknown"))}


def test_records_of_sources_and_models_are_the_same_everywhere() -> None:
    sources = {one.source: one.records for one in EVIDENCE.sources}
    made = {one.generator: one.records for one in EVIDENCE.generators}
    for form in ("hf-card", "datasheet"):
        found = document(form)
        assert {one["source"]: one["records"] for one in found["sources"]} == sources
        assert {one["model"]: one["records"] for one in found["generators"]} == made
    croissant = document("croissant")
    assert {
        one["prov:label"]: one["additionalProperty"][0]["sc:value"]
        for one in croissant["prov:wasDerivedFrom"]
    } == sources
    for form in ("croissant", "dps"):
        text = json.dumps(document(form))
        for one in EVIDENCE.generators:
            assert f"{one.records:,} records, {one.bytes:,} bytes in {one.source}" in text
