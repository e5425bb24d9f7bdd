"""Fill a datasheet for datasets (Gebru et al., 2021) from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import ReleaseEvidence, SourceEvidence
from provenance.reports.compliance import card, rows
from provenance.reports.compliance.bom import warnings
from provenance.reports.compliance.fill import Draft
from provenance.reports.compliance.form import load_form


def draft(evidence: ReleaseEvidence, _: Mapping[str, AnswerValue]) -> Draft:
    """Fill the datasheet as far as the ledger can."""
    sources = evidence.sources
    known: dict[str, Any] = {
        "purpose": rows.described_by_all(sources, "purpose"),
        "instances": rows.described_by_all(sources, "content_types"),
        "count": _count(evidence),
        "modalities": card.modality_rows(evidence),
        "selection": _selection(evidence),
        "languages": tuple(one.model_dump() for one in evidence.languages),
        "data": card.fields(evidence),
        "labels": rows.described_by_all(sources, "label_types"),
        "synthetic": card.synthetic(evidence),
        "generators": rows.generator_rows(evidence.generators),
        "seeds": rows.seed_rows(evidence),
        "splits": card.splits(evidence) or "none",
        "redundancies": card.repeats(evidence),
        "sensitive": card.personal(sources),
        "sources": rows.source_rows(sources),
        "acquired": rows.described_by_all(sources, "description"),
        "mechanisms": _mechanisms(sources),
        "sampling": _sampling(evidence),
        "timeframe": _timeframe(sources),
        "preprocessing": card.processing(sources),
        "files": card.file_rows(evidence),
        "licences": card.licences(evidence) or "no contract states one",
        "rights": _rights(sources),
        "identity": (
            f"release {evidence.release}, sealed {evidence.created_at.isoformat()} by prov "
            f"{evidence.tool_version}; digest of its manifest {evidence.body_digest}"
        ),
    }
    return Draft({**_blank(), **known}, _suggestions(evidence), {}, warnings(evidence))


@cache
def _questions() -> tuple[str, ...]:
    """List the members that hold the answers to the form's questions."""
    return tuple(
        item.path for _, item in load_form("datasheet").items() if item.asked and item.path
    )


def _blank() -> dict[str, Any]:
    return dict.fromkeys(_questions())


def _count(evidence: ReleaseEvidence) -> str:
    return (
        f"{evidence.totals['records']:,} records, {evidence.records:,} of them distinct by their "
        f"content; {evidence.totals['bytes']:,} bytes"
    )


def _selection(evidence: ReleaseEvidence) -> str:
    """State which records of the ledger were selected."""
    chosen = evidence.selection
    named = f"the sources {card.named(chosen.sources)}" if chosen.sources else "all sources"
    where = f", where {chosen.where}" if chosen.where else ""
    fit = "; of these the largest set that keeps the policy" if chosen.fit else ""
    return f"Of the records that the ledger holds: {named}{where}{fit}"


def _sampling(evidence: ReleaseEvidence) -> str:
    chosen = evidence.selection
    weights = ", ".join(f"{source} {weight} times" for source, weight in chosen.weights.items())
    how = (
        f"drawn by the digests of the records under the seed {chosen.seed}, as many as the policy "
        f"{evidence.policy} lets in"
        if chosen.fit
        else f"every record that was selected, under the policy {evidence.policy}"
    )
    return f"{how}; repeated: {weights}" if weights else how


def _mechanisms(sources: Sequence[SourceEvidence]) -> str | None:
    """Describe the crawlers, if all sources were crawled."""
    crawled = all(source.section == "2.3" for source in sources)
    return rows.described_by_all(sources, "crawl_behaviour") if crawled else None


def _timeframe(sources: Sequence[SourceEvidence]) -> str | None:
    start, end = rows.first_and_last(card.collected(sources))
    return f"{card.iso(start)} to {card.iso(end)}" if start and end else None


def _rights(sources: Sequence[SourceEvidence]) -> str | None:
    """State the rights in the data, if contracts decide all three of them."""
    rights = {
        name: card.rights(sources, flag)
        for name, flag in (
            ("copyright", "copyrighted"),
            ("trademarks", "trademarked"),
            ("patents", "patented"),
        )
    }
    whole = all(rights.values())
    return "; ".join(f"{name}: {text}" for name, text in rights.items()) if whole else None


def _suggestions(evidence: ReleaseEvidence) -> dict[str, str]:
    sources = evidence.sources
    domains = evidence.domains.domains
    unknown = rows.unknown_rows(evidence)
    partly = {
        "ds.purpose": rows.described(sources, "purpose"),
        "ds.instances": rows.described(sources, "content_types"),
        "ds.labels": rows.described(sources, "label_types"),
        "ds.acquired": rows.described(sources, "description"),
        "ds.mechanisms": rows.described(sources, "crawl_behaviour"),
        "ds.preprocessing": rows.processing_steps(sources),
        "ds.offensive": rows.processing_steps(sources, "filter-illegal"),
        "ds.external": f"addresses lie in {domains:,} registrable domains" if domains else None,
        "ds.licence": card.licences(evidence),
        "ds.notified": rows.described(sources, "tdm_measures"),
        "ds.affects": rows.synthetic_statement(evidence)
        if unknown or evidence.generators
        else None,
    }
    return {question: f"the ledger says: {text}" for question, text in partly.items() if text}
