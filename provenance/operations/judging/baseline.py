"""Write baselines, files of fingerprints of accepted findings, and apply them."""

from __future__ import annotations

import json
from collections.abc import Collection

from provenance.model.finding import Judgement


def apply_baseline(judgement: Judgement, accepted: Collection[str]) -> tuple[Judgement, int]:
    """Remove the findings that a baseline accepts.

    Args:
        judgement: the judgement with all of its findings.
        accepted: fingerprints of findings, as ``load_baseline`` reads them.

    Returns:
        The judgement without these findings, and how many were removed.
    """
    kept = tuple(item for item in judgement.findings if item.fingerprint not in accepted)
    return judgement.model_copy(update={"findings": kept}), len(judgement.findings) - len(kept)


def baseline_text(judgement: Judgement) -> str:
    """Write a baseline, as JSON text, that accepts all findings of a judgement."""
    accepted = sorted({item.fingerprint for item in judgement.findings})
    return json.dumps({"accepted": accepted}, indent=2, ensure_ascii=False) + "\n"
