"""What a judgement is about, as far as the formats for other people's tools need to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Subject:
    """The set that was judged, and by what.

    Attributes:
        name: a release, a path, or how else the set is called.
        policy: name of the policy.
        artifact: path or URL of the judged file, or of the policy file; code scanning shows its
            results there. ``None`` where there is no file.
        indeterminate: what the policy says about an undecided budget.
        baseline: fingerprints of the findings that were accepted before; ``None`` for no baseline.
        tool_version: version of prov.
    """

    name: str
    policy: str = "policy"
    artifact: str | None = None
    indeterminate: Literal["block", "warn"] = "block"
    baseline: frozenset[str] | None = None
    tool_version: str | None = None

    def accepts(self, fingerprint: str) -> bool:
        """Whether a finding was accepted before."""
        return self.baseline is not None and fingerprint in self.baseline
