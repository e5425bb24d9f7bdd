"""Compute the evidence that reports are filled from: sums over the members of a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from provenance.model.base import Connection, quote_literal
from provenance.model.origin import Label, Process
from provenance.model.reports.facts import Facts
from provenance.model.reports.release_evidence import (
    MODALITIES,
    GeneratorEvidence,
    LanguageEvidence,
    Modality,
    ModalityEvidence,
    ReleaseEvidence,
    SeedEvidence,
    SourceEvidence,
)
from provenance.model.source import ROLES, AiRole, Source
from provenance.reports.compliance.domains import domains, make_domains
from provenance.reports.facts import weighted_sum

LISTED = 1_000
"""Most models, languages or seeds that are listed."""

_SUFFIXES: Mapping[Modality, str] = {
    "image": "png|jpe?g|gif|webp|tiff?|bmp|heic|avif|svg",
    "audio": "wav|mp3|flac|ogg|opus|m4a|aac",
    "video": "mp4|mkv|webm|mov|avi|mpe?g",
}

_BY_SUFFIX = " ".join(
    f"WHEN regexp_matches(lower(uri), '\\.({names})$') THEN '{modality}'"
    for modality, names in _SUFFIXES.items()
)
MODALITY_SQL = (
    "CASE WHEN kind = 'text' THEN 'text' WHEN kind = 'structured' THEN 'other' "
    f"{_BY_SUFFIX} ELSE 'other' END"
)
"""SQL of a member's modality, by its kind and, for files, by the suffix of their names."""

_SIZES = ("bytes", "words", "lo_bytes", "hi_bytes")


class Registered(NamedTuple):
    """A model as the ledger's register describes it."""

    provider: str | None
    version: str | None
    trained_on: str | None


def release_evidence(
    connection: Connection,
    members: str,
    facts: Facts,
    sources: Sequence[Source],
    models: Mapping[str, Registered],
) -> ReleaseEvidence:
    """Compute everything that reports need of a release, in exact integers.

    Args:
        connection: where the members and the views ``lineage`` and ``sightings`` are known.
        members: the members relation of the release (docs/architecture.md), quoted.
        facts: the sums of the release, checked against its manifest.
        sources: contracts of its sources; contracts of other sources are ignored.
        models: registered models, by name.
    """
    contracts = {source.name: source for source in sources}
    crawled = [source.name for source in sources if source.section == "2.3"]
    make_domains(connection, members, _one_of("source", crawled))
    generators, in_all = _generators(connection, members, contracts, models)
    labels = {Label(row.key or Label.UNKNOWN): row.records for row in facts.breakdown("label").rows}
    return ReleaseEvidence(
        release=facts.release,
        created_at=facts.created_at,
        tool_version=facts.tool_version,
        body_digest=facts.body_digest,
        policy=facts.policy,
        verdict=facts.verdict,
        budgets=facts.budgets,
        selection=facts.selection,
        records=facts.records,
        totals=facts.totals,
        shares=facts.shares,
        labels={label: labels.get(label, 0) for label in Label},
        modalities=_modalities(connection, members),
        sources=_sources(connection, members, contracts),
        generators=generators,
        generators_in_all=in_all,
        seeds=_seeds(connection, members, contracts),
        unsettled=facts.unsettled,
        languages=_languages(facts),
        domains=domains(connection, crawled=False),
        crawled_domains=domains(connection, crawled=True),
    )


def _one_of(column: str, names: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(map(quote_literal, names))})" if names else "FALSE"


def _amounts() -> str:
    return ", ".join(
        ["sum(weight) AS records", *(f"{weighted_sum(name)} AS {name}" for name in _SIZES)]
    )


def _label_counts() -> str:
    return ", ".join(
        f"coalesce(sum(weight) FILTER (WHERE label = '{label}'), 0) AS {label}" for label in Label
    )


def _modalities(connection: Connection, members: str) -> tuple[ModalityEvidence, ...]:
    rows = connection.execute(f"""
        SELECT {MODALITY_SQL} AS modality,
            CASE WHEN count(tokens) = count(*) THEN {weighted_sum("tokens")} END, {_amounts()}
        FROM {members} GROUP BY ALL""").fetchall()
    found = [
        ModalityEvidence(modality=modality, tokens=tokens, **_amount(amounts))
        for modality, tokens, *amounts in rows
    ]
    return tuple(sorted(found, key=lambda one: MODALITIES.index(one.modality)))


def _amount(numbers: Sequence[Any]) -> dict[str, int]:
    return dict(zip(("records", *_SIZES), numbers, strict=True))


def _sources(
    connection: Connection, members: str, contracts: Mapping[str, Source]
) -> tuple[SourceEvidence, ...]:
    by_modality = ", ".join(
        f"coalesce(sum(weight::HUGEINT * bytes) FILTER (WHERE modality = '{modality}'), 0), "
        f"count(*) FILTER (WHERE modality = '{modality}')"
        for modality in MODALITIES
    )
    rows = connection.execute(f"""
        SELECT source, {_amounts()}, {_label_counts()}, {by_modality}
        FROM (SELECT *, {MODALITY_SQL} AS modality FROM {members})
        GROUP BY source ORDER BY source""").fetchall()
    return tuple(_source(row, contracts.get(row[0])) for row in rows)


def _source(row: Sequence[Any], contract: Source | None) -> SourceEvidence:
    name, *rest = row
    amounts, labels, sizes = rest[:5], rest[5 : 5 + len(Label)], rest[5 + len(Label) :]
    return SourceEvidence(
        source=name,
        contract=contract,
        section=contract.section if contract else None,
        labels=dict(zip(Label, labels, strict=True)),
        modalities={
            modality: sizes[2 * at] for at, modality in enumerate(MODALITIES) if sizes[2 * at + 1]
        },
        **_amount(amounts),
    )


def _generators(
    connection: Connection,
    members: str,
    contracts: Mapping[str, Source],
    models: Mapping[str, Registered],
) -> tuple[tuple[GeneratorEvidence, ...], int]:
    rows = connection.execute(f"""
        SELECT generator, source, process, list_sort(list(DISTINCT {MODALITY_SQL})),
            {_label_counts()}, {_amounts()}, count(*) OVER () AS in_all
        FROM {members} WHERE label IN ('synthetic', 'mixed') GROUP BY generator, source, process
        ORDER BY bytes DESC, records DESC, generator, source, process LIMIT {LISTED}""").fetchall()
    found = tuple(
        _generator(row, contracts.get(row[1]), models.get(row[0]) if row[0] else None)
        for row in rows
    )
    return found, rows[0][-1] if rows else 0


def _generator(
    row: Sequence[Any], contract: Source | None, model: Registered | None
) -> GeneratorEvidence:
    generator, source, process, modalities, *numbers = row
    labels, amounts = numbers[: len(Label)], numbers[len(Label) : -1]
    # The contract describes its own generator; a record may name another one.
    own = contract if contract and generator in {None, contract.generator} else None
    return GeneratorEvidence(
        generator=generator,
        source=source,
        process=process,
        role=_role(process, contract),
        labels=dict(zip(Label, labels, strict=True)),
        modalities=tuple(sorted(modalities, key=MODALITIES.index)),
        version=(own.generator_version if own else None) or (model.version if model else None),
        provider=(own.generator_provider if own else None) or (model.provider if model else None),
        on_market=own.generator_on_market if own else None,
        summary=own.generator_summary if own else None,
        training=own.generator_training if own else None,
        trained_on=model.trained_on if model else None,
        on_behalf_of=contract.on_behalf_of if contract else None,
        **_amount(amounts),
    )


def _role(process: str | None, contract: Source | None) -> AiRole | None:
    """Return the contract's role, unless the record's evidence names another process."""
    if contract and contract.ai_role and process in {None, contract.process}:
        return contract.ai_role
    return ROLES[Process(process)] if process else None


def _seeds(
    connection: Connection, members: str, contracts: Mapping[str, Source]
) -> tuple[SeedEvidence, ...]:
    """List what synthetic records were made from, by lineage and by contracts."""
    rows = connection.execute(f"""
        WITH made AS (
            SELECT m.source, m.record_id, m.weight, l.parent, l.parent_ref, l.parent_kind
            FROM {members} m JOIN lineage l ON l.child = m.record_id
            WHERE m.label IN ('synthetic', 'mixed')
        ), parents AS (
            SELECT s.record_id, min(s.source) AS source
            FROM sightings s SEMI JOIN made ON made.parent = s.record_id GROUP BY s.record_id
        ), named AS (
            SELECT DISTINCT made.source, made.record_id, made.weight, parent_kind,
                CASE parent_kind WHEN 'record' THEN parents.source ELSE parent_ref END AS seed
            FROM made LEFT JOIN parents ON parents.record_id = made.parent
        )
        SELECT source, seed, parent_kind, sum(weight) AS records FROM named
        WHERE seed IS NOT NULL GROUP BY ALL ORDER BY source, seed, parent_kind LIMIT {LISTED}
        """).fetchall()
    found = [
        SeedEvidence(source=source, seed=seed, kind=kind, records=records)
        for source, seed, kind, records in rows
    ]
    sources = connection.execute(
        f"SELECT DISTINCT source FROM {members} WHERE label IN ('synthetic', 'mixed') ORDER BY 1"
    ).fetchall()
    found += (
        SeedEvidence(source=source, seed=seed, kind="declared", records=None)
        for (source,) in sources
        if source in contracts
        for seed in contracts[source].seed_data
    )
    return tuple(found)


def _languages(facts: Facts) -> tuple[LanguageEvidence, ...]:
    rows = sorted(facts.breakdown("language").rows, key=lambda row: row.key is None)
    return tuple(
        LanguageEvidence(language=row.key, records=row.records, bytes=row.bytes) for row in rows
    )
