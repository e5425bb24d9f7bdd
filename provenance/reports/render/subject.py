"""Describe the judged set for the formats of other tools: its name, policy, file, baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Subject:
    """The set that was judged, and the policy that it was judged by.

    Attributes:
        name: of the set: a release, a path, or another name.
        policy: name of the policy.
        artifact: path or URL of the judged file, or of the policy file, at which code scanning
            shows results; ``None`` without a file.
        indeterminate: whether an undecided budget fails the audit, by the policy.
        baseline: fingerprints of accepted findings; ``None`` for no baseline.
        tool_version: version of prov.
    """

    name: str
    policy: str = "policy"
    artifact: str | None = None
    indeterminate: Literal["block", "warn"] = "block"
    baseline: frozenset[str] | None = None
    tool_version: str | None = None

    def accepts(self, fingerprint: str) -> bool:
        """Whether the baseline accepts a finding."""
        return self.baseline is not None and fingerprint in self.baseline
