"""The evidence of a release as a ledger gives it, written by hand: no ledger is made for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from support.reported import SOURCES

from provenance.model.finding import BudgetResult, Verdict
from provenance.model.manifest import Selection
from provenance.model.origin import Label
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.source import Source

CONTRACTS = {one["name"]: Source.model_validate(one) for one in SOURCES}

SIZES = {"wiki": (80, 0, 0), "web": (60, 0, 60), "made": (20, 20, 20), "own": (10, 5, 10)}
"""Records of each source, synthetic at least and at most; each record has 50 bytes."""

LABELS = {"wiki": Label.HUMAN, "web": Label.UNKNOWN, "made": Label.SYNTHETIC, "own": Label.MIXED}


def amount(records: int, lo: int, hi: int) -> dict[str, int]:
    """Sizes of some records of 50 bytes and 10 words."""
    return {
        "records": records,
        "bytes": 50 * records,
        "words": 10 * records,
        "lo_bytes": 50 * lo,
        "hi_bytes": 50 * hi,
    }


def labels(source: str) -> dict[Label, int]:
    return {label: SIZES[source][0] if label == LABELS[source] else 0 for label in Label}


def _source(name: str) -> dict[str, Any]:
    sizes = amount(*SIZES[name])
    about = {"source": name, "contract": CONTRACTS[name], "section": CONTRACTS[name].section}
    return {**about, **sizes, "labels": labels(name), "modalities": {"text": sizes["bytes"]}}


def _generator(name: str) -> dict[str, Any]:
    contract = CONTRACTS[name]
    return {
        "generator": contract.generator,
        "source": name,
        "process": contract.process,
        "role": contract.ai_role or "rewrite",
        "labels": labels(name),
        "modalities": ("text",),
        "version": contract.generator_version,
        "provider": contract.generator_provider,
        "on_market": contract.generator_on_market,
        "summary": contract.generator_summary,
        "training": contract.generator_training,
        "on_behalf_of": contract.on_behalf_of,
        **amount(*SIZES[name]),
    }


WHOLE = tuple(sum(sizes[n] for sizes in SIZES.values()) for n in range(3))
NO_DOMAINS = {
    "domains": 0,
    "top_tenth": 0,
    "top_small": 0,
    "listed": (),
    "records": 0,
    "bytes": 0,
    "without_records": WHOLE[0],
    "without_bytes": 50 * WHOLE[0],
}

EVIDENCE = ReleaseEvidence.model_validate(
    {
        "release": "first",
        "created_at": datetime(2026, 11, 20, 9, 30, 5, 123456, tzinfo=UTC),
        "tool_version": "0.1.0",
        "body_digest": f"sha256:{'0123456789abcdef' * 4}",
        "policy": "any",
        "verdict": Verdict.PASS,
        "budgets": (
            BudgetResult(
                name="overall",
                rule="max_synthetic",
                verdict=Verdict.PASS,
                lo=WHOLE[1] / WHOLE[0],
                hi=WHOLE[2] / WHOLE[0],
                limit="0.6",
                numerator_lo=WHOLE[1],
                numerator_hi=WHOLE[2],
                denominator=WHOLE[0],
                unit="records",
                reason="synthetic share of records is 0.147 to 0.530, limit 0.6",
            ),
        ),
        "selection": Selection(weights={"wiki": 2}),
        "records": WHOLE[0] - 40,
        "totals": {"records": WHOLE[0], "bytes": 50 * WHOLE[0], "words": 10 * WHOLE[0]},
        "shares": tuple(
            {"unit": unit, "lo": each * WHOLE[1], "hi": each * WHOLE[2], "size": each * WHOLE[0]}
            for unit, each in (("records", 1), ("bytes", 50), ("words", 10))
        ),
        "labels": {label: sum(labels(one)[label] for one in SIZES) for label in Label},
        "modalities": ({"modality": "text", "tokens": None, **amount(*WHOLE)},),
        "sources": tuple(map(_source, sorted(SIZES))),
        "generators": tuple(map(_generator, ("made", "own"))),
        "generators_in_all": 2,
        "seeds": (
            {"source": "made", "seed": "wiki", "kind": "record", "records": 20},
            {"source": "own", "seed": "own", "kind": "record", "records": 3},
            {
                "source": "made",
                "seed": "https://example.org/seeds",
                "kind": "declared",
                "records": None,
            },
        ),
        "unsettled": (
            {
                "source": "web",
                "records": 60,
                "bytes": 3000,
                "open_bytes": 3000,
                "reason": "its contract claims no origin",
            },
        ),
        "languages": ({"language": None, "records": WHOLE[0], "bytes": 50 * WHOLE[0]},),
        "domains": NO_DOMAINS,
        "crawled_domains": NO_DOMAINS,
    }
)
"""Four sources, two models, seeds of three kinds, and sixty records of which nobody knows."""
