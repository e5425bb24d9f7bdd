"""Fill and write a CycloneDX 1.7 bill of materials of a release, its sources and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import (
    GeneratorEvidence,
    ReleaseEvidence,
    SourceEvidence,
)
from provenance.reports.compliance import bom, rows
from provenance.reports.compliance.bom import non_empty
from provenance.reports.compliance.fill import Draft, Filled

RELEASE = "release"
"""Reference of the release within the bill."""

POINTERS: Mapping[str, str] = {
    "cdx.supplier": "/metadata/component/supplier",
    "cdx.licence": "/metadata/component/licenses",
    "cdx.classification": "/metadata/component/data/0/classification",
    "cdx.personal": "/metadata/component/data/0",
}
"""JSON pointer of each answer in the bill."""


def draft(evidence: ReleaseEvidence, _: Mapping[str, AnswerValue]) -> Draft:
    """Fill what the ledger knows; ``finish`` builds the bill when the answers are there."""
    return Draft(
        {
            "description": f"Synthetic: {rows.synthetic_statement(evidence)}",
            "shares": rows.share_rows(evidence),
            "supplier": None,
            "licence": None,
            "classification": None,
            "personal_data": rows.stated(evidence.sources, "personal_data"),
            "models": (),
            "sources": rows.source_rows(evidence.sources),
            "generators": rows.generator_rows(evidence.generators),
            "seeds": rows.seed_rows(evidence),
        },
        warnings=bom.warnings(evidence),
    )


def finish(filled: Filled) -> dict[str, Any]:
    """Build the bill by the strict JSON schema of CycloneDX 1.7."""
    evidence, content = filled.evidence, filled.content
    trained = [_trained(name) for name in dict.fromkeys(content["models"])]
    components = [*_sources(evidence), *_models(evidence), *_outer(evidence), *trained]
    return non_empty(
        **{"$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json"},
        bomFormat="CycloneDX",
        specVersion="1.7",
        serialNumber=bom.content_id(filled).urn,
        version=1,
        metadata=_metadata(filled),
        components=components,
        dependencies=_dependencies(evidence, trained),
        compositions=_compositions(evidence),
        citations=_citations(filled, range(len(components) - len(trained), len(components))),
    )


def _metadata(filled: Filled) -> dict[str, Any]:
    evidence = filled.evidence
    tool = {"type": "application", "name": "prov", "version": evidence.tool_version}
    return non_empty(
        timestamp=_instant(evidence.created_at),
        lifecycles=[{"phase": "build"}],
        tools={"components": [tool]},
        authors=[{"bom-ref": ref, "name": name} for name, ref in _authors(filled).items()],
        component=_release(filled),
        properties=_properties(
            [
                *(("prov:not-provided", one) for one in filled.missing),
                *(("prov:warning", one) for one in filled.warnings),
            ]
        ),
    )


def _release(filled: Filled) -> dict[str, Any]:
    evidence, content = filled.evidence, filled.content
    return non_empty(
        **{"bom-ref": RELEASE},
        type="data",
        name=evidence.release,
        version=evidence.body_digest,
        supplier=non_empty(name=content["supplier"]),
        description=content["description"],
        hashes=[{"alg": "SHA-256", "content": bom.sha256(evidence)}],
        licenses=_licences(content["licence"]),
        data=[
            non_empty(
                type="dataset",
                name=evidence.release,
                classification=content["classification"],
                sensitiveData=_sensitive(evidence.sources, content["personal_data"]),
                description=content["description"],
            )
        ],
        properties=_properties(bom.release_properties(evidence)),
    )


def _sensitive(sources: Iterable[SourceEvidence], personal: bool | None) -> list[str]:
    if not personal:
        return []
    named = [one.name for one in rows.contracts_of(sources) if one.personal_data]
    return ["personal information" + (f", in {', '.join(named)}" if named else "")]


def _licences(licence: str | None) -> list[dict[str, Any]]:
    if not licence:
        return []
    if bom.is_expression(licence):
        return [{"expression": licence}]
    return [{"license": {"name": licence}}]


def _sources(evidence: ReleaseEvidence) -> Iterator[dict[str, Any]]:
    for source in evidence.sources:
        contract = source.contract
        owner = (contract.legal_entity or contract.owner) if contract else None
        yield non_empty(
            **{"bom-ref": f"source:{source.source}"},
            type="data",
            name=source.source,
            version=contract.version if contract else None,
            supplier=non_empty(name=owner),
            description=contract.description if contract else None,
            licenses=_licences(contract.licence if contract else None),
            externalReferences=_link("distribution", contract.url if contract else None),
            data=[_dataset(source, owner)],
            properties=_properties(_source_properties(source)),
        )


def _dataset(source: SourceEvidence, owner: str | None) -> dict[str, Any]:
    contract = source.contract
    return non_empty(
        type="dataset",
        name=source.source,
        contents=non_empty(url=bom.address(contract.url)) if contract else None,
        sensitiveData=_sensitive([source], contract.personal_data if contract else None),
        description=", ".join(contract.content_types) if contract else None,
        governance=non_empty(owners=[{"organization": {"name": owner}}] if owner else []),
    )


def _source_properties(source: SourceEvidence) -> Iterator[bom.Property]:
    yield from bom.amount_properties(source)
    yield from bom.label_properties(source.labels)
    for modality in source.modalities:
        yield "prov:modality", modality
    contract = source.contract
    yield "prov:section", source.section or "not stated"
    if contract:
        for member in ("kind", "collected_from", "collected_to"):
            if value := getattr(contract, member):
                yield f"prov:{member.replace('_', '-')}", value
        for language in contract.languages:
            yield "prov:language", language


def _models(evidence: ReleaseEvidence) -> Iterator[dict[str, Any]]:
    for name, parts in bom.generators(evidence).items():
        yield non_empty(
            **{"bom-ref": f"model:{name}"},
            type="machine-learning-model",
            name=name,
            version=bom.first_stated(parts, "version"),
            supplier=non_empty(name=bom.first_stated(parts, "provider")),
            modelCard=_card(parts),
            externalReferences=_link("documentation", bom.first_stated(parts, "summary")),
            properties=_properties(_model_properties(parts)),
        )


def _card(parts: list[GeneratorEvidence]) -> dict[str, Any]:
    """Build the model card: what is known of the training data of a model."""
    release, training = (bom.first_stated(parts, member) for member in ("trained_on", "training"))
    if not (release or training):
        return {}
    dataset = non_empty(type="dataset", name=release, description=training)
    return {"modelParameters": {"datasets": [dataset]}}


def _model_properties(parts: list[GeneratorEvidence]) -> Iterator[bom.Property]:
    yield "prov:records", str(sum(one.records for one in parts))
    yield "prov:bytes", str(sum(one.bytes for one in parts))
    for one in parts:
        yield "prov:made", bom.made(one)
    market = bom.first_stated(parts, "on_market")
    if market is not None:
        yield "prov:on-union-market", "yes" if market else "no"


def _outer(evidence: ReleaseEvidence) -> Iterator[dict[str, Any]]:
    """List seeds that are not part of the release."""
    for node in bom.outer_nodes(evidence):
        kind, _, name = node.partition(":")
        yield non_empty(
            **{"bom-ref": node},
            type="machine-learning-model" if kind == "model" else "data",
            name=name,
            externalReferences=_link("distribution", name if kind == "entity" else None),
            properties=[{"name": "prov:kind", "value": f"seed, {kind}"}],
        )


def _trained(name: str) -> dict[str, Any]:
    return {
        "bom-ref": f"trained:{name}",
        "type": "machine-learning-model",
        "name": name,
        "modelCard": {"modelParameters": {"datasets": [{"ref": RELEASE}]}},
    }


def _dependencies(evidence: ReleaseEvidence, trained: list[dict[str, Any]]) -> list[dict[str, Any]]:
    upstream = bom.upstream(evidence)
    return [
        {"ref": RELEASE, "dependsOn": list(upstream)},
        *({"ref": ref, "dependsOn": parents} for ref, parents in upstream.items() if parents),
        *({"ref": one["bom-ref"], "dependsOn": [RELEASE]} for one in trained),
    ]


def _compositions(evidence: ReleaseEvidence) -> list[dict[str, Any]]:
    """State completeness: all sources are listed, the parents of some sources are unknown."""
    lone = [ref for ref, parents in bom.upstream(evidence).items() if not parents]
    found = [{"aggregate": "complete", "dependencies": [RELEASE]}]
    return [*found, {"aggregate": "unknown", "dependencies": lone}] if lone else found


def _citations(filled: Filled, trained: range) -> list[dict[str, Any]]:
    """Cite who gave each answer; an answer without a date has no citation, which needs one."""
    authors = _authors(filled)
    pointers_of = {
        **{name: [pointer] for name, pointer in POINTERS.items()},
        "cdx.models": [f"/components/{index}" for index in trained],
    }
    return [
        {
            "pointers": pointers_of[one.id],
            "timestamp": f"{one.on.isoformat()}T00:00:00Z",
            "attributedTo": authors[one.by],
        }
        for one in filled.attestations.values()
        if one.by and one.on
    ]


def _authors(filled: Filled) -> dict[str, str]:
    names = dict.fromkeys(one.by for one in filled.attestations.values() if one.by)
    return {name: f"author:{n}" for n, name in enumerate(names, 1)}


def _link(kind: str, url: str | None) -> list[dict[str, Any]]:
    found = bom.address(url)
    return [{"type": kind, "url": found}] if found else []


def _properties(found: Iterable[bom.Property]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in found]


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
