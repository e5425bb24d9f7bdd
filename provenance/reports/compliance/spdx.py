"""Fill and write an SPDX 3.0.1 document: a release as a dataset package, its sources, models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import Modality, ReleaseEvidence, SourceEvidence
from provenance.model.source import Source
from provenance.reports.compliance import bom, rows
from provenance.reports.compliance.bom import non_empty
from provenance.reports.compliance.fill import Draft, Filled

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
"""Address of the context that the standard requires; it is never loaded."""

MADE = "_:creation"

TYPES: Mapping[Modality, str] = {
    "text": "text",
    "image": "image",
    "audio": "audio",
    "video": "video",
    "other": "other",
}

AVAILABILITY = ("directDownload", "clickthrough", "registration", "query", "scrapingScript")
CONFIDENTIALITY = ("red", "amber", "green", "clear")
PERSONAL = {True: "yes", False: "no", None: "noAssertion"}


def draft(evidence: ReleaseEvidence, answers: Mapping[str, AnswerValue]) -> Draft:
    """Fill what the ledger knows; ``finish`` builds the document when the answers are there."""
    sources = evidence.sources
    return Draft(
        {
            "description": (
                f"Training set {evidence.release}: {evidence.records:,} distinct records of "
                f"{len(sources):,} sources, sealed under the policy {evidence.policy}."
            ),
            "shares": rows.share_rows(evidence),
            "types": tuple(TYPES[one.modality] for one in evidence.modalities),
            "size": evidence.totals["records"],
            "originator": None,
            "supplier": None,
            "location": None,
            "availability": None,
            "licence": None,
            "confidentiality": None,
            "intended_use": rows.described_by_all(sources, "purpose"),
            "known_bias": (),
            "noise": None,
            "personal_data": rows.stated(sources, "personal_data"),
            "collection": _collection(evidence),
            "preprocessing": _preprocessing(sources),
            "updates": None,
            "sources": rows.source_rows(sources),
            "generators": rows.generator_rows(evidence.generators),
            "seeds": rows.seed_rows(evidence),
        },
        warnings=(*bom.warnings(evidence), *_misfits(answers)),
    )


def _collection(evidence: ReleaseEvidence) -> str:
    """State the synthetic share, for which the standard has no member, and the sources."""
    descriptions = rows.described(evidence.sources, "description")
    return (
        "Synthetic: "
        + rows.synthetic_statement(evidence)
        + (f" Sources: {descriptions}" if descriptions else "")
    )


def _preprocessing(sources: tuple[SourceEvidence, ...]) -> tuple[str, ...]:
    return tuple(
        f"{contract.name}: {step.step} ({step.purpose})"
        + (f": {step.description}" if step.description else "")
        for contract in rows.contracts_of(sources)
        for step in contract.processing
    )


def _misfits(answers: Mapping[str, AnswerValue]) -> Iterator[str]:
    """Warn of answers that are left out because the standard has no such value."""
    for question, words in (
        ("spdx.availability", AVAILABILITY),
        ("spdx.confidentiality", CONFIDENTIALITY),
    ):
        if question in answers and _word(answers[question], words) is None:
            yield f"{question} is none of {', '.join(words)}, and is left out"
    if "spdx.location" in answers and bom.address(str(answers["spdx.location"])) is None:
        yield "spdx.location is no address, and is left out"


def _word(answer: AnswerValue | None, words: tuple[str, ...]) -> str | None:
    """Match an answer with a value of the standard, whatever its case and spaces."""
    given = "".join(str(answer).lower().split())
    return next((word for word in words if word.lower() == given), None)


def finish(filled: Filled) -> dict[str, Any]:
    """Build the document in the standard's JSON-LD serialisation."""
    document = _Document(filled)
    return {"@context": CONTEXT, "@graph": document.graph()}


class _Document:
    """The elements of one document, with ids derived from its release and answers."""

    def __init__(self, filled: Filled) -> None:
        self._evidence = filled.evidence
        self._content = filled.content
        self._missing = filled.missing
        self._warnings = filled.warnings
        self._base = bom.content_id(filled).urn
        self._tool = self._id("tool")
        self._set = self._id("release")
        self._organisations: dict[str, dict[str, Any]] = {}

    def graph(self) -> list[dict[str, Any]]:
        # Built first: packages and relations register the organisations that they name.
        packages = [
            self._release(),
            *(self._source(one) for one in self._evidence.sources),
            *self._models(),
            *map(self._outer, bom.outer_nodes(self._evidence)),
        ]
        relations = [*self._licences(), *self._relations()]
        elements = [
            {"type": "Tool", "spdxId": self._tool, "creationInfo": MADE, "name": self._by},
            self._agent("SoftwareAgent", self._id("agent"), self._by),
            *self._organisations.values(),
            *packages,
            *relations,
        ]
        return [self._creation(), self._document(packages[0], elements), *elements]

    @property
    def _by(self) -> str:
        return f"prov {self._evidence.tool_version}"

    @property
    def _sealed(self) -> str:
        return _instant(self._evidence.created_at)

    def _id(self, name: str) -> str:
        return f"{self._base}#{quote(name, safe=':')}"

    def _creation(self) -> dict[str, Any]:
        return {
            "type": "CreationInfo",
            "@id": MADE,
            "specVersion": "3.0.1",
            "created": self._sealed,
            "createdBy": [self._id("agent")],
            "createdUsing": [self._tool],
        }

    def _document(self, package: dict[str, Any], elements: list[dict[str, Any]]) -> dict[str, Any]:
        """Build the document element, with the profiles that the document conforms to.

        The Dataset profile requires four members that its schema does not.
        """
        asked = ("originatedBy", "software_downloadLocation", "releaseTime", "builtTime")
        # The extension profile cannot be claimed: the context reads its name as a property.
        profiles = ["core", "software", "simpleLicensing"]
        if all(member in package for member in asked):
            profiles.append("dataset")
        notes = [*(f"not provided: {one}" for one in self._missing), *self._warnings]
        return non_empty(
            type="SpdxDocument",
            spdxId=self._id("document"),
            creationInfo=MADE,
            name=f"{self._evidence.release}.spdx3",
            comment="; ".join(notes),
            profileConformance=profiles,
            rootElement=[self._set],
            element=[one["spdxId"] for one in elements],
        )

    def _release(self) -> dict[str, Any]:
        evidence, content = self._evidence, self._content
        originator, supplier = content["originator"], content["supplier"]
        return non_empty(
            type="dataset_DatasetPackage",
            spdxId=self._set,
            creationInfo=MADE,
            name=evidence.release,
            description=content["description"],
            comment="The hash is that of the sealed manifest, which stands for every record.",
            verifiedUsing=[
                {"type": "Hash", "algorithm": "sha256", "hashValue": bom.sha256(evidence)}
            ],
            builtTime=self._sealed,
            releaseTime=self._sealed,
            originatedBy=[self._organisation(originator)] if originator else [],
            suppliedBy=self._organisation(supplier or originator) if originator else None,
            software_primaryPurpose="data",
            software_packageVersion=evidence.body_digest,
            software_downloadLocation=bom.address(content["location"]),
            dataset_datasetType=list(content["types"]) or ["noAssertion"],
            dataset_datasetSize=content["size"],
            dataset_datasetAvailability=_word(content["availability"], AVAILABILITY),
            dataset_datasetNoise=content["noise"],
            dataset_datasetUpdateMechanism=content["updates"],
            dataset_confidentialityLevel=_word(content["confidentiality"], CONFIDENTIALITY),
            dataset_dataCollectionProcess=content["collection"],
            dataset_dataPreprocessing=list(content["preprocessing"]),
            dataset_hasSensitivePersonalInformation=PERSONAL[content["personal_data"]],
            dataset_intendedUse=content["intended_use"],
            dataset_knownBias=list(content["known_bias"]),
            extension=_extension(bom.release_properties(evidence)),
        )

    def _source(self, source: SourceEvidence) -> dict[str, Any]:
        contract = source.contract or Source(name=source.source)
        owner = contract.legal_entity or contract.owner
        redacted = [one.purpose for one in contract.processing if one.step == "redact"]
        return non_empty(
            type="dataset_DatasetPackage",
            spdxId=self._id(f"source:{source.source}"),
            creationInfo=MADE,
            name=source.source,
            description=contract.description,
            originatedBy=[self._organisation(owner)] if owner else [],
            software_primaryPurpose="data",
            software_packageVersion=contract.version,
            software_downloadLocation=bom.address(contract.url),
            dataset_datasetType=[TYPES[one] for one in source.modalities] or ["noAssertion"],
            dataset_datasetSize=source.records,
            dataset_anonymizationMethodUsed=redacted,
            dataset_dataPreprocessing=list(_preprocessing((source,))),
            dataset_hasSensitivePersonalInformation=PERSONAL[contract.personal_data],
            dataset_intendedUse=contract.purpose,
            extension=_extension(
                [*bom.amount_properties(source), *bom.label_properties(source.labels)]
            ),
        )

    def _models(self) -> Iterator[dict[str, Any]]:
        for name, parts in bom.generators(self._evidence).items():
            provider = bom.first_stated(parts, "provider")
            yield non_empty(
                type="ai_AIPackage",
                spdxId=self._id(f"model:{name}"),
                creationInfo=MADE,
                name=name,
                suppliedBy=self._organisation(provider) if provider else None,
                software_primaryPurpose="model",
                software_packageVersion=bom.first_stated(parts, "version"),
                software_homePage=bom.address(bom.first_stated(parts, "summary")),
                ai_informationAboutTraining=bom.first_stated(parts, "training"),
                extension=_extension(
                    [
                        ("prov:records", str(sum(one.records for one in parts))),
                        ("prov:bytes", str(sum(one.bytes for one in parts))),
                        *(("prov:made", bom.made(one)) for one in parts),
                    ]
                ),
            )

    def _outer(self, node: str) -> dict[str, Any]:
        """Build a seed that is not part of the release; its type of data is unknown."""
        kind, _, name = node.partition(":")
        if kind == "model":
            return {
                "type": "ai_AIPackage",
                "spdxId": self._id(node),
                "creationInfo": MADE,
                "name": name,
            }
        return non_empty(
            type="dataset_DatasetPackage",
            spdxId=self._id(node),
            creationInfo=MADE,
            name=name,
            software_primaryPurpose="data",
            software_downloadLocation=bom.address(name) if kind == "entity" else None,
            dataset_datasetType=["noAssertion"],
        )

    def _licences(self) -> Iterator[dict[str, Any]]:
        """Yield each licence once, then its relations; one that is not an expression stays text."""
        under: dict[str, list[str]] = {}
        if self._content["licence"]:
            under.setdefault(self._content["licence"], []).append(self._set)
        for source in self._evidence.sources:
            if source.contract and source.contract.licence:
                package = self._id(f"source:{source.source}")
                under.setdefault(source.contract.licence, []).append(package)
        for number, (licence, elements) in enumerate(under.items(), 1):
            element = self._licence(self._id(f"licence:{number}"), licence)
            yield element
            for n, one in enumerate(elements, 1):
                name = f"licensed:{number}:{n}"
                yield self._relation(name, "hasDeclaredLicense", one, [element["spdxId"]])

    def _licence(self, spdx_id: str, licence: str) -> dict[str, Any]:
        if bom.is_expression(licence):
            return {
                "type": "simplelicensing_LicenseExpression",
                "spdxId": spdx_id,
                "creationInfo": MADE,
                "simplelicensing_licenseExpression": licence,
            }
        return {
            "type": "simplelicensing_SimpleLicensingText",
            "spdxId": spdx_id,
            "creationInfo": MADE,
            "simplelicensing_licenseText": licence,
        }

    def _relations(self) -> Iterator[dict[str, Any]]:
        """Yield the lineage: sources from seeds and models, the release from its sources."""
        upstream = bom.upstream(self._evidence)
        yield self._relation("of-sources", "descendantOf", self._set, map(self._id, upstream))
        for child, parents in upstream.items():
            seeds = [self._id(one) for one in parents if not one.startswith("model:")]
            if seeds:
                yield self._relation(f"of:{child}", "descendantOf", self._id(child), seeds)
        made: dict[str, list[str]] = {}
        for child, parents in upstream.items():
            for one in parents:
                if one.startswith("model:"):
                    made.setdefault(one, []).append(self._id(child))
        for model, children in made.items():
            yield self._relation(f"by:{model}", "generates", self._id(model), children)

    def _relation(self, name: str, kind: str, start: str, ends: Iterable[str]) -> dict[str, Any]:
        return {
            "type": "Relationship",
            "spdxId": self._id(name),
            "creationInfo": MADE,
            "relationshipType": kind,
            "from": start,
            "to": list(ends),
        }

    def _organisation(self, name: str) -> str:
        """Register an organisation as an element, and return its id."""
        spdx_id = self._id(f"organisation:{name}")
        self._organisations.setdefault(name, self._agent("Organization", spdx_id, name))
        return spdx_id

    @staticmethod
    def _agent(kind: str, spdx_id: str, name: str) -> dict[str, Any]:
        return {"type": kind, "spdxId": spdx_id, "creationInfo": MADE, "name": name}


def _extension(found: Iterable[bom.Property]) -> list[dict[str, Any]]:
    """Write numbers without a member in the standard as its extension for properties."""
    return [
        {
            "type": "extension_CdxPropertiesExtension",
            "extension_cdxProperty": [
                {
                    "type": "extension_CdxPropertyEntry",
                    "extension_cdxPropName": name,
                    "extension_cdxPropValue": value,
                }
                for name, value in found
            ],
        }
    ]


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
