"""Fill and write a dataset card of the Hugging Face Hub: its front matter and its page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from provenance.content.display import visible
from provenance.model.origin import Label
from provenance.model.reports.answers import AnswerValue
from provenance.model.reports.release_evidence import ReleaseEvidence, SourceEvidence
from provenance.reports.compliance import card, rows
from provenance.reports.compliance.bom import address, non_empty, warnings
from provenance.reports.compliance.fill import Draft, Filled, members

HUB = "https://huggingface.co/datasets/"

SIZES: tuple[tuple[int, str], ...] = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**10, "1B<n<10B"),
    (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)

CREATORS = frozenset(
    {"crowdsourced", "expert-generated", "found", "machine-generated", "no-annotation", "other"}
)
"""The hub's values for who wrote or annotated."""

_LICENCES = (
    "afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m "
    "bigscience-bloom-rail-1.0 bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause- "
    "clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc- "
    "by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 "
    "cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla- "
    "sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 "
    "eupl-1.1 eupl-1.2 fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 gpl-3.0 "
    "h-research intel-research isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 "
    "llama3.3 llama4 lppl-1.3c mit mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openrail openrail++ "
    "osl-3.0 pddl postgresql unknown unlicense wtfpl zlib"
)
LICENCES = frozenset(_LICENCES.split())
"""The hub's licence identifiers; another licence is ``other``, with its name."""

_CODE = re.compile(r"[a-z]{2,3}")
_TAGGED = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})+")
_SPLIT = re.compile(r"\w+(\.\w+)*")


def draft(evidence: ReleaseEvidence, answers: Mapping[str, AnswerValue]) -> Draft:
    """Fill the card as far as the ledger can."""
    sources = evidence.sources
    spoken = card.languages(evidence)
    content: dict[str, Any] = {
        "card": {
            "pretty_name": evidence.release,
            "language": tuple(
                dict.fromkeys(
                    one.partition("-")[0]
                    for one in spoken
                    if _CODE.fullmatch(one) or _TAGGED.fullmatch(one)
                )
            ),
            "language_bcp47": tuple(one for one in spoken if _TAGGED.fullmatch(one)),
            "size_categories": (size_category(evidence.totals["records"]),),
            "tags": ("synthetic",) if rows.uses_synthetic(evidence) else (),
            "task_categories": (),
            "source_datasets": _source_datasets(sources),
            "language_creators": _language_creators(sources),
            "annotations_creators": _annotators(evidence),
        },
        "description": card.description(evidence),
        "curated_by": None,
        "licence": None,
        "links": (),
        "direct_use": rows.described_by_all(sources, "purpose"),
        "out_of_scope_use": None,
        "modalities": card.modality_rows(evidence),
        "files": card.file_rows(evidence),
        "structure": _structure(evidence),
        "rationale": None,
        "sources": rows.source_rows(sources),
        "processing": card.processing(sources),
        "personal": card.personal(sources),
        "synthetic": card.synthetic(evidence),
        "generators": rows.generator_rows(evidence.generators),
        "seeds": rows.seed_rows(evidence),
        "bias": None,
        "recommendations": None,
        "citation": None,
        "contact": None,
    }
    all_warnings = (*warnings(evidence), *_doubts(answers))
    return Draft(content, _suggestions(evidence), {}, all_warnings)


def size_category(records: int) -> str:
    """Find the hub's size category of a number of records.

    >>> size_category(999), size_category(1000), size_category(10**12)
    ('n<1K', '1K<n<10K', 'n>1T')
    """
    return next((name for limit, name in SIZES if records < limit), "n>1T")


def _source_datasets(sources: Sequence[SourceEvidence]) -> tuple[str, ...]:
    """List datasets of the hub by id; the hub calls data from elsewhere ``original``."""
    found: dict[str, None] = {}
    for source in sources:
        url = (source.contract.url if source.contract else None) or ""
        on_hub = url.startswith(HUB)
        found["/".join(url.removeprefix(HUB).split("/")[:2]) if on_hub else "original"] = None
    return tuple(sorted(found))


def _language_creators(sources: Sequence[SourceEvidence]) -> tuple[str, ...]:
    """List how texts were made in the hub's terms; ``found`` leaves their authors open."""
    found: set[str] = set()
    for source in sources:
        made = source.labels[Label.SYNTHETIC] + source.labels[Label.MIXED]
        if made:
            found.add("machine-generated")
        if made < source.records:
            kind = source.contract.kind if source.contract else "other"
            existing = kind in {"crawl", "public", "licensed", "private", "user"}
            found.add("found" if existing else "other")
    return tuple(sorted(found))


def _annotators(evidence: ReleaseEvidence) -> tuple[str, ...]:
    """List machine annotation; people are asked for the rest if there is none."""
    roles = {one.role for one in evidence.generators}
    return ("machine-generated",) if "annotate" in roles else ()


def _structure(evidence: ReleaseEvidence) -> str | None:
    splits = card.splits(evidence)
    pieces = (card.fields(evidence), f"splits: {splits}" if splits else None)
    return "; ".join(piece for piece in pieces if piece) or None


def _suggestions(evidence: ReleaseEvidence) -> dict[str, str]:
    sources = evidence.sources
    partly = {
        "hf.licence": card.licences(evidence),
        "hf.direct": rows.described(sources, "purpose"),
        "hf.processing": rows.processing_steps(sources),
        "hf.annotations": rows.described(sources, "label_types"),
    }
    return {question: f"some sources say: {text}" for question, text in partly.items() if text}


def _doubts(answers: Mapping[str, AnswerValue]) -> list[str]:
    """Warn of answers that are not among the hub's values."""
    found = []
    for question, known in (("hf.annotations", CREATORS.__contains__), ("hf.language", _is_code)):
        given = answers.get(question)
        odd = [one for one in given if not known(one)] if isinstance(given, tuple) else []
        if odd:
            found.append(f"{question}: the hub does not know {', '.join(odd)}")
    return found


def _is_code(language: str) -> bool:
    return bool(_CODE.fullmatch(language))


def front_matter(filled: Filled) -> str:
    """Write the card's metadata as the YAML block at its beginning."""
    data = metadata(filled)
    text = _yaml(data, plain=True)
    if not all(line.isprintable() for line in text.split("\n")):
        # A file name may hold any character, and must not change.
        text = _yaml(data, plain=False)
    return f"---\n{text}---\n\n"


def _yaml(data: dict[str, Any], *, plain: bool) -> str:
    return yaml.safe_dump(data, allow_unicode=plain, sort_keys=False, width=100)


def metadata(filled: Filled) -> dict[str, Any]:
    """Build the metadata that the hub reads."""
    known = {name: _plain(value) for name, value in filled.content["card"].items()}
    return non_empty(
        pretty_name=known.pop("pretty_name"),
        **_licence(filled.content["licence"]),
        **known,
        configs=_configs(filled.evidence),
    )


def _plain(value: Any) -> Any:
    return [visible(one) for one in value] if isinstance(value, list | tuple) else visible(value)


def _licence(given: str | None) -> dict[str, str]:
    if given is None:
        return {}
    if given.lower() in LICENCES:
        return {"license": given.lower()}
    link = address(given)
    named = {"license_link": link} if link else {}
    return {"license": "other", "license_name": visible(given), **named}


def _configs(evidence: ReleaseEvidence) -> list[dict[str, Any]]:
    """Name the data files, so that the hub does not read the manifest as data."""
    if not evidence.files:
        return []
    splits = [one.split for one in evidence.files if one.split and _SPLIT.fullmatch(one.split)]
    paths: list[Any] = [one.path for one in evidence.files]
    if len(splits) == len(paths):
        paths = [{"split": split, "path": path} for split, path in zip(splits, paths, strict=True)]
    return [{"config_name": "default", "data_files": paths}]


def finish(filled: Filled) -> dict[str, Any]:
    """Return the card's content with its front matter."""
    return {**members(filled), "front_matter": metadata(filled)}
