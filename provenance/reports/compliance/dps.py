"""Fill and write OASIS Data Provenance Metadata 1.0 of a release."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from typing import Any

from provenance.model.origin import Label
from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import (
    GeneratorEvidence,
    ReleaseEvidence,
    SourceEvidence,
)
from provenance.model.source import Kind
from provenance.reports.compliance import bom, card, rows
from provenance.reports.compliance.bom import non_empty
from provenance.reports.compliance.fill import Draft, Filled

SCHEMA = "https://docs.oasis-open.org/dps/prov-meta/v1.0/schema/data-provenance.json"

METHODS: Mapping[Kind, str] = {
    "crawl": "web-scraping-crawling",
    "user": "user-generated-content",
    "annotation": "primary-user-source",
}
"""Codes of methods by kind of source; there is none for public or licensed datasets."""

USES = frozenset(
    {
        "alignment",
        "evaluation",
        "other",
        "pre-training",
        "production",
        "quality-assurance",
        "research",
        "staging-testing",
        "synthetic-data-generation",
    }
)
STATUSES = frozenset({"draft", "interim", "final"})

_VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?)?")


def draft(evidence: ReleaseEvidence, answers: Mapping[str, AnswerValue]) -> Draft:
    """Fill the metadata as far as the ledger can."""
    sources = evidence.sources
    start, end = rows.first_and_last(card.collected(sources))
    content: dict[str, Any] = {
        "publisher": {"name": None, "namespace": None, "contact": None},
        "label": f"Provenance of {evidence.release}",
        # Only the publisher can declare a document final.
        "status": "draft",
        "set_version": "1",
        "notes": _notes(evidence),
        "name": evidence.release,
        "version": None,
        "location": None,
        "issuers": (),
        "about": {
            "content": card.description(evidence),
            "purpose": rows.described_by_all(sources, "purpose"),
            "scope": _scope(evidence),
        },
        "digests": _digests(evidence),
        "sources": rows.source_rows(sources),
        "geography": _geography(sources),
        "date": f"{evidence.created_at:%Y-%m-%d}",
        "methods": _methods(evidence),
        "period": {"start": _first(start), "end": _last(end)},
        "origins": _origins(sources),
        "uses": (),
        "licences": (),
        "personal": rows.stated(sources, "personal_data"),
        "reducing": _reducing(sources),
        "consents": (),
        **{
            member: card.rights(sources, flag)
            for member, flag in (
                ("copyright", "copyrighted"),
                ("patent", "patented"),
                ("trademark", "trademarked"),
            )
        },
        "regions": dict.fromkeys(
            ("processing-included", "processing-excluded", "storage-allowed", "storage-forbidden")
        ),
    }
    all_warnings = (*bom.warnings(evidence), *_doubts(answers))
    return Draft(content, _suggestions(evidence), {}, all_warnings)


def _notes(evidence: ReleaseEvidence) -> tuple[dict[str, str], ...]:
    """Note what the standard has no member for: synthetic share, models and seeds."""
    made = (f"{_named(one)}: {bom.made(one)}" for one in evidence.generators)
    seeds = (
        f"{one.source}: {one.made_from} (known by {one.known_by})"
        for one in rows.seed_rows(evidence)
    )
    notes = {
        "Synthetic share": rows.synthetic_statement(evidence),
        "What models made": "; ".join(made),
        "What synthetic data were made from": "; ".join(seeds),
    }
    return tuple(
        {"category": "details", "title": title, "text": text}
        for title, text in notes.items()
        if text
    )


def _named(one: GeneratorEvidence) -> str:
    model = " ".join(word for word in (one.generator, one.version) if word)
    by = f" of {one.provider}" if one.provider else ""
    return f"{model or 'a model that is not named'}{by}"


def _scope(evidence: ReleaseEvidence) -> str | None:
    """State unknown origin as a limitation; ``None`` if all origins are known."""
    parts = [
        f"{one.source}, {one.records:,} records: {one.reason}"
        for one in rows.unknown_rows(evidence)
    ]
    return (
        f"Whether these are human or synthetic is not known: {'; '.join(parts)}" if parts else None
    )


def _digests(evidence: ReleaseEvidence) -> tuple[dict[str, str], ...]:
    """List the digests of the sealed manifest, which covers every record, and of the files."""
    manifest = {"path": "body of the manifest, RFC 8785", "sha256": bom.sha256(evidence)}
    return (manifest, *({"path": one.path, "sha256": one.sha256} for one in evidence.files))


def _geography(sources: Sequence[SourceEvidence]) -> tuple[str, ...]:
    whole = all(source.contract and source.contract.regions for source in sources)
    return rows.listed(sources, "regions") if whole else ()


def _methods(evidence: ReleaseEvidence) -> tuple[dict[str, str], ...]:
    """Describe how each source was made, then what each model made."""
    made = {one.source for one in evidence.generators}
    found = []
    for source in evidence.sources:
        kind = source.contract.kind if source.contract else "other"
        if source.source in made and source.labels[Label.SYNTHETIC] == source.records:
            continue
        description = (source.contract.description if source.contract else None) or "not described"
        found.append(
            {
                "code": METHODS.get(kind, "other"),
                "description": f"{source.source}, {source.records:,} records: {description}",
            }
        )
    for one in evidence.generators:
        mixed = one.labels[Label.MIXED] > 0
        code = "data-augmentation" if mixed else "machine-generated-ml-ops"
        found.append({"code": code, "description": f"{_named(one)}: {bom.made(one)}"})
    return tuple(found)


def _first(month: str | None) -> str | None:
    return f"{card.iso(month)}-01T00:00:00Z" if month else None


def _last(month: str | None) -> str | None:
    """Return the last second of a month."""
    if month is None:
        return None
    last = calendar.monthrange(int(month[3:]), int(month[:2]))[1]
    return f"{card.iso(month)}-{last:02}T23:59:59Z"


def _origins(sources: Sequence[SourceEvidence]) -> tuple[str, ...]:
    owners = (source.legal_entity or source.owner for source in rows.contracts_of(sources))
    return tuple(dict.fromkeys(owner for owner in owners if owner))


def _reducing(sources: Sequence[SourceEvidence]) -> tuple[dict[str, str], ...]:
    return tuple(
        {
            "source": source.name,
            "step": step.step,
            "purpose": step.purpose,
            "tool": step.description or "not stated",
        }
        for source in rows.contracts_of(sources)
        for step in source.processing
        if step.step == "redact"
    )


def _suggestions(evidence: ReleaseEvidence) -> dict[str, str]:
    partly = {
        "dps.purpose": rows.described(evidence.sources, "purpose"),
        "dps.geography": rows.described(evidence.sources, "regions"),
        "dps.licence": card.licences(evidence),
    }
    return {question: f"some sources say: {text}" for question, text in partly.items() if text}


def _doubts(answers: Mapping[str, AnswerValue]) -> list[str]:
    """Warn of answers that the schema refuses, or that are written as `other`."""
    found = list(card.no_addresses(answers, "dps.namespace", "dps.location"))
    for question in ("dps.version", "dps.set-version"):
        given = answers.get(question)
        if isinstance(given, str) and not _VERSION.fullmatch(given):
            found.append(f"{question}: {given!r} is neither a number nor MAJOR.MINOR.PATCH")
    status = answers.get("dps.status")
    if status is not None and status not in STATUSES:
        found.append(f"dps.status: {status!r} is none of {', '.join(sorted(STATUSES))}")
    uses = answers.get("dps.use")
    if isinstance(uses, tuple) and (odd := [one for one in uses if one not in USES]):
        found.append(f"dps.use: written as `other`: {', '.join(odd)}")
    return found


def finish(filled: Filled) -> dict[str, Any]:
    """Write the document; members without a value are left out, even required ones."""
    content, evidence = filled.content, filled.evidence
    return {
        "$schema": SCHEMA,
        "set": _set(content, evidence),
        "source": _source(content, evidence),
        "provenance": _provenance(content, evidence),
        "use": _use(content),
    }


def _set(content: Mapping[str, Any], evidence: ReleaseEvidence) -> dict[str, Any]:
    publisher, time = content["publisher"], evidence.created_at.isoformat()
    version = evidence.tool_version if _VERSION.fullmatch(evidence.tool_version) else None
    return {
        "category": "training-data",
        "schema-version": "1.0",
        "language": "en",
        "publisher": non_empty(
            **{
                "name": publisher["name"],
                "namespace": _uri(publisher["namespace"]),
                "contact-details": publisher["contact"],
            }
        ),
        "label": content["label"],
        "tracking": {
            "id": str(bom.document_id(evidence, "dps")),
            "status": content["status"],
            "version": content["set_version"],
            "initial-release-date": time,
            "current-release-date": time,
            "revision-history": [
                {
                    "date": time,
                    "number": content["set_version"],
                    "summary": f"{evidence.release} was sealed as {evidence.body_digest}.",
                }
            ],
            "generator": {"date": time, "engine": non_empty(name="prov", version=version)},
        },
        "notes": list(content["notes"]),
        **non_empty(references=_references(evidence)),
    }


def _references(evidence: ReleaseEvidence) -> list[dict[str, str]]:
    found = []
    for source in rows.contracts_of(evidence.sources):
        url = bom.address(source.url)
        if url:
            terms = f", {source.licence}" if source.licence else ""
            found.append({"summary": f"{source.name}{terms}", "url": url, "category": "external"})
    return found


def _source(content: Mapping[str, Any], evidence: ReleaseEvidence) -> dict[str, Any]:
    hashes = [
        {
            "path": one["path"],
            "tree-hashes": [{"algorithm": "sha-256", "value": one["sha256"]}],
        }
        for one in content["digests"]
    ]
    return {
        "name": content["name"],
        "about": non_empty(**content["about"]),
        "id": {"uuids": [str(bom.document_id(evidence, "release"))], "hashes": hashes},
        **non_empty(
            **{
                "issuer": [{"legal-name": one} for one in content["issuers"]],
                "location": _uri(content["location"]),
                "data-version": content["version"],
            }
        ),
    }


def _provenance(content: Mapping[str, Any], evidence: ReleaseEvidence) -> dict[str, Any]:
    return non_empty(
        **{
            "origin-geography": _countries(content["geography"]),
            "date": content["date"],
            "generation-method": [
                {"code": one["code"], "long-description": one["description"]}
                for one in content["methods"]
            ],
            "generation-period": non_empty(**content["period"]),
            "origin": [{"legal-name": one} for one in content["origins"]],
            # The standard has no code for Parquet or JSON lines.
            "format": ["other"] if evidence.files else None,
        }
    )


def _use(content: Mapping[str, Any]) -> dict[str, Any]:
    purpose = content["about"]["purpose"] or "not described"
    return non_empty(
        **{
            "intended-purpose": [_purpose(one, purpose) for one in content["uses"]],
            "classification": _classification(content["personal"]),
            "data-risk-reducing": [
                {
                    "tool-category": {"code": one["step"], "long-description": one["purpose"]},
                    "tool-used": one["tool"],
                    "technology": "data-redaction",
                }
                for one in content["reducing"]
            ],
            "consents": content["consents"],
            "license": content["licences"],
            **{
                member: [content[member]] if content[member] else None
                for member in ("copyright", "patent", "trademark")
            },
            **{member: _countries(given) for member, given in content["regions"].items()},
        }
    )


def _purpose(code: str, purpose: str) -> dict[str, str]:
    if code in USES:
        return {"code": code, "long-description": purpose}
    return {"code": "other", "long-description": f"{code}: {purpose}"}


def _classification(personal: bool | None) -> list[dict[str, Any]]:
    """State whether there is personal information; empty if nobody stated it."""
    if personal is None:
        return []
    description = (
        "personal information is included" if personal else "no personal information is included"
    )
    return [{"regulation": {"code": "pi", "long-description": description}, "evaluated": personal}]


def _countries(names: Sequence[str] | None) -> list[dict[str, str]]:
    return [{"country": one} for one in dict.fromkeys(names or ())]


def _uri(given: str | None) -> str | None:
    return (bom.address(given) or given) if given else None
