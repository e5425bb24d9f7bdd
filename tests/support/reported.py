"""Releases with a source of every class, lineage, addresses, open origins; their answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.source import Source
from provenance.reports.compliance import REPORTS

ANYTHING = policy(cap("1"))

SOURCES: tuple[dict[str, Any], ...] = (
    {
        "name": "web",
        "kind": "crawl",
        "crawlers": ["OurBot/1.0"],
        "crawl_purpose": "training",
        "crawl_behaviour": "keeps to robots.txt",
        "tdm_measures": "robots.txt and TDMRep are honoured",
        "description": "press and blogs",
        "collected_from": "2026-01",
        "collected_to": "2026-03-04",
        "content_types": ["press", "blogs"],
        "regions": ["DE", "FR"],
    },
    {
        "name": "wiki",
        "kind": "public",
        "label": "human",
        "url": "https://example.org/wiki",
        "description": "an encyclopaedia",
        "languages": ["en"],
        "collected_from": "2025-11",
        "collected_to": "2025-12",
        "content_types": ["encyclopaedia"],
        "personal_data": True,
        "processing": [{"step": "filter-illegal", "purpose": "keep illegal content out"}],
    },
    {"name": "tiny", "kind": "public", "label": "human", "description": "a handful of notes"},
    {"name": "licensed", "kind": "licensed", "label": "human", "owner": "Example Magazines Ltd"},
    {"name": "chats", "kind": "user", "user_data_from": ["services"], "services": ["Example Chat"]},
    {
        "name": "made",
        "kind": "synthetic",
        "label": "synthetic",
        "process": "rephrase",
        "generator": "scribe-70b",
        "generator_version": "3",
        "generator_provider": "Example Lab",
        "generator_on_market": True,
        "generator_summary": "https://example.org/scribe",
        "on_behalf_of": "provider",
        "seed_data": ["https://example.org/seeds"],
    },
    {
        "name": "own",
        "kind": "synthetic",
        "label": "synthetic",
        "process": "generate",
        "generator": "quill-1b",
        "generator_on_market": False,
        "generator_training": "the public part of this release",
        "ai_role": "distil",
    },
    {"name": "spotless", "kind": "private", "label": "synthetic", "process": "clean"},
    {"name": "odd"},
)


def reported(folder: Path) -> Ledger:
    """A ledger of these sources with the releases ``first`` and ``second``."""
    ledger = provenance.init(str(folder / "ledger"))
    ledger.source_set([Source.model_validate(one) for one in SOURCES])
    pages = [
        {
            **one,
            "url": f"https://www{n % 3}.site{n % 23}.co.uk/{n}",
            "lang": "de" if n % 3 else "en",
        }
        for n, one in enumerate(texts("page", 60))
    ]
    pages.append({"id": "lone", "text": "a page of which nobody knows where it was", "url": "x"})
    read(ledger, folder, "web", pages, attributes={"url": "url"})
    read(ledger, folder, "wiki", texts("article", 40), id_field="id")
    children = [{**one, "seed": f"article{n}"} for n, one in enumerate(texts("retold", 20))]
    path = write_jsonl(folder / "made.jsonl", children)
    ingest(ledger, path, "made", parent_field="seed", parent_source="wiki")
    for name, count in (
        ("tiny", 1),
        ("licensed", 10),
        ("chats", 9),
        ("own", 8),
        ("spotless", 4),
        ("odd", 5),
    ):
        read(ledger, folder, name, texts(name, count))
    ledger.assemble("first", ANYTHING, Selection(weights={"wiki": 2}))
    ledger.assemble("second", ANYTHING, Selection(sources=("wiki", "made", "web", "licensed")))
    return ledger


def read(ledger: Ledger, folder: Path, source: str, rows: list[dict[str, Any]], **how: Any) -> None:
    """Rows as the file of a source."""
    ingest(ledger, write_jsonl(folder / f"{source}.jsonl", rows), source, **how)


GIVEN: dict[str, str] = {
    "text": "An answer in words that says what was asked for in so many words",
    "yes-no": "yes",
    "date": "2026-10-01",
    "month": "2026-09",
    "list": "one thing",
}


def answered(questions: str, form: str, **answers: str) -> str:
    """A questionnaire of which every question is answered somehow, some in particular."""
    document = yaml.safe_load(questions)
    kinds = REPORTS[form].form.kinds()
    for question in document["answers"]:
        name = question["id"]
        question["answer"] = answers.get(
            name.replace(".", "_").replace("-", "_"), GIVEN[kinds[name]]
        )
    document["answered_by"] = "Ada Example"
    document["answered_on"] = "2026-11-02"
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
