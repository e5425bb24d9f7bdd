"""Read and write baselines: files of fingerprints of findings that are accepted."""

from __future__ import annotations

import json

from provenance.errors import MisuseError
from provenance.model.finding import Judgement


def apply_baseline(judgement: Judgement, text: str, name: str) -> tuple[Judgement, int]:
    """Remove the findings that a baseline accepts, and return how many were removed.

    Raises:
        MisuseError: the baseline is no JSON list of fingerprints.
    """
    try:
        accepted = json.loads(text)["accepted"]
        known = frozenset(str(item) for item in accepted)
    except (ValueError, KeyError, TypeError) as error:
        raise MisuseError(
            f"{name}: not a baseline file", hint='expected {"accepted": ["code:subject", …]}'
        ) from error
    kept = tuple(item for item in judgement.findings if item.fingerprint not in known)
    return judgement.model_copy(update={"findings": kept}), len(judgement.findings) - len(kept)


def write_baseline(judgement: Judgement) -> str:
    """Write a baseline that accepts all findings of a judgement."""
    accepted = sorted({item.fingerprint for item in judgement.findings})
    return json.dumps({"accepted": accepted}, indent=2, ensure_ascii=False) + "\n"
