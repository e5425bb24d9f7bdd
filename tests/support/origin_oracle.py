"""The resolver once more, record by record in plain Python: what the SQL is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RANKS = {
    "reviewed": 6,
    "verified": 5,
    "tool": 4,
    "derived": 3,
    "declared": 2,
    "detected": 1,
    "heuristic": 0,
}
BASES = {"reviewed", "verified", "tool", "declared"}


@dataclass(frozen=True)
class Claim:
    """One row of the claims relation, without its record."""

    tier: str
    claim: str
    whole: bool = True
    part_bytes: int | None = None
    part_chars: int | None = None
    part_words: int | None = None
    process: str | None = None
    generator: str | None = None
    generator_family: str | None = None

    @property
    def rank(self) -> int:
        return RANKS[self.tier]


@dataclass(frozen=True)
class Size:
    """One row of the sizes relation, without its record."""

    bytes: int
    chars: int
    words: int


Interval = tuple[int, int]


def resolve(claims: Sequence[Claim], size: Size) -> dict[str, object]:
    """The origin of one record."""
    claims = [c for c in claims if c.claim != "unknown" and (c.whole or c.claim != "human")]
    spoken = [c for c in claims if c.claim != "question"]
    floor = max((c.rank for c in spoken if c.whole and c.tier in BASES), default=2)
    asked = any(c.claim == "question" and c.rank >= floor for c in claims)
    claims = [c for c in claims if c.claim != "question"]
    eligible = [c for c in claims if c.rank >= floor]
    lo, hi = _together(eligible, size, "bytes")
    most = max(hi, *(_together(eligible, size, unit)[1] for unit in ("chars", "words")))
    label = _label(eligible, lo, most, max(size.bytes, 1))
    label = "unknown" if asked and label == "human" else label
    bounds = {"records": (0, 1)} | {
        unit: _together(eligible, size, unit) for unit in ("bytes", "chars", "words")
    }
    result: dict[str, object] = {
        "bytes": size.bytes,
        "chars": size.chars,
        "words": size.words,
        "label": label,
        "rule": "question" if asked and label != "synthetic" else _rule(eligible, size, label),
        "tier": "tool" if asked and label != "synthetic" else _tier(eligible, size),
        "conflict": bool(eligible) and any(_contradicts(c, lo, hi, size) for c in claims),
    }
    for unit, found in bounds.items():
        whole = 1 if unit == "records" else getattr(size, unit)
        bound_of = (found[0], whole) if asked else found
        settled = {"human": (0, 0), "synthetic": (whole, whole)}.get(label, bound_of)
        result[f"lo_{unit}"], result[f"hi_{unit}"] = (min(bound, whole) for bound in settled)
    return result | _names(claims, label)


def _interval(claim: Claim, size: Size, unit: str) -> Interval:
    """What one claim says, by itself; a record of no bytes is judged as if it had one."""
    real = getattr(size, unit)
    total = max(real, 1) if unit == "bytes" else real
    part = getattr(claim, f"part_{unit}")
    if claim.whole and claim.claim == "human":
        return 0, 0
    if claim.whole and claim.claim == "synthetic":
        return total, total
    if part is None:
        return 0, total
    held = max(0, min(part, real))
    return held, held


def _together(claims: Sequence[Claim], size: Size, unit: str) -> Interval:
    total = max(size.bytes, 1) if unit == "bytes" else getattr(size, unit)
    said = [_interval(c, size, unit) for c in claims]
    lo, hi = max((lo for lo, _ in said), default=0), max((hi for _, hi in said), default=0)
    return lo, hi if any(c.whole for c in claims) else total


def _label(eligible: Sequence[Claim], lo: int, hi: int, size: int) -> str:
    if not eligible:
        return "unknown"
    if lo == size:
        return "synthetic"
    if hi == 0 and any(c.whole and c.claim == "human" for c in eligible):
        return "human"
    return "mixed"


def _rule(eligible: Sequence[Claim], size: Size, label: str) -> str:
    whole = [c for c in eligible if c.whole]
    parts = [c for c in eligible if not c.whole]
    base = [c for c in whole if c.tier in BASES]
    if not eligible:
        return "no-evidence"
    if not whole:
        return "parts-only"
    of_whole = _together(whole, size, "bytes")
    if _together(eligible, size, "bytes") != of_whole:
        return f"raised-by-{max(parts, key=lambda c: c.rank).tier}-part"
    if base and of_whole != _together(base, size, "bytes"):
        return "raised-by-derived"
    return f"{(base or whole)[0].tier}-{label}"


def _tier(eligible: Sequence[Claim], size: Size) -> str:
    """The tier that the rule speaks of; of parts alone, that of the strongest."""
    rule = _rule(eligible, size, "")
    if rule == "parts-only":
        return max(eligible, key=lambda c: c.rank).tier
    named = {"no-evidence": "none", "raised-by-derived": "derived"}
    return named.get(rule, rule.removeprefix("raised-by-").split("-")[0])


def _contradicts(claim: Claim, lo: int, hi: int, size: Size) -> bool:
    least, most = _interval(claim, size, "bytes")
    return least > lo or (claim.whole and most < hi)


def _names(claims: Sequence[Claim], label: str) -> dict[str, str | None]:
    spoken = [c for c in claims if c.rank >= 2 and c.claim != "human"]
    if label in {"human", "unknown"}:
        spoken = []

    def first(name: str, among: Sequence[Claim]) -> str | None:
        named = [c for c in among if getattr(c, name) is not None]
        return min(((-c.rank, getattr(c, name)) for c in named), default=(0, None))[1]

    generator = first("generator", spoken)
    rank = max((c.rank for c in spoken if c.generator is not None), default=None)
    own = [c for c in spoken if c.rank == rank and c.generator == generator]
    family = first("generator_family", own)
    return {
        "process": first("process", spoken),
        "generator": generator,
        "generator_family": first("generator_family", spoken) if family is None else family,
    }
