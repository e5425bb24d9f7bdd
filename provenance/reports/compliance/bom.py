"""Build the names, licences, addresses and numbers that both bills of materials share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from provenance.model.origin import Label
from provenance.model.reports.release_evidence import (
    Amount,
    GeneratorEvidence,
    ReleaseEvidence,
    SeedEvidence,
)
from provenance.reports.compliance import fill, rows
from provenance.reports.render import number

Property = tuple[str, str]
"""A name and a value, for what a standard has no member for."""

DOCUMENTS = UUID("9f6f0c52-7b1d-5d0e-9d53-1c8f5a0c7e44")
"""Namespace of the version 5 UUIDs of documents."""

_LICENCE = r"[A-Za-z0-9][A-Za-z0-9.+:-]*"
_EXPRESSION = re.compile(rf"\(*{_LICENCE}\)*(?: (?:AND|OR|WITH) \(*{_LICENCE}\)*)*")
_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    r"(?://(?:[^/?#@]*@)?[^/?#@:]*(?::\d*)?(?:[/?#].*)?|/(?!/).*|[^/].*)"
)


def document_id(evidence: ReleaseEvidence, form: str) -> UUID:
    """Derive the id of a document from its release."""
    return uuid5(DOCUMENTS, f"{form}:{evidence.release}:{evidence.body_digest}")


def content_id(filled: fill.Filled) -> UUID:
    """Derive the id of a document from its evidence and answers."""
    paths = {item.id: item.path or "" for _, item in filled.form.items()}
    answers = [
        (one.model_dump(mode="json"), fill.value_at(filled.content, paths[one.id]))
        for one in filled.attestations.values()
    ]
    identity = (filled.form.report, filled.evidence.model_dump(mode="json"), answers)
    return uuid5(DOCUMENTS, json.dumps(identity))


def sha256(evidence: ReleaseEvidence) -> str:
    """Return the digest of the sealed body in hexadecimal, without the prefix `sha256:`."""
    return evidence.body_digest.removeprefix("sha256:")


def non_empty(**members: Any) -> dict[str, Any]:
    """Drop the members that are null or empty."""
    return {
        name: value
        for name, value in members.items()
        if value is not None and value not in ((), [], {}, "")
    }


def is_expression(licence: str) -> bool:
    """Whether a licence has the syntax of an SPDX expression; its ids are not looked up.

    >>> is_expression("CC-BY-4.0 OR MIT"), is_expression("ask the owner")
    (True, False)
    """
    return bool(_EXPRESSION.fullmatch(licence)) and licence.count("(") == licence.count(")")


def address(text: str | None) -> str | None:
    """Make a valid IRI of an address by percent-encoding; ``None`` for other texts.

    >>> address("https://example.org/a b"), address("in the cellar")
    ('https://example.org/a%20b', None)
    """
    if not text:
        return None
    found = quote(text.strip(), safe="%:/?#@!$&'()*+,;=~")
    found = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", found)
    # A fragment holds no second hash.
    before, mark, after = found.partition("#")
    found = before + mark + after.replace("#", "%23")
    return found if _ADDRESS.fullmatch(found) else None


def release_properties(evidence: ReleaseEvidence) -> Iterator[Property]:
    """List the numbers of a release: sizes, synthetic sizes, labels, verdict."""
    yield "prov:release", evidence.release
    yield "prov:body-digest", evidence.body_digest
    yield "prov:policy", evidence.policy
    yield "prov:verdict", evidence.verdict.value
    yield "prov:distinct-records", str(evidence.records)
    for share in evidence.shares:
        yield f"prov:{share.unit}", str(share.size)
        yield f"prov:synthetic:{share.unit}:at-least", str(share.lo)
        yield f"prov:synthetic:{share.unit}:at-most", str(share.hi)
        yield (
            f"prov:synthetic:{share.unit}:share-at-least",
            number.at_least(share.lo, share.size),
        )
        yield f"prov:synthetic:{share.unit}:share-at-most", number.at_most(share.hi, share.size)
    yield from label_properties(evidence.labels)


def label_properties(labels: dict[Label, int]) -> Iterator[Property]:
    """List the number of records of each label; unknown is one of them."""
    for label, count in labels.items():
        yield f"prov:origin:{label}", str(count)


def amount_properties(amount: Amount) -> Iterator[Property]:
    """List the sizes of a part of a release."""
    yield "prov:records", str(amount.records)
    yield "prov:bytes", str(amount.bytes)
    yield "prov:synthetic:bytes:at-least", str(amount.lo_bytes)
    yield "prov:synthetic:bytes:at-most", str(amount.hi_bytes)


def made(one: GeneratorEvidence) -> str:
    """Describe what a model made in one source."""
    how = f", by {one.process}" if one.process else ""
    role = f" (role: {one.role})" if one.role else ""
    for_whom = f", made for {one.on_behalf_of}" if one.on_behalf_of else ""
    return f"{one.records:,} records, {one.bytes:,} bytes in {one.source}{how}{role}{for_whom}"


def generators(evidence: ReleaseEvidence) -> dict[str, list[GeneratorEvidence]]:
    """Group what models made by model; models without a name are left out."""
    found: dict[str, list[GeneratorEvidence]] = {}
    for one in evidence.generators:
        if one.generator is not None:
            found.setdefault(one.generator, []).append(one)
    return found


def first_stated(parts: list[GeneratorEvidence], member: str) -> Any:
    """Return the first value that is stated for a model."""
    return next((value for one in parts if (value := getattr(one, member)) is not None), None)


def seed_nodes(evidence: ReleaseEvidence) -> list[tuple[str, str]]:
    """Pair sources with their seeds: ``source:NAME``, ``release:NAME``, ``entity:…``."""
    known = {source.source for source in evidence.sources}
    return [(f"source:{seed.source}", _seed_node(seed, known)) for seed in evidence.seeds]


def _seed_node(seed: SeedEvidence, known: set[str]) -> str:
    if seed.kind == "record" or (seed.seed in known and seed.kind in {"declared", "source"}):
        return f"source:{seed.seed}"
    return f"{'entity' if seed.kind == 'declared' else seed.kind}:{seed.seed}"


def upstream(evidence: ReleaseEvidence) -> dict[str, list[str]]:
    """List the known parents of each source: its models and its seeds."""
    found: dict[str, dict[str, None]] = {f"source:{one.source}": {} for one in evidence.sources}
    for one in evidence.generators:
        if one.generator is not None:
            found.setdefault(f"source:{one.source}", {})[f"model:{one.generator}"] = None
    for source, node in seed_nodes(evidence):
        found.setdefault(source, {})[node] = None
    return {
        source: [node for node in parents if node != source] for source, parents in found.items()
    }


def outer_nodes(evidence: ReleaseEvidence) -> list[str]:
    """List parents of sources that are neither a source of the release nor a named model."""
    known = {f"source:{one.source}" for one in evidence.sources}
    known |= {f"model:{name}" for name in generators(evidence)}
    nodes = dict.fromkeys(node for parents in upstream(evidence).values() for node in parents)
    return [node for node in nodes if node not in known]


def warnings(evidence: ReleaseEvidence) -> tuple[str, ...]:
    """Warn where the origin of the data is unknown, or models are left out."""
    found = []
    if rows.uses_synthetic(evidence) is None:
        unknown = f"the origin of {evidence.labels[Label.UNKNOWN]:,} records is unknown"
        found.append(f"whether any of it is synthetic is not determined: {unknown}")
    if evidence.generators_in_all > len(evidence.generators):
        listed, in_all = len(evidence.generators), evidence.generators_in_all
        found.append(f"of {in_all:,} parts that models made, the {listed:,} largest are listed")
    return tuple(found)
