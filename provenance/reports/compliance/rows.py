"""Build the rows and sentences that several reports share from the evidence of a release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from provenance.model.origin import Label
from provenance.model.reports.release_evidence import (
    MODALITIES,
    Domain,
    GeneratorEvidence,
    Modality,
    ReleaseEvidence,
    SourceEvidence,
)
from provenance.model.reports.report_rows import (
    DomainRow,
    GeneratorRow,
    SeedRow,
    ShareRow,
    SourceRow,
    UnknownRow,
)
from provenance.model.source import Source
from provenance.reports.render import number

ENRICHING = frozenset({"annotate", "clean"})
"""Roles of models that only clean or enrich: not synthetic data in the EU's template."""


def share_rows(evidence: ReleaseEvidence) -> tuple[ShareRow, ...]:
    """List the synthetic share in every unit."""
    return tuple(
        ShareRow(
            unit=share.unit,
            size=share.size,
            synthetic_at_least=share.lo,
            synthetic_at_most=share.hi,
            share_at_least=number.at_least(share.lo, share.size),
            share_at_most=number.at_most(share.hi, share.size),
        )
        for share in evidence.shares
    )


def source_rows(sources: Iterable[SourceEvidence]) -> tuple[SourceRow, ...]:
    """List sources with owner, licence, period and sizes."""
    return tuple(_source_row(source, source.contract) for source in sources)


def _source_row(source: SourceEvidence, contract: Source | None) -> SourceRow:
    return SourceRow(
        source=source.source,
        section=source.section,
        owner=(contract.legal_entity or contract.owner) if contract else None,
        address=contract.url if contract else None,
        licence=contract.licence if contract else None,
        collected_from=contract.collected_from if contract else None,
        collected_to=contract.collected_to if contract else None,
        records=source.records,
        bytes=source.bytes,
        synthetic_bytes_at_least=source.lo_bytes,
        synthetic_bytes_at_most=source.hi_bytes,
    )


def generator_rows(generators: Iterable[GeneratorEvidence]) -> tuple[GeneratorRow, ...]:
    """List models with what they made."""
    return tuple(
        GeneratorRow(
            model=one.generator,
            version=one.version,
            provider=one.provider,
            on_market=one.on_market,
            summary=one.summary,
            role=one.role,
            process=one.process,
            source=one.source,
            made_for=one.on_behalf_of,
            records=one.records,
            bytes=one.bytes,
            synthetic_bytes_at_least=one.lo_bytes,
            synthetic_bytes_at_most=one.hi_bytes,
        )
        for one in generators
    )


def seed_rows(evidence: ReleaseEvidence) -> tuple[SeedRow, ...]:
    """List what the synthetic records were made from."""
    return tuple(
        SeedRow(
            source=one.source,
            made_from=one.seed if one.kind in {"record", "declared"} else f"{one.kind} {one.seed}",
            known_by="contract" if one.kind == "declared" else "lineage",
            records=one.records,
        )
        for one in evidence.seeds
    )


def unknown_rows(evidence: ReleaseEvidence) -> tuple[UnknownRow, ...]:
    """List sources with records of unknown origin, and why it is unknown."""
    return tuple(
        UnknownRow(
            source=one.source,
            records=one.records,
            bytes=one.bytes,
            bytes_not_known=one.open_bytes,
            reason=one.reason,
        )
        for one in evidence.unsettled
    )


def domain_rows(domains: Iterable[Domain]) -> tuple[DomainRow, ...]:
    """List domains with their sizes."""
    return tuple(
        DomainRow(domain=one.domain, records=one.records, bytes=one.bytes) for one in domains
    )


def synthetic_statement(evidence: ReleaseEvidence) -> str:
    """State how much is synthetic, with total and unit, and how many records are unknown."""
    share = evidence.share("bytes")
    labels = evidence.labels
    return (
        f"{number.at_least(share.lo, share.size)} to {number.at_most(share.hi, share.size)} of "
        f"{share.size:,} bytes: at least {share.lo:,}, at most {share.hi:,}. Of the records, "
        f"{labels[Label.SYNTHETIC]:,} are synthetic, {labels[Label.MIXED]:,} mixed, "
        f"{labels[Label.HUMAN]:,} human, and of {labels[Label.UNKNOWN]:,} the origin is unknown."
    )


def uses_synthetic(evidence: ReleaseEvidence) -> bool | None:
    """Whether any record is synthetic or mixed; ``None`` where the others include unknown ones.

    A plain yes or no cannot express "unknown", so unknown records are never counted as human.
    """
    if evidence.labels[Label.SYNTHETIC] or evidence.labels[Label.MIXED]:
        return True
    return None if evidence.labels[Label.UNKNOWN] else False


def modalities_of(sources: Iterable[SourceEvidence]) -> tuple[Modality, ...]:
    """List the modalities of sources, in their usual order."""
    found = {modality for source in sources for modality in source.modalities}
    return tuple(modality for modality in MODALITIES if modality in found)


def contracts_of(sources: Iterable[SourceEvidence]) -> list[Source]:
    """List the contracts of the sources that have one."""
    return [source.contract for source in sources if source.contract]


def stated(sources: Sequence[SourceEvidence], member: str) -> bool | None:
    """Combine yes-no members of contracts: any yes is a yes, a no needs a no from all."""
    statements = [getattr(source.contract, member, None) for source in sources]
    if True in statements:
        return True
    return False if statements and all(one is False for one in statements) else None


def described(sources: Iterable[SourceEvidence], member: str) -> str | None:
    """Join the texts of contracts, each after the name of its source; ``None`` without any."""
    statements = ((source.name, getattr(source, member)) for source in contracts_of(sources))
    lines = [f"{name}: {_words(value)}" for name, value in statements if value]
    return "; ".join(lines) or None


def described_by_all(sources: Sequence[SourceEvidence], member: str) -> str | None:
    """Join the texts as ``described`` does, but only if every source has one."""
    whole = all(source.contract and getattr(source.contract, member) for source in sources)
    return described(sources, member) if whole else None


def listed(sources: Iterable[SourceEvidence], member: str) -> tuple[str, ...]:
    """List the entries of a list member of contracts, each once, in their order."""
    words = (word for source in contracts_of(sources) for word in getattr(source, member))
    return tuple(dict.fromkeys(words))


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def month(value: str | None) -> str | None:
    """Write a month as the laws do; ``None`` for a year alone.

    >>> month("2024-06-30"), month("2024")
    ('06/2024', None)
    """
    return f"{value[5:7]}/{value[:4]}" if value and len(value) >= len("2024-06") else None


def first_and_last(sources: Sequence[SourceEvidence]) -> tuple[str | None, str | None]:
    """Find the first and the last month of collection, each if all sources state it."""
    starts = [one.contract.collected_from if one.contract else None for one in sources]
    ends = [one.contract.collected_to if one.contract else None for one in sources]
    return _extreme(starts, last=False), _extreme(ends, last=True)


def _extreme(values: Sequence[str | None], *, last: bool) -> str | None:
    months = [value[:7] for value in values if month(value) and value]
    if not months or len(months) < len(values):
        return None
    return month(max(months) if last else min(months))


def processing_steps(sources: Iterable[SourceEvidence], *steps: str) -> str | None:
    """Join the processing steps that contracts state, with their purposes."""
    lines = [
        f"{source.name}: {step.step} ({step.purpose})"
        + (f": {step.description}" if step.description else "")
        for source in contracts_of(sources)
        for step in source.processing
        if not steps or step.step in steps
    ]
    return "; ".join(lines) or None
