"""List the rules by which an origin is decided, with their meanings."""

from __future__ import annotations

from provenance.model.origin import TIER_RANK, TIERS, Label, Tier

DECIDING = tuple(tier for tier in TIERS if TIER_RANK[tier] >= TIER_RANK[Tier.DECLARED])
"""Tiers that move the interval, strongest first; the others may only contradict."""


RULES: dict[str, str] = {
    "no-evidence": "No claim that decides; the origin is unknown.",
    "question": "A field looks like a mark, and nobody has said what it means: it may be one.",
    "parts-only": "Only parts of the record are spoken of; the rest is unknown.",
    "raised-by-derived": "Lineage, or a known text that it is a copy of, raises what is declared "
    "of the whole record.",
    **{
        f"raised-by-{tier}-part": f"Parts, on {tier} evidence or weaker, raise what the whole is."
        for tier in DECIDING
    },
    **{
        f"{tier}-{label}": f"The strongest claim about the whole is {tier}; it comes out {label}."
        for tier in DECIDING
        for label in (Label.HUMAN, Label.SYNTHETIC, Label.MIXED)
    },
}
"""Every rule that an origin can rest on, with what it means."""
