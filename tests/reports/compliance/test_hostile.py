"""Text of data, contracts and answers stays text in every description of a release."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.evidences import EVIDENCE
from support.report_pages import Page
from support.reported import answered

from provenance.model.reports.release_file import Column, ReleaseFile
from provenance.model.source import Source
from provenance.operations.documents import parse_answers
from provenance.operations.reporting.fill import render_report
from provenance.reports import compliance
from provenance.reports.compliance import REPORTS

EVIL = '<script>alert(1)</script>|`x`"\\\x1b[31m*b* ${y}\u202e]]>{"@id": "x"}'

FORMS = ("croissant", "hf-card", "dps", "datasheet")


def _evil() -> Any:
    """The evidence with hostile text wherever data or contracts bring text."""
    contract = Source.model_validate(
        {
            "name": "made",
            "label": "synthetic",
            "kind": "synthetic",
            **dict.fromkeys(
                ("generator", "description", "url", "owner", "licence", "purpose"), EVIL
            ),
            **{name: [EVIL] for name in ("languages", "regions", "seed_data", "crawlers")},
            "processing": [{"step": "redact", "purpose": EVIL, "description": EVIL}],
        }
    )
    source = EVIDENCE.sources[0].model_copy(update={"contract": contract})
    made = [one.model_copy(update={"generator": EVIL}) for one in EVIDENCE.generators]
    seed = EVIDENCE.seeds[-1].model_copy(update={"seed": EVIL})
    file = ReleaseFile(
        path=f"{EVIL.replace('/', '')}.parquet",
        format="parquet",
        split=EVIL,
        rows=1,
        bytes=1,
        sha256="0" * 64,
        columns=tuple(Column(name=name, type="text") for name in (EVIL, "@id", "prov_label")),
    )
    return EVIDENCE.model_copy(
        update={
            "sources": (source, *EVIDENCE.sources[1:]),
            "generators": tuple(made),
            "seeds": (*EVIDENCE.seeds, seed),
            "files": (file,),
        }
    )


@pytest.mark.parametrize("form", FORMS)
def test_hostile_text_stays_text(form: str) -> None:
    report, evidence = REPORTS[form], _evil()
    questions = compliance.questionnaire(report, evidence)
    assert all(c == "\n" or c.isprintable() for c in questions)
    given = parse_answers(answered(questions, form), "answers.yaml", report.form.kinds())
    filled = compliance.filled(report, evidence, given)
    for layout in report.layouts:
        printed = render_report(filled, layout)
        if isinstance(printed, str):
            assert all(c == "\n" or c.isprintable() for c in printed), layout
        if layout == "html":
            assert "script" not in {name for name, _ in Page(str(printed)).elements}
        if layout == "markdown":
            # A front matter is data, which no reader of Markdown shows as a page.
            assert "<script>" not in str(printed).removeprefix(report.front(filled))


@pytest.mark.filterwarnings(
    # rdflib, with which the loader reads JSON-LD, warns of what the loader uses of it.
    "ignore:(ConjunctiveGraph|Dataset).* is deprecated:DeprecationWarning"
)
def test_a_loader_takes_hostile_names_for_names() -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    filled = compliance.filled(REPORTS["croissant"], _evil())
    metadata = mlcroissant.Dataset(jsonld=json.loads(render_report(filled))).metadata
    assert metadata.issues.errors == set()
    (records,) = metadata.record_sets
    assert [field.name for field in records.fields] == [EVIL, "@id", "prov_label"]
