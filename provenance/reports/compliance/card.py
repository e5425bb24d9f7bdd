"""Build the texts that dataset cards, datasheets and metadata documents share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from provenance.model.origin import Label, Process
from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import (
    GeneratorEvidence,
    Modality,
    ReleaseEvidence,
    SourceEvidence,
)
from provenance.reports.compliance import bom, rows
from provenance.reports.render import number

_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype"

NAMED = 8
"""Most sources that a sentence names."""


def description(evidence: ReleaseEvidence) -> str:
    """Describe the release in two sentences: its records and sources, and how much is synthetic."""
    kinds = ", ".join(f"{one.records:,} {one.modality}" for one in evidence.modalities)
    total = evidence.totals
    return (
        f"{total['records']:,} records ({kinds}), {number.size(total['bytes'])}, from "
        f"{named(source.source for source in evidence.sources)}. "
        f"Synthetic: {rows.synthetic_statement(evidence)}"
    )


def named(names: Iterable[str]) -> str:
    """Name the first of many names in a sentence.

    >>> named(f"s{n}" for n in range(10))
    's0, s1, s2, s3, s4, s5, s6, s7 and 2 more'
    """
    given = list(names)
    more = f" and {len(given) - NAMED:,} more" if len(given) > NAMED else ""
    return ", ".join(given[:NAMED]) + more


def languages(evidence: ReleaseEvidence) -> tuple[str, ...]:
    """List every language that records or contracts state, sorted."""
    stated = {one.language for one in evidence.languages if one.language}
    return tuple(sorted(stated.union(rows.listed(evidence.sources, "languages"))))


def personal(sources: Sequence[SourceEvidence]) -> tuple[str, ...]:
    """State what contracts say about personal information; empty if they do not decide it."""
    stated = rows.stated(sources, "personal_data")
    if stated is None:
        return ()
    if not stated:
        return ("none, as the contracts of all sources state",)
    holding = [source.name for source in rows.contracts_of(sources) if source.personal_data]
    silent = [
        one.source for one in sources if one.contract is None or one.contract.personal_data is None
    ]
    found = [f"personal information, as the contracts state of: {named(holding)}"]
    return (*found, *([f"not stated of: {named(silent)}"] if silent else ()))


def licences(evidence: ReleaseEvidence) -> str | None:
    """List the licences that contracts state, each with its sources."""
    found: dict[str, list[str]] = {}
    for source in rows.contracts_of(evidence.sources):
        if source.licence:
            found.setdefault(source.licence, []).append(source.name)
    return "; ".join(f"{licence}: {named(names)}" for licence, names in found.items()) or None


def rights(sources: Sequence[SourceEvidence], flag: str) -> str | None:
    """State which sources hold data under a right, or `no` if all contracts deny it."""
    stated = rows.stated(sources, flag)
    if not stated:
        return None if stated is None else "no"
    holders = (source.name for source in rows.contracts_of(sources) if getattr(source, flag))
    return f"yes: {named(holders)}"


def processing(sources: Sequence[SourceEvidence]) -> str | None:
    """Join the processing steps of all sources; ``None`` unless each states its own."""
    whole = all(source.contract and source.contract.processing for source in sources)
    return rows.processing_steps(sources) if whole else None


def repeats(evidence: ReleaseEvidence) -> str:
    """State how often the release repeats records."""
    more = evidence.totals["records"] - evidence.records
    return (
        f"{evidence.records:,} records are distinct by content, synthetic ones too; the "
        f"release counts some of them several times, {more:,} times more in all"
    )


def fields(evidence: ReleaseEvidence) -> str | None:
    """List the fields of the exported rows."""
    columns = dict.fromkeys(one.name for file in evidence.files for one in file.columns)
    return f"fields: {', '.join(columns)}" if columns else None


def splits(evidence: ReleaseEvidence) -> str | None:
    """State the splits with their parts, and how they were made."""
    chosen = evidence.selection
    parts = ", ".join(f"{name} {part}" for name, part in chosen.splits.items())
    return f"{parts} of the records, by {chosen.split_by}" if parts else None


def collected(sources: Iterable[SourceEvidence]) -> tuple[SourceEvidence, ...]:
    """Keep the sources that were collected over a period: all but those that a model made."""
    return tuple(source for source in sources if source.section != "2.5")


def no_addresses(answers: Mapping[str, AnswerValue], *questions: str) -> Iterator[str]:
    """Warn of answers that should be addresses and are not."""
    for question in questions:
        given = answers.get(question)
        if isinstance(given, str) and bom.address(given) is None:
            yield f"{question}: {given!r} is no address"


def iso(value: str) -> str:
    """Write a date or month of a form in ISO 8601.

    >>> iso("31/03/2026"), iso("03/2026")
    ('2026-03-31', '2026-03')
    """
    return "-".join(reversed(value.split("/")))


def source_type(
    labels: Mapping[Label, int],
    generators: Iterable[GeneratorEvidence],
    modalities: Iterable[Modality],
) -> str | None:
    """Find the IPTC digital source type of records; ``None`` where their origin does not decide it.

    IPTC has no term for unknown origin, and several for human works; of these only texts are
    certain to be digital creations.
    """
    kinds = set(modalities)
    made = labels[Label.SYNTHETIC] + labels[Label.MIXED]
    trained = any(one.process != Process.TEMPLATE for one in generators)
    if not made:
        human = not labels[Label.UNKNOWN] and kinds == {"text"}
        return f"{_IPTC}/digitalCreation" if human else None
    if labels[Label.SYNTHETIC] < sum(labels.values()):
        part = "compositeWithTrainedAlgorithmicMedia" if trained else "compositeSynthetic"
        return f"{_IPTC}/{part}"
    if not trained:
        return f"{_IPTC}/algorithmicMedia"
    media = kinds <= {"image", "audio", "video"}
    part = f"{_IPTC}/trainedAlgorithmicMedia"
    return part if media else "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"


def modality_rows(evidence: ReleaseEvidence) -> tuple[dict[str, Any], ...]:
    """List the modalities of the records, with their sizes."""
    return tuple(
        {
            "modality": one.modality,
            "records": one.records,
            "bytes": one.bytes,
            "words": one.words,
            "tokens": one.tokens,
            "synthetic_bytes_at_least": one.lo_bytes,
            "synthetic_bytes_at_most": one.hi_bytes,
        }
        for one in evidence.modalities
    )


def file_rows(evidence: ReleaseEvidence) -> tuple[dict[str, Any], ...]:
    """List the files of the release."""
    return tuple(
        {
            "file": one.path,
            "split": one.split,
            "rows": one.rows,
            "bytes": one.bytes,
            "sha256": one.sha256,
        }
        for one in evidence.files
    )


def synthetic(evidence: ReleaseEvidence) -> dict[str, Any]:
    """Build the members on how much is synthetic, and how much is unknown."""
    return {
        "used": rows.uses_synthetic(evidence),
        "statement": rows.synthetic_statement(evidence),
        "shares": rows.share_rows(evidence),
        "unknown": rows.unknown_rows(evidence),
    }
