"""Describe the provenance of a release as PROV-O in the JSON-LD of Croissant."""

from __future__ import annotations

from typing import Any
from uuid import uuid5

from provenance.model.reports.release_evidence import (
    GeneratorEvidence,
    ReleaseEvidence,
    SourceEvidence,
)
from provenance.model.source import Source
from provenance.reports.compliance import bom, card
from provenance.reports.compliance.bom import non_empty
from provenance.reports.render import wording

Node = dict[str, Any]

_KINDS = "https://www.wikidata.org/wiki/"
COLLECTING, PREPARING, ANNOTATING = (
    f"{_KINDS}{item}" for item in ("Q4929239", "Q1172378", "Q109719325")
)
"""Kinds of activity, as the Wikidata items that Croissant editors use."""

_TIMES = {4: "xsd:gYear", 7: "xsd:gYearMonth", 10: "xsd:date"}


def derived_from(evidence: ReleaseEvidence) -> list[Node]:
    """Describe the sources, each with licence, owner and collection."""
    made: dict[str, list[GeneratorEvidence]] = {}
    for one in evidence.generators:
        made.setdefault(one.source, []).append(one)
    return [_source(evidence, one, made.get(one.source, [])) for one in evidence.sources]


def _source(evidence: ReleaseEvidence, one: SourceEvidence, made: list[GeneratorEvidence]) -> Node:
    contract = one.contract or Source(name=one.source)
    owner = contract.legal_entity or contract.owner
    kind = card.source_type(one.labels, made, one.modalities)
    return {
        "@type": "prov:Entity",
        "@id": _id(evidence, f"source:{one.source}"),
        "prov:label": one.source,
        **non_empty(
            description=contract.description,
            url=contract.url,
            license=contract.licence,
            version=contract.version,
            inLanguage=contract.languages,
            digitalSourceType={"@id": kind} if kind else None,
        ),
        "additionalProperty": [
            {"@type": "sc:PropertyValue", "propertyID": "records", "sc:value": one.records},
            {
                "@type": "sc:PropertyValue",
                "propertyID": "synthetic-bytes",
                "name": f"synthetic bytes of {one.bytes}",
                "minValue": one.lo_bytes,
                "maxValue": one.hi_bytes,
            },
        ],
        **non_empty(
            **{
                "prov:wasAttributedTo": _agent(evidence, "Organization", owner),
                "prov:wasGeneratedBy": _collection(evidence, contract),
            }
        ),
    }


def _collection(evidence: ReleaseEvidence, contract: Source) -> Node | None:
    """Describe how a source was collected; ``None`` if its contract states nothing about it."""
    details = non_empty(
        **{
            "prov:startedAtTime": _time(contract.collected_from),
            "prov:endedAtTime": _time(contract.collected_to),
            "description": contract.crawl_behaviour,
            "prov:wasAssociatedWith": [
                _agent(evidence, "SoftwareAgent", crawler) for crawler in contract.crawlers
            ],
        }
    )
    if not details:
        return None
    return {
        "@type": "prov:Activity",
        "@id": _id(evidence, f"collection:{contract.name}"),
        "prov:type": {"@id": COLLECTING},
        "prov:label": f"collection of {contract.name}",
        **details,
    }


def generated_by(evidence: ReleaseEvidence) -> list[Node]:
    """Describe the assembly and the work of models; none refers back to the dataset."""
    seeds = {
        source: [node for node in parents if not node.startswith("model:")]
        for source, parents in bom.upstream(evidence).items()
    }
    made = [_making(evidence, one, seeds) for one in evidence.generators]
    return [_assembly(evidence), *made]


def _assembly(evidence: ReleaseEvidence) -> Node:
    time = {"@type": "xsd:dateTime", "@value": evidence.created_at.isoformat()}
    verdict = wording.OUTCOMES[evidence.verdict]
    return {
        "@type": "prov:Activity",
        "@id": _id(evidence, "assembly"),
        "prov:type": {"@id": PREPARING},
        "prov:label": f"assembly of {evidence.release}",
        "description": (
            f"{evidence.records:,} distinct records were selected under the policy "
            f"{evidence.policy} ({verdict}) and sealed as {evidence.body_digest}"
        ),
        "prov:endedAtTime": time,
        "prov:wasAssociatedWith": _agent(
            evidence, "SoftwareAgent", f"prov {evidence.tool_version}"
        ),
        "prov:used": [{"@id": _id(evidence, f"source:{one.source}")} for one in evidence.sources],
    }


def _making(evidence: ReleaseEvidence, one: GeneratorEvidence, seeds: dict[str, list[str]]) -> Node:
    model = " ".join(word for word in (one.generator, one.version) if word)
    how = one.role or one.process or "generate"
    kind = {"annotate": ANNOTATING, "clean": PREPARING}.get(how)
    return {
        "@type": "prov:Activity",
        "@id": _id(evidence, f"making:{one.generator}:{one.source}:{one.process}"),
        **non_empty(**{"prov:type": {"@id": kind} if kind else None}),
        "prov:label": f"{how}: {one.source}, by {model or 'a model that is not named'}",
        "description": bom.made(one),
        "prov:wasAssociatedWith": _model(evidence, one, model),
        "prov:generated": {"@id": _id(evidence, f"source:{one.source}")},
        **non_empty(
            **{"prov:used": [_seed(evidence, node) for node in seeds[f"source:{one.source}"]]}
        ),
    }


def _model(evidence: ReleaseEvidence, one: GeneratorEvidence, model: str) -> Node:
    return {
        "@type": "prov:SoftwareAgent",
        "@id": _id(evidence, f"model:{one.generator}:{one.version}:{one.provider}"),
        "prov:label": model or "a model that is not named",
        **non_empty(
            name=one.generator,
            version=one.version,
            url=one.summary,
            **{"prov:actedOnBehalfOf": _agent(evidence, "Organization", one.provider)},
        ),
    }


def _seed(evidence: ReleaseEvidence, node: str) -> Node:
    """Describe seed data, or refer to it where it is a source of the release."""
    kind, _, name = node.partition(":")
    known = kind == "source" and any(one.source == name for one in evidence.sources)
    if known:
        return {"@id": _id(evidence, node)}
    link = bom.address(name) if kind == "entity" else None
    return {
        "@type": "prov:Entity",
        "@id": link or _id(evidence, node),
        "prov:label": name if kind == "entity" else f"{kind} {name}",
    }


def _agent(evidence: ReleaseEvidence, kind: str, name: str | None) -> Node | None:
    if not name:
        return None
    return {
        "@type": f"prov:{kind}",
        "@id": _id(evidence, f"{kind}:{name}"),
        "prov:label": name,
    }


def _time(value: str | None) -> Node | None:
    return {"@type": _TIMES[len(value)], "@value": value} if value else None


def _id(evidence: ReleaseEvidence, node: str) -> str:
    """Derive the id of a node from the release and the node."""
    return f"urn:uuid:{uuid5(bom.document_id(evidence, 'croissant'), node)}"
