"""Fill and write Croissant 1.1 metadata of a release, with RAI 1.0 and PROV-O, as JSON-LD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import ReleaseEvidence, SourceEvidence
from provenance.model.source import Kind
from provenance.reports.compliance import card, rows
from provenance.reports.compliance.bom import non_empty, warnings
from provenance.reports.compliance.croissant_files import distribution, left_out, record_sets
from provenance.reports.compliance.croissant_prov import derived_from, generated_by
from provenance.reports.compliance.fill import Draft, Filled

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")

_TERMS = (
    "annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field "
    "fileObject fileProperty fileSet format includes isArray isLiveDataset jsonPath key md5 "
    "parentField path readLines recordSet references regex repeated replace samplingRate sdVersion "
    "separator source subField transform unArchive value"
)

CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
"""The context of the specification, with PROV-O added."""

COLLECTION: Mapping[Kind, str] = {
    "crawl": "Web Scraping",
    "public": "Secondary Data analysis",
    "licensed": "Secondary Data analysis",
    "private": "Secondary Data analysis",
    "user": "User-generated content data",
    "annotation": "Manual Human Curator",
    "synthetic": "Others",
}
"""Recommended values of ``rai:dataCollectionType`` by kind; none is for synthetic data."""


def draft(evidence: ReleaseEvidence, answers: Mapping[str, AnswerValue]) -> Draft:
    """Fill the metadata as far as the ledger can."""
    sources = evidence.sources
    content: dict[str, Any] = {
        "name": evidence.release,
        "description": card.description(evidence),
        "url": None,
        "license": None,
        "creators": (),
        "persons": (),
        "published": f"{evidence.created_at:%d/%m/%Y}",
        "version": None,
        "citation": None,
        "languages": card.languages(evidence),
        "files": card.file_rows(evidence),
        "files_at": None,
        "synthetic": {
            **card.synthetic(evidence),
            "source_type": card.source_type(
                evidence.labels, evidence.generators, rows.modalities_of(sources)
            ),
        },
        "sources": rows.source_rows(sources),
        "generators": rows.generator_rows(evidence.generators),
        "seeds": rows.seed_rows(evidence),
        "rai": _rai(evidence),
    }
    all_warnings = (*_warnings(evidence), *card.no_addresses(answers, "cr.url", "cr.files-at"))
    return Draft(content, _suggestions(evidence), {}, all_warnings)


def _rai(evidence: ReleaseEvidence) -> dict[str, Any]:
    sources = evidence.sources
    period = rows.first_and_last(card.collected(sources))
    asked = (
        "dataLimitations dataBiases dataUseCases dataSocialImpact dataReleaseMaintenancePlan "
        "dataCollectionMissingData dataCollectionRawData dataImputationProtocol "
        "dataManipulationProtocol dataAnnotationProtocol dataAnnotationPlatform "
        "dataAnnotationAnalysis annotationsPerItem annotatorDemographics"
    )
    return {
        **dict.fromkeys(asked.split()),
        "personalSensitiveInformation": card.personal(sources),
        "dataCollection": rows.described_by_all(sources, "description"),
        "dataCollectionType": _collection_types(sources),
        "dataCollectionTimeframe": tuple(card.iso(one) for one in period if one)
        if all(period)
        else (),
        "dataPreprocessingProtocol": _preprocessing(sources),
        "machineAnnotationTools": tuple(
            dict.fromkeys(
                one.generator
                for one in evidence.generators
                if one.role == "annotate" and one.generator
            )
        ),
    }


def _collection_types(sources: tuple[SourceEvidence, ...]) -> tuple[str, ...]:
    """List the collection types of the sources; empty if the kind of one has none."""
    kinds = [source.contract.kind if source.contract else "other" for source in sources]
    if not all(kind in COLLECTION for kind in kinds):
        return ()
    return tuple(dict.fromkeys(COLLECTION[kind] for kind in kinds))


def _preprocessing(sources: tuple[SourceEvidence, ...]) -> tuple[str, ...]:
    steps = (rows.processing_steps([source]) for source in sources)
    return tuple(one for one in steps if one)


def _suggestions(evidence: ReleaseEvidence) -> dict[str, str]:
    licences = card.licences(evidence)
    purpose = rows.described(evidence.sources, "purpose")
    collection = rows.described(evidence.sources, "description")
    unknown = rows.unknown_rows(evidence)
    found = {
        "cr.licence": f"sources state {licences}" if licences else None,
        "cr.rai.uses": f"sources state {purpose}" if purpose else None,
        "cr.rai.collection": f"sources state {collection}" if collection else None,
        "cr.rai.limitations": "the origin is open in: "
        + card.named(f"{one.source} ({one.records:,} records)" for one in unknown)
        if unknown
        else None,
    }
    return {question: text for question, text in found.items() if text}


def _warnings(evidence: ReleaseEvidence) -> list[str]:
    found = list(warnings(evidence))
    if not evidence.files:
        found.append(
            "no files are described: `--files` names the folder that `prov export` wrote, and "
            "without them nothing can be loaded"
        )
    if columns := left_out(evidence.files):
        found.append(f"columns that Croissant has no type for are left out: {card.named(columns)}")
    return found


def finish(filled: Filled) -> dict[str, Any]:
    """Write the document in JSON-LD, without members that have no value."""
    content, evidence = filled.content, filled.evidence
    synthetic = content["synthetic"]
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        **non_empty(
            name=content["name"],
            description=content["description"],
            url=content["url"],
            license=content["license"],
            creator=[
                *({"@type": "sc:Organization", "name": one} for one in content["creators"]),
                *({"@type": "sc:Person", "name": one} for one in content["persons"]),
            ],
            datePublished=card.iso(content["published"]),
            version=content["version"],
            citeAs=content["citation"],
            inLanguage=content["languages"],
            isLiveDataset=False,
            identifier=evidence.body_digest,
            digitalSourceType=_node(synthetic["source_type"]),
            additionalProperty=_numbers(evidence),
        ),
        **non_empty(**{f"rai:{name}": value for name, value in content["rai"].items()}),
        **non_empty(**{"rai:hasSyntheticData": synthetic["used"]}),
        "prov:wasDerivedFrom": derived_from(evidence),
        "prov:wasGeneratedBy": generated_by(evidence),
        **non_empty(
            distribution=distribution(evidence, content["files_at"]),
            recordSet=record_sets(evidence),
        ),
    }


def _node(address: str | None) -> dict[str, str] | None:
    return {"@id": address} if address else None


def _numbers(evidence: ReleaseEvidence) -> list[dict[str, Any]]:
    """List the bounds of the synthetic size in every unit, and the records by label."""
    shares = [
        {
            "@type": "sc:PropertyValue",
            "propertyID": f"synthetic-{share.unit}",
            "name": f"synthetic {share.unit} of {share.size}",
            "minValue": share.lo,
            "maxValue": share.hi,
            "unitText": share.unit,
        }
        for share in evidence.shares
    ]
    labels = [
        {
            "@type": "sc:PropertyValue",
            "propertyID": f"records-{label}",
            "name": f"records labelled {label}",
            "sc:value": count,
            "unitText": "records",
        }
        for label, count in evidence.labels.items()
    ]
    return shares + labels
