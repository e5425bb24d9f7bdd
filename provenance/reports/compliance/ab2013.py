"""Fill the training data transparency statement of California's AB 2013 from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provenance.model.origin import Label
from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import ReleaseEvidence, SourceEvidence
from provenance.model.reports.transparency import DataPoints, Period, Step
from provenance.reports.compliance import card, rows
from provenance.reports.compliance.fill import Draft


def draft(evidence: ReleaseEvidence, _: Mapping[str, AnswerValue]) -> Draft:
    """Fill the statement as far as the ledger can."""
    sources = evidence.sources
    start, end = rows.first_and_last(sources)
    content: dict[str, Any] = {
        "developer": None,
        "systems": (),
        "published": f"{evidence.created_at:%d/%m/%Y}",
        "sources": rows.source_rows(sources),
        "intended_purpose_description": rows.described_by_all(sources, "purpose"),
        "data_points": _data_points(evidence),
        "types_of_data_points": rows.described_by_all(sources, "content_types"),
        "types_of_labels": rows.described(sources, "label_types"),
        "ip_status": {
            "includes_copyrighted_content": rows.stated(sources, "copyrighted"),
            "includes_trademarked_content": rows.stated(sources, "trademarked"),
            "includes_patented_content": rows.stated(sources, "patented"),
            "includes_public_domain_content": rows.stated(sources, "public_domain"),
        },
        "entirely_public_domain": None,
        "purchased_or_licensed": _acquired(sources),
        "includes_personal_information": rows.stated(sources, "personal_data"),
        "includes_aggregate_consumer_information": rows.stated(sources, "consumer_data"),
        "data_cleaning_description": card.processing(sources),
        "processing_steps": _steps(sources),
        "collection_periods": _periods(sources),
        "collection_period": f"{start} to {end}" if start and end else None,
        "collection_ongoing": rows.stated(sources, "ongoing"),
        "first_used_in_development_date": rows.described_by_all(sources, "first_used"),
        "synthetic_data_generation": _generation(evidence),
        "shares": rows.share_rows(evidence),
    }
    return Draft(content, _suggestions(evidence), {}, tuple(_warnings(evidence)))


def _data_points(evidence: ReleaseEvidence) -> tuple[DataPoints, ...]:
    return tuple(
        DataPoints(modality=one.modality, data_points=one.records, bytes=one.bytes, words=one.words)
        for one in evidence.modalities
    )


def _acquired(sources: Sequence[SourceEvidence]) -> bool | None:
    """Whether any source was purchased or licensed; one of section 2.2.1 was."""
    if any(source.section == "2.2.1" for source in sources):
        return True
    return rows.stated(sources, "purchased")


def _steps(sources: Sequence[SourceEvidence]) -> tuple[Step, ...]:
    return tuple(
        Step(
            source=contract.name,
            step=step.step,
            purpose=step.purpose,
            description=step.description,
        )
        for contract in rows.contracts_of(sources)
        for step in contract.processing
    )


def _periods(sources: Sequence[SourceEvidence]) -> tuple[Period, ...]:
    return tuple(
        Period(
            source=source.source,
            collected_from=source.contract.collected_from if source.contract else None,
            collected_to=source.contract.collected_to if source.contract else None,
            ongoing=source.contract.ongoing if source.contract else None,
        )
        for source in sources
    )


def _generation(evidence: ReleaseEvidence) -> dict[str, Any]:
    return {
        "used": rows.uses_synthetic(evidence),
        "statement": rows.synthetic_statement(evidence),
        "continuous": None,
        "purpose": None,
        "generators": rows.generator_rows(evidence.generators),
        "seeds": rows.seed_rows(evidence),
        "unknown": rows.unknown_rows(evidence),
    }


def _suggestions(evidence: ReleaseEvidence) -> dict[str, str]:
    partly = {
        "ab.2.purpose": rows.described(evidence.sources, "purpose"),
        "ab.4.types": rows.described(evidence.sources, "content_types"),
        "ab.9.cleaning": rows.processing_steps(evidence.sources),
        "ab.11.first-use": rows.described(evidence.sources, "first_used"),
    }
    return {question: f"some sources say: {text}" for question, text in partly.items() if text}


def _warnings(evidence: ReleaseEvidence) -> list[str]:
    if rows.uses_synthetic(evidence) is None:
        unknown = f"the origin of {evidence.labels[Label.UNKNOWN]:,} records is unknown"
        return [f"item 12 is not determined: {unknown}, and none is known to be synthetic"]
    return []
