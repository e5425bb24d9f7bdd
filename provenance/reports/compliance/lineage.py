"""Build the lineage of a release by source, model and seed, not by record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from provenance.model.finding import BudgetResult, Verdict
from provenance.model.origin import Label
from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import (
    Amount,
    GeneratorEvidence,
    ReleaseEvidence,
    SourceEvidence,
)
from provenance.reports.compliance import bom, rows
from provenance.reports.compliance.bom import non_empty
from provenance.reports.compliance.fill import Draft, Filled
from provenance.reports.render import number

Row = dict[str, Any]

GENERATING = frozenset({None, "generate", "template", "distil"})
"""Processes that make new data; the others change existing data."""

FACETS = "https://openlineage.io/spec/facets"
PRODUCER = "urn:prov-ledger"


def draft(evidence: ReleaseEvidence, _: Mapping[str, AnswerValue]) -> Draft:
    """Build the rows of nodes, edges, activities and models.

    The parents of a release are its sources; those of a source are its seeds and the parts that
    models made of it; that of a part is its model, and of a model the release it was trained on.
    """
    return Draft(
        {
            "agent": None,
            "nodes": list(_nodes(evidence)),
            "edges": list(_edges(evidence)),
            "activities": list(_activities(evidence)),
            "models": list(_models(evidence)),
            "facets": dict(_facets(evidence)),
        },
        warnings=bom.warnings(evidence),
    )


def finish(filled: Filled) -> dict[str, Any]:
    """Return the rows, with the agent that assembled the release."""
    assembled, *others = filled.content["activities"]
    detail = json.loads(assembled["detail"])
    if filled.missing:
        detail["not_provided"] = ", ".join(filled.missing)
    if filled.warnings:
        detail["warnings"] = "; ".join(filled.warnings)
    row = {**assembled, "agent": filled.content["agent"], "detail": _json(detail)}
    return {**filled.content, "activities": [row, *others]}


def _release(evidence: ReleaseEvidence) -> str:
    return f"release:{evidence.release}"


def _part(evidence: ReleaseEvidence, one: GeneratorEvidence) -> str:
    """Name the part that one model made by one process in one source."""
    model = f"/{one.generator}" if one.generator is not None else ""
    return f"entity:{evidence.release}/{one.source}/{one.process or 'not stated'}{model}"


def _assembling(evidence: ReleaseEvidence) -> str:
    return f"assemble/{evidence.release}/{evidence.body_digest}"


def _making(evidence: ReleaseEvidence, one: GeneratorEvidence) -> str:
    return f"make/{_part(evidence, one).removeprefix('entity:')}/{evidence.body_digest}"


def _nodes(evidence: ReleaseEvidence) -> Iterator[Row]:
    share = evidence.share("bytes")
    yield {
        "id": _release(evidence),
        "kind": "release",
        "label": _label(evidence.labels),
        **_ends(share.lo, share.hi, share.size),
        "digest": evidence.body_digest,
        "attributes": _json(dict(bom.release_properties(evidence))),
    }
    for source in evidence.sources:
        yield _node(f"source:{source.source}", "source", source, _about(source, evidence))
    for one in evidence.generators:
        about = non_empty(
            source=one.source,
            process=one.process,
            role=one.role,
            made_for=one.on_behalf_of,
            modalities=list(one.modalities),
        )
        yield {
            **_node(_part(evidence, one), "entity", one, about),
            "generator": one.generator,
        }
    for name in bom.generators(evidence):
        yield {"id": f"model:{name}", "kind": "model"}
    for node in dict.fromkeys((*bom.outer_nodes(evidence), *_trained_on(evidence))):
        yield {"id": node, "kind": node.partition(":")[0]}


def _node(
    name: str, kind: str, part: SourceEvidence | GeneratorEvidence, about: Mapping[str, Any]
) -> Row:
    sizes = {**dict(bom.amount_properties(part)), **dict(bom.label_properties(part.labels))}
    return {
        "id": name,
        "kind": kind,
        "label": _label(part.labels),
        **_ends(part.lo_bytes, part.hi_bytes, part.bytes),
        "attributes": _json({**sizes, **about}),
    }


def _about(source: SourceEvidence, evidence: ReleaseEvidence) -> dict[str, Any]:
    """List what a contract states of a source, and how many records were made from itself."""
    contract = source.contract
    own = sum(one.records or 0 for one in evidence.seeds if one.source == one.seed == source.source)
    if contract is None:
        return non_empty(made_of_itself=own or None)
    return non_empty(
        section=source.section,
        owner=contract.legal_entity or contract.owner,
        licence=contract.licence,
        url=contract.url,
        version=contract.version,
        collected_from=contract.collected_from,
        collected_to=contract.collected_to,
        made_of_itself=own or None,
    )


def _label(labels: Mapping[Label, int]) -> str | None:
    """Return the label that all records have; ``None`` if they differ."""
    found = [label.value for label, count in labels.items() if count]
    return found[0] if len(found) == 1 else None


def _ends(lo: int, hi: int, size: int) -> dict[str, float | None]:
    if not size:
        return {"share_lo": None, "share_hi": None}
    return {"share_lo": lo / size, "share_hi": hi / size}


def _edges(evidence: ReleaseEvidence) -> Iterator[Row]:
    release, assembling = _release(evidence), _assembling(evidence)
    for source in evidence.sources:
        yield _edge(release, f"source:{source.source}", "assemble", assembling)
    for one in evidence.generators:
        part = _part(evidence, one)
        yield _edge(f"source:{one.source}", part, None, None)
        if one.generator is not None:
            parent = f"model:{one.generator}"
            yield _edge(part, parent, one.process, _making(evidence, one))
    for child, parent in bom.seed_nodes(evidence):
        # No edge to itself: records made from their own source are counted in its attributes.
        if parent != child:
            yield _edge(child, parent, None, None)
    for model in _models(evidence):
        if model["trained_on"]:
            yield _edge(model["model"], model["trained_on"], "train", None)


def _edge(child: str, parent: str, process: str | None, activity: str | None) -> Row:
    return {
        "child": child,
        "parent": parent,
        "relation": "derived",
        "process": process,
        "activity": activity,
    }


def _activities(evidence: ReleaseEvidence) -> Iterator[Row]:
    """List the assembly first, then what each model made, whose times are unknown."""
    yield {
        "activity": _assembling(evidence),
        "kind": "assemble",
        "name": "assemble",
        "started_at": evidence.created_at,
        "ended_at": evidence.created_at,
        "detail": _json(
            {
                "policy": evidence.policy,
                "verdict": evidence.verdict.value,
                "seed": str(evidence.selection.seed),
                "tool": f"prov {evidence.tool_version}",
            }
        ),
    }
    for one in evidence.generators:
        if one.generator is not None:
            yield {
                "activity": _making(evidence, one),
                "kind": "generate" if one.process in GENERATING else "transform",
                "name": one.process,
                "detail": _json(non_empty(role=one.role, made_for=one.on_behalf_of)),
            }


def _models(evidence: ReleaseEvidence) -> Iterator[Row]:
    for name, parts in bom.generators(evidence).items():
        trained = bom.first_stated(parts, "trained_on")
        yield {
            "model": f"model:{name}",
            "name": name,
            "provider": bom.first_stated(parts, "provider"),
            "version": bom.first_stated(parts, "version"),
            "trained_on": f"release:{trained}" if trained else None,
        }


def _trained_on(evidence: ReleaseEvidence) -> list[str]:
    known = {_release(evidence), None}
    return [one["trained_on"] for one in _models(evidence) if one["trained_on"] not in known]


def _facets(evidence: ReleaseEvidence) -> Iterator[tuple[str, dict[str, Row]]]:
    """List the standard OpenLineage facets of each node, by kind of facet."""
    share = evidence.share("bytes")
    tests = [_assertion(result) for result in evidence.budgets]
    yield (
        _release(evidence),
        {
            "facets": {
                "version": _facet("1-0-1/DatasetVersion", datasetVersion=evidence.body_digest),
                "documentation": _facet(
                    "1-1-0/Documentation",
                    description=f"Synthetic: {rows.synthetic_statement(evidence)}",
                ),
                "dataQualityAssertions": _facet("1-1-0/DataQualityAssertions", assertions=tests),
                "tags": _tags(share.lo, share.hi),
            },
            "outputFacets": {
                "outputStatistics": _facet(
                    "1-0-2/OutputStatisticsOutput",
                    rowCount=evidence.totals["records"],
                    size=evidence.totals["bytes"],
                )
            },
        },
    )
    for source in evidence.sources:
        yield f"source:{source.source}", _source_facets(source)


def _source_facets(source: SourceEvidence) -> dict[str, Row]:
    contract = source.contract
    facets = {"tags": _tags(source.lo_bytes, source.hi_bytes)}
    owner = (contract.legal_entity or contract.owner) if contract else None
    if owner:
        facets["ownership"] = _facet("1-0-1/Ownership", owners=[{"name": owner, "type": "OWNER"}])
    if contract and contract.description:
        facets["documentation"] = _facet("1-1-0/Documentation", description=contract.description)
    return {"facets": facets, "inputFacets": {"inputStatistics": _statistics(source)}}


def _statistics(amount: Amount) -> Row:
    return _facet("1-0-0/InputStatisticsInput", rowCount=amount.records, size=amount.bytes)


def _assertion(result: BudgetResult) -> Row:
    """Write a budget as an assertion; an undecided one did not succeed."""
    ends = number.figures(result)
    return {
        "assertion": result.rule,
        "name": result.name,
        "success": result.verdict == Verdict.PASS,
        "severity": "error",
        "expected": ends.limit,
        "actual": f"{ends.interval} ({result.verdict.value})",
    }


def _tags(lo: int, hi: int) -> Row:
    found = {"prov.synthetic.bytes.at-least": lo, "prov.synthetic.bytes.at-most": hi}
    return _facet(
        "1-0-0/Tags",
        tags=[{"key": key, "value": str(size), "source": "prov"} for key, size in found.items()],
    )


def _facet(name: str, **members: Any) -> Row:
    schema = name.partition("/")[2] + "DatasetFacet"
    url = f"{FACETS}/{name}DatasetFacet.json#/$defs/{schema}"
    return {"_producer": PRODUCER, "_schemaURL": url, **members}


def _json(members: Mapping[str, Any]) -> str:
    return json.dumps(members, ensure_ascii=False)
