"""Resolve claims about records to one origin per record, as one SQL aggregate (docs/design.md).

A claim is a pattern of nine bits. The patterns of a record are OR-ed into one mask with a field per
tier, so that neither order nor repetition matters. Shifting the mask right past the ineligible
tiers leaves the eligible claims; label, interval, rule and conflict are computed from it. Sizes of
parts do not fit into bits: their maxima come from a second aggregate over the claims with sizes.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.model.base import quote_literal
from provenance.model.origin import NO_TIER, TIER_RANK, Tier
from provenance.model.origin_rules import DECIDING

BASES = (Tier.REVIEWED, Tier.VERIFIED, Tier.TOOL, Tier.DECLARED)
"""Tiers whose claim about a whole record makes every weaker tier ineligible, strongest first."""


# The field of one tier in a mask. Human, synthetic and mixed are claims about the whole record;
# part is a claim about some of it. The uncounted bits are set by mixed and partial claims without
# a size: in bytes, by a claim about the whole or about a part; in chars; in words. The last bit is
# set by a question.
_WIDTH = 9
(
    _HUMAN,
    _SYNTHETIC,
    _MIXED,
    _PART,
    _UNCOUNTED_WHOLE,
    _UNCOUNTED_PART,
    _UNCOUNTED_CHARS,
    _UNCOUNTED_WORDS,
    _ASKED,
) = (1 << rank for rank in range(_WIDTH))
_WHOLE = _HUMAN | _SYNTHETIC | _MIXED

_DECLARED = TIER_RANK[Tier.DECLARED]
_FLOORS = tuple(TIER_RANK[tier] for tier in BASES)
"""Ranks of the base tiers; the strongest with a claim is the floor, else ``_DECLARED``."""


def origin_sql(claims: str, sizes: str) -> str:
    """SQL that resolves the origin of every record of ``sizes`` from its ``claims``.

    A record of no bytes is judged as if it had one, so that its claims still decide its label.

    Args:
        claims: SQL text of a relation (record_id, tier, claim, whole, part_bytes, part_chars,
            part_words, process, generator, generator_family), already quoted.
        sizes: SQL text of a relation (record_id, bytes, chars, words), one row per record.
    """
    return f"""WITH aggregated AS ({_aggregate_claims(claims)}
), counted AS ({_largest_parts(claims)}
), masked AS ({_eligible_claims(sizes)}
), bounded AS ({_bounded()}
), labelled AS (
  SELECT *, CASE
      WHEN eligible = 0 THEN 'unknown'
      WHEN lo = size THEN 'synthetic'
      WHEN hi = 0 AND chars_hi = 0 AND words_hi = 0 AND {_has_bits("eligible", _HUMAN)}
        THEN CASE WHEN asked THEN 'unknown' ELSE 'human' END
      ELSE 'mixed' END AS label
  FROM bounded
)
SELECT record_id, bytes, chars, words, label, {_rule()} AS rule,
  {_clamp_to_label("lo_records", "0", "1::BIGINT")},
  {_clamp_to_label("hi_records", "1::BIGINT", "1::BIGINT")},
  {_clamp_to_label("lo_bytes", "lo", "bytes")},
  {_clamp_to_label("hi_bytes", "least(hi, bytes)", "bytes")},
  {_clamp_to_label("lo_chars", "chars_lo", "chars")},
  {_clamp_to_label("hi_chars", "chars_hi", "chars")},
  {_clamp_to_label("lo_words", "words_lo", "words")},
  {_clamp_to_label("hi_words", "words_hi", "words")},
  {_generator_column("process", "process_key[2:]")},
  {_generator_column("generator", "generator_key.generator")},
  {_generator_column("generator_family", "coalesce(generator_key.family, family_key[2:])")},
  {_conflict()} AS conflict, {_tier()} AS tier
FROM labelled"""


def _aggregate_claims(claims: str) -> str:
    """Aggregate claims per record: OR the claim bits; keep process, generator and family of the
    highest tier (ties: smallest)."""
    # Text keys for process and family: short, so that DuckDB inlines them.
    ranks = [(quote_literal(tier), f"'{rank}'") for rank, tier in enumerate(DECIDING)]
    return f"""
  SELECT record_id, bit_or({_pattern()}::BIGINT << ({_WIDTH} * {_rank()})) AS mask,
    min(place || process) AS process_key,
    min({{'place': place, 'generator': generator, 'family': generator_family}})
      FILTER (place IS NOT NULL AND generator IS NOT NULL) AS generator_key,
    min(place || generator_family) AS family_key
  FROM (SELECT *, CASE WHEN claim NOT IN ('human', 'question')
      THEN {_case("tier", ranks)} END AS place
    FROM {claims})
  WHERE claim <> 'unknown' AND (whole OR claim <> 'human')
  GROUP BY record_id"""


def _pattern() -> str:
    """Encode one claim as the bits of its tier."""
    return f"""CASE WHEN claim = 'question' THEN {_ASKED}
      WHEN whole AND claim = 'human' THEN {_HUMAN}
      WHEN whole AND claim = 'synthetic' THEN {_SYNTHETIC}
      ELSE CASE WHEN whole THEN {_MIXED} ELSE {_PART} END
        + CASE WHEN part_bytes IS NOT NULL THEN 0 WHEN whole THEN {_UNCOUNTED_WHOLE}
          ELSE {_UNCOUNTED_PART} END
        + CASE WHEN part_chars IS NOT NULL THEN 0 ELSE {_UNCOUNTED_CHARS} END
        + CASE WHEN part_words IS NOT NULL THEN 0 ELSE {_UNCOUNTED_WORDS} END
      END"""


def _largest_parts(claims: str) -> str:
    """Compute the largest parts per record: for each possible floor, and over all claims."""
    per_floor = "".join(
        f"""
    max(part_bytes) FILTER (whole AND rank >= {floor}) AS whole_bytes_{floor},
    max(part_bytes) FILTER (rank >= {floor}) AS bytes_{floor},
    max(part_chars) FILTER (rank >= {floor}) AS chars_{floor},
    max(part_words) FILTER (rank >= {floor}) AS words_{floor},"""
        for floor in _FLOORS
    )
    return f"""
  SELECT record_id,{per_floor}
    max(part_bytes) FILTER (whole AND rank = {_DECLARED}) AS declared_bytes,
    max(part_bytes) FILTER (whole) AS most_whole,
    min(part_bytes) FILTER (whole) AS least_whole,
    max(part_bytes) FILTER (NOT whole) AS most_part
  FROM (SELECT *, {_rank()} AS rank FROM {claims})
  WHERE coalesce(part_bytes, part_chars, part_words) IS NOT NULL
    AND (claim = 'mixed' OR claim = 'synthetic' AND NOT whole)
  GROUP BY record_id"""


def _eligible_claims(sizes: str) -> str:
    """Join every record with its mask of claims, and select the eligible ones."""
    bases = [(_tier_has_bits(rank, _WHOLE), rank) for rank in _FLOORS]
    return f"""
  SELECT *, mask >> ({_WIDTH} * floor) AS eligible,
    {_has_bits(f"(full_mask >> ({_WIDTH} * floor))", _ASKED)} AS asked
  FROM (SELECT *, greatest(bytes, 1) AS size, {_case("", bases, _DECLARED)} AS floor
    FROM (SELECT record_id, bytes, chars, words, coalesce(aggregated.mask, 0) AS full_mask,
        full_mask & ~{_in_every_tier(_ASKED)} AS mask, process_key, generator_key, family_key
      FROM {sizes} AS sizes LEFT JOIN aggregated USING (record_id)))"""


def _bounded() -> str:
    """Compute the interval in each unit; in bytes also for whole claims and for declared ones."""

    def by_floor(part: str) -> str:
        return _case("floor", [(floor, f"{part}_{floor}") for floor in _FLOORS])

    def opens(bits: int) -> str:
        return f"({_has_bits('eligible', bits)} OR NOT {_has_bits('eligible', _WHOLE)})"

    certain = _has_bits("eligible", _SYNTHETIC)
    declared, declared_opens = (
        _tier_has_bits(_DECLARED, _SYNTHETIC),
        _tier_has_bits(_DECLARED, _UNCOUNTED_WHOLE),
    )
    return f"""
  SELECT *,
    {_interval("", "bytes", by_floor("bytes"), certain, opens(_UNCOUNTED_WHOLE | _UNCOUNTED_PART))},
    {_interval("whole_", "bytes", by_floor("whole_bytes"), certain, opens(_UNCOUNTED_WHOLE))},
    {_interval("declared_", "bytes", "declared_bytes", declared, declared_opens)},
    {_interval("chars_", "chars", by_floor("chars"), certain, opens(_UNCOUNTED_CHARS))},
    {_interval("words_", "words", by_floor("words"), certain, opens(_UNCOUNTED_WORDS))}
  FROM masked LEFT JOIN counted USING (record_id)"""


def _interval(prefix: str, unit: str, part: str, certain: str, opens: str) -> str:
    """Lower and upper bound: the size when certain; the upper bound is the size if uncounted."""
    size = "size" if unit == "bytes" else unit
    found = f"coalesce({_clamped(part, unit)}, 0)"
    return f"""CASE WHEN {certain} THEN {size} ELSE {found} END AS {prefix}lo,
    CASE WHEN {certain} OR {opens} THEN {size} ELSE {found} END AS {prefix}hi"""


def _rule() -> str:
    parts = [
        (_tier_has_bits(TIER_RANK[tier], _PART), f"'raised-by-{tier}-part'") for tier in DECIDING
    ]
    bases = [
        (_tier_has_bits(TIER_RANK[tier], _WHOLE), f"'{tier}-'") for tier in (*BASES, Tier.DERIVED)
    ]
    lineage = f"{_tier_has_bits(_DECLARED, _WHOLE)} AND floor = {_DECLARED}"
    return f"""CASE
      WHEN asked AND label <> 'synthetic' THEN 'question'
      WHEN eligible = 0 THEN 'no-evidence'
      WHEN NOT {_has_bits("eligible", _WHOLE)} THEN 'parts-only'
      WHEN lo <> whole_lo OR hi <> whole_hi THEN {_case("", parts)}
      WHEN {lineage} AND (whole_lo <> declared_lo OR whole_hi <> declared_hi)
        THEN 'raised-by-derived'
      ELSE {_case("", bases)} || label END"""


def _tier() -> str:
    """Name the tier of the claims that the rule rests on; ``none`` where there are none."""
    parts = [(_tier_has_bits(TIER_RANK[tier], _PART), f"'{tier}'") for tier in DECIDING]
    bases = [
        (_tier_has_bits(TIER_RANK[tier], _WHOLE), f"'{tier}'") for tier in (*BASES, Tier.DERIVED)
    ]
    lineage = f"{_tier_has_bits(_DECLARED, _WHOLE)} AND floor = {_DECLARED}"
    return f"""CASE
      WHEN asked AND label <> 'synthetic' THEN '{Tier.TOOL}'
      WHEN eligible = 0 THEN '{NO_TIER}'
      WHEN NOT {_has_bits("eligible", _WHOLE)} OR lo <> whole_lo OR hi <> whole_hi
        THEN {_case("", parts)}
      WHEN {lineage} AND (whole_lo <> declared_lo OR whole_hi <> declared_hi)
        THEN '{Tier.DERIVED}'
      ELSE {_case("", bases)} END"""


def _conflict() -> str:
    """Whether any claim, eligible or not, contradicts the resolved origin."""
    return f"""(eligible <> 0 AND ({_has_bits("mask", _HUMAN)} AND hi > 0
    OR {_has_bits("mask", _SYNTHETIC)} AND lo < size
    OR coalesce({_clamped("most_whole", "bytes")} > lo, false)
    OR coalesce({_clamped("least_whole", "bytes")} < hi, false)
    OR coalesce({_clamped("most_part", "bytes")} > lo, false)))"""


def _clamp_to_label(name: str, found: str, size: str) -> str:
    """Clamp a bound to the label: 0 for human, the size for synthetic, else the computed bound.

    An open question raises the upper bound to the size.
    """
    most = f"CASE WHEN asked THEN {size} ELSE {found} END" if name.startswith("hi_") else found
    return f"CASE label WHEN 'human' THEN 0 WHEN 'synthetic' THEN {size} ELSE {most} END AS {name}"


def _generator_column(name: str, key: str) -> str:
    return f"CASE WHEN label IN ('synthetic', 'mixed') THEN {key} END AS {name}"


def _has_bits(mask: str, bits: int) -> str:
    """Whether a mask has one of these bits in the field of any tier."""
    return f"({mask} & {_in_every_tier(bits)} <> 0)"


def _in_every_tier(bits: int) -> int:
    """Repeat bits in the fields of all tiers."""
    return sum(bits << (_WIDTH * rank) for rank in TIER_RANK.values())


def _tier_has_bits(rank: int, bits: int) -> str:
    """Whether the full mask has one of these bits in the field of this tier."""
    return f"(mask & {bits << (_WIDTH * rank)} <> 0)"


def _clamped(part: str, unit: str) -> str:
    """Clamp a part to the size of its record; NULL stays NULL, which least and greatest ignore."""
    return f"CASE WHEN {part} IS NOT NULL THEN greatest(least({part}, {unit}), 0) END"


def _rank() -> str:
    return _case("tier", [(quote_literal(tier), rank) for tier, rank in TIER_RANK.items()])


def _case(subject: str, arms: Sequence[tuple[object, object]], otherwise: object = "NULL") -> str:
    branches = " ".join(f"WHEN {when} THEN {then}" for when, then in arms)
    return f"CASE {subject} {branches} ELSE {otherwise} END"
