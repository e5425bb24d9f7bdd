"""Fill the EU's public summary of training content (AI Act, Art. 53(1)(d)) from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provenance.model.origin import Label
from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import (
    MODALITIES,
    DomainEvidence,
    GeneratorEvidence,
    Modality,
    ModalityEvidence,
    ReleaseEvidence,
    SourceEvidence,
)
from provenance.model.source import EuSection
from provenance.reports.compliance import rows
from provenance.reports.compliance.fill import Draft

LARGE = 3
"""Per cent of all public data of a modality above which a dataset counts as large."""

BANDS: Mapping[Modality, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "text": (
        (10**9, 10**13),
        (
            "Less than 1 billion tokens",
            "1 billion to 10 trillion tokens",
            "More than 10 trillion tokens",
        ),
    ),
    "image": (
        (10**6, 10**9),
        (
            "Less than 1 million images",
            "1 million to 1 billion images",
            "More than 1 billion images",
        ),
    ),
}
"""The template's size ranges; hours of audio and video are not measured, so people state them."""

ASKED_OF: Mapping[str, tuple[EuSection, ...]] = {
    "eu.2.1.used": ("2.1",),
    "eu.2.2.1.agreements": ("2.2.1",),
    "eu.2.2.2.obtained": ("2.2.2",),
    "eu.2.3.used": ("2.3",),
    "eu.2.6.used": ("2.6",),
}
"""Yes-no questions, with the sections whose sources imply a yes."""


def draft(evidence: ReleaseEvidence, answers: Mapping[str, AnswerValue]) -> Draft:
    """Fill the summary as far as the ledger can."""
    content: dict[str, Any] = {
        "version": None,
        "last_update": f"{evidence.created_at:%d/%m/%Y}",
        "general_information": _general(evidence),
        "data_sources": {
            "publicly_available_datasets": _public(evidence.in_section("2.1")),
            "private_third_party_datasets": _private(evidence),
            "crawled_data": _crawled(evidence, small=answers.get("eu.2.3.small") is True),
            "user_data": _user(evidence.in_section("2.4")),
            "synthetic_data": _synthetic(evidence),
            "other_sources": {
                "used": None,
                "description": rows.described_by_all(evidence.in_section("2.6"), "description"),
                "additional_comments": None,
            },
        },
        "data_processing_aspects": _processing(evidence),
        "shares": rows.share_rows(evidence),
        "sources": rows.source_rows(evidence.sources),
    }
    suggestions, expected = _suggestions(evidence)
    return Draft(content, suggestions, expected, tuple(_warnings(evidence)))


def _general(evidence: ReleaseEvidence) -> dict[str, Any]:
    return {
        "provider_identification": {
            "provider_name_and_contact": None,
            "authorised_representative_name_and_contact": None,
        },
        "model_identification": {
            "versioned_model_names": (),
            "model_dependencies": None,
            "date_of_placement_on_union_market": None,
        },
        "modalities": [_modality(one, evidence.sources) for one in evidence.modalities],
        "latest_data_collection_date": rows.first_and_last(evidence.sources)[1],
        "continuously_trained_on_new_data": None,
        "linguistic_characteristics": _languages(evidence),
        "other_characteristics": rows.described(evidence.sources, "regions"),
        "additional_comments": None,
    }


def _modality(one: ModalityEvidence, sources: Sequence[SourceEvidence]) -> dict[str, Any]:
    holding = [source for source in sources if one.modality in source.modalities]
    types = rows.described_by_all(holding, "content_types")
    size, unit = {
        "text": (one.bytes, "bytes"),
        "image": (one.records, "images"),
        "other": (one.records, "records"),
    }.get(one.modality, (one.records, "files"))
    return {
        "modality": one.modality,
        "other_modality_name": "structured records" if one.modality == "other" else None,
        "size_range": band(one),
        "custom_size_value": str(size),
        "custom_size_unit": unit,
        "types_of_content": types,
        "records": one.records,
        "bytes": one.bytes,
        "synthetic_bytes_at_least": one.lo_bytes,
        "synthetic_bytes_at_most": one.hi_bytes,
    }


def band(one: ModalityEvidence) -> str | None:
    """Find the size range that applies with any tokenizer; ``None`` if it is not certain.

    A text has at least as many tokens as words, and at most as many as bytes.
    """
    if one.modality not in BANDS:
        return None
    limits, names = BANDS[one.modality]
    low = high = one.records
    if one.modality == "text":
        low, high = (one.words, one.bytes) if one.tokens is None else (one.tokens, one.tokens)
    bands = {sum(size >= limit for limit in limits) for size in (low, high)}
    return names[bands.pop()] if len(bands) == 1 else None


def _languages(evidence: ReleaseEvidence) -> str | None:
    known = [one for one in evidence.languages if one.language is not None]
    by_source = rows.described(evidence.sources, "languages")
    counted = [f"{one.language} {one.records:,} records" for one in known]
    rest = sum(one.records for one in evidence.languages if one.language is None)
    if counted and rest:
        counted.append(f"not stated {rest:,} records")
    parts = [", ".join(counted), f"by source: {by_source}" if by_source else ""]
    return "; ".join(part for part in parts if part) or None


def _public(sources: Sequence[SourceEvidence]) -> dict[str, Any]:
    total: dict[Modality, int] = {}
    for source in sources:
        for modality, size in source.modalities.items():
            total[modality] = total.get(modality, 0) + size
    large = [
        source
        for source in sources
        if any(size * 100 > LARGE * total[one] for one, size in source.modalities.items())
    ]
    others = [source for source in sources if source not in large]
    return {
        "used": None,
        "modalities_covered": rows.modalities_of(sources),
        "large_datasets": [_dataset(source) for source in large],
        "other_datasets_general_description": rows.described_by_all(others, "description")
        if others
        else ("none" if sources else None),
        "additional_comments": None,
    }


def _dataset(source: SourceEvidence) -> dict[str, Any]:
    contract = source.contract
    return {
        "identifier_or_name": source.source,
        "link": contract.url if contract else None,
        "description": contract.description if contract else None,
        "collection_start_date": rows.month(contract.collected_from) if contract else None,
        "collection_end_date": rows.month(contract.collected_to) if contract else None,
        "records": source.records,
        "bytes": source.bytes,
    }


def _private(evidence: ReleaseEvidence) -> dict[str, Any]:
    licensed, other = evidence.in_section("2.2.1"), evidence.in_section("2.2.2")
    known = [source for source in other if source.contract and source.contract.publicly_known]
    hidden = [source for source in other if source not in known]
    return {
        "licensed": {
            "has_licensing_agreements": None,
            "modalities_covered": rows.modalities_of(licensed),
            "sources": rows.source_rows(licensed),
        },
        "other_third_party": {
            "obtained": None,
            "modalities_covered": rows.modalities_of(other),
            "publicly_known_datasets": tuple(_named(source) for source in known),
            "general_description": rows.described_by_all(hidden, "description")
            if hidden
            else ("none" if other else None),
            "additional_comments": None,
        },
    }


def _named(source: SourceEvidence) -> str:
    url = source.contract.url if source.contract else None
    return f"{source.source} ({url})" if url else source.source


def _crawled(evidence: ReleaseEvidence, *, small: bool) -> dict[str, Any]:
    sources = evidence.in_section("2.3")
    start, end = rows.first_and_last(sources)
    domains = evidence.crawled_domains
    most = domains.top_small if small else domains.top_tenth
    return {
        "crawlers_used": None,
        "crawler_names": rows.listed(sources, "crawlers"),
        "crawler_purposes": rows.described_by_all(sources, "crawl_purpose"),
        "crawler_behaviour_description": rows.described_by_all(sources, "crawl_behaviour"),
        "collection_period_start": start,
        "collection_period_end": end,
        "content_and_sources_description": rows.described_by_all(sources, "description"),
        "modalities_covered": rows.modalities_of(sources),
        "small_or_medium_provider": None,
        "top_domains_summary": _summary(domains, most, small=small) if sources else None,
        "top_domains": rows.domain_rows(domains.listed[:most]),
        "top_domains_file": None,
        "additional_comments": None,
    }


def _summary(domains: DomainEvidence, most: int, *, small: bool) -> str:
    rule = "5 %, at most 1,000," if small else "10 %"
    listed = min(most, len(domains.listed))
    text = (
        f"The largest {rule} of {domains.domains:,} registrable domains by bytes, {most:,} in "
        f"number: {', '.join(one.domain for one in domains.listed[: min(listed, 10)])}"
    )
    if not domains.domains:
        text = "No record of the crawled sources has an address"
    elif listed > 10:
        text += ", and so on"
    if listed < most:
        text += f". The first {listed:,} are listed; the option --domains writes every one"
    if domains.without_records:
        text += f". {domains.without_records:,} crawled records have no address"
    return text


def _user(sources: Sequence[SourceEvidence]) -> dict[str, Any]:
    return {
        "model_interaction_data_used": None,
        "other_product_interaction_data_used": None,
        "services_or_products_description": ", ".join(rows.listed(sources, "services")) or None,
        "modalities_covered": rows.modalities_of(sources),
        "additional_comments": None,
    }


def in_scope(one: GeneratorEvidence) -> bool:
    """Whether section 2.5 counts a model's output: not only cleaned, and not made for others."""
    return one.role not in rows.ENRICHING and one.on_behalf_of != "others"


def _synthetic(evidence: ReleaseEvidence) -> dict[str, Any]:
    made = [one for one in evidence.generators if in_scope(one)]
    covered = {modality for one in made for modality in one.modalities}
    others = {_model(one): one for one in made if one.generator and not one.on_market}
    return {
        "used": bool(made) or (None if evidence.labels[Label.UNKNOWN] else False),
        "statement": rows.synthetic_statement(evidence),
        "modalities_covered": tuple(one for one in MODALITIES if one in covered),
        "generating_models": tuple(dict.fromkeys(_model(one) for one in made if one.on_market)),
        "other_generating_models_description": _others(others) if made else "none",
        "generators": rows.generator_rows(made),
        "seeds": rows.seed_rows(evidence),
        "left_out": rows.generator_rows(one for one in evidence.generators if not in_scope(one)),
        "unknown": rows.unknown_rows(evidence),
        "additional_comments": None,
    }


def _model(one: GeneratorEvidence) -> str:
    words = [one.generator or "not named", one.version or ""]
    name = " ".join(word for word in words if word)
    return f"{name} (Summary: {one.summary})" if one.summary else name


def _others(others: Mapping[str, GeneratorEvidence]) -> str | None:
    """Describe models that are not on the market, if something is known of each."""
    if not others:
        return "none"
    if not all(one.training or one.on_market is False for one in others.values()):
        return None
    return "; ".join(
        f"{name}: trained on {one.training or 'data that are not described'}"
        for name, one in others.items()
    )


def _processing(evidence: ReleaseEvidence) -> dict[str, Any]:
    return {
        "tdm_reservation_respect": {
            "is_code_of_practice_signatory": None,
            "measures_description": rows.described(evidence.sources, "tdm_measures"),
            "additional_comments": None,
        },
        "illegal_content_removal": {
            "measures_description": rows.processing_steps(evidence.sources, "filter-illegal")
        },
        "other_information": None,
    }


def _suggestions(evidence: ReleaseEvidence) -> tuple[dict[str, str], dict[str, bool]]:
    found: dict[str, str] = {}
    expected: dict[str, bool] = {}
    unclassed = len(evidence.in_section(None))
    for question, sections in ASKED_OF.items():
        sources = evidence.in_section(*sections)
        found[question] = _speaks(sources, unclassed)
        if sources:
            expected[question] = True
    for question, channel in (("eu.2.4.model", "model"), ("eu.2.4.other", "services")):
        sources = tuple(
            source
            for source in evidence.in_section("2.4")
            if source.contract and channel in source.contract.user_data_from
        )
        found[question] = _speaks(sources, unclassed)
        if sources:
            expected[question] = True
    if rows.stated(evidence.sources, "ongoing"):
        found["eu.1.3.continuous"] = "collection goes on for at least one source"
    unsaid = [one.generator for one in evidence.generators if one.generator and not one.on_market]
    if unsaid:
        found["eu.2.5.others"] = "models: " + ", ".join(dict.fromkeys(unsaid))
    return found, expected


def _speaks(sources: Sequence[SourceEvidence], unclassed: int) -> str:
    records = sum(source.records for source in sources)
    names = ", ".join(source.source for source in sources[:5])
    more = f" and {len(sources) - 5:,} more" if len(sources) > 5 else ""
    text = f"yes: {names}{more}, {records:,} records" if sources else "no source is of this class"
    return f"{text}; {unclassed:,} sources state no class" if unclassed else text


def _warnings(evidence: ReleaseEvidence) -> list[str]:
    found = []
    if unclassed := evidence.in_section(None):
        names = ", ".join(source.source for source in unclassed[:5])
        more = f" and {len(unclassed) - 5:,} more" if len(unclassed) > 5 else ""
        found.append(f"in no section, because no class is stated: {names}{more}")
    made = [one for one in evidence.generators if in_scope(one)]
    if not made and evidence.labels[Label.UNKNOWN]:
        found.append(
            f"2.5 is not determined: the origin of {evidence.labels[Label.UNKNOWN]:,} records is "
            "unknown, and none is known to be synthetic"
        )
    if nameless := sum(one.records for one in made if one.generator is None):
        found.append(f"no evidence names the model of {nameless:,} synthetic or mixed records")
    if evidence.generators_in_all > len(evidence.generators):
        found.append(f"the largest of {evidence.generators_in_all:,} generators are listed")
    return found
