"""From evidence to origin: the resolver of design.md section 4, as one SQL aggregate.

What a claim says is a pattern of nine bits. The patterns of a record are or-ed into one mask, with
a field for each tier, so neither order nor repetition can matter. Shifted right past the tiers that
are not heard, the mask holds the eligible claims; label, interval, rule and conflict are arithmetic
on it. Only the sizes of counted parts do not fit into bits: their maxima come from a second
aggregate, over the few claims that count.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.model.base import quote_literal
from provenance.model.origin import NO_TIER, TIER_RANK, Tier
from provenance.model.origin_rules import DECIDING

BASES = (Tier.REVIEWED, Tier.VERIFIED, Tier.TOOL, Tier.DECLARED)
"""Tiers whose word about a whole record silences every weaker tier, strongest first."""


# The field of one tier in a mask. Human, synthetic and mixed speak of the whole record, part speaks
# of some of it. The open bits are set by mixed and partial claims that do not count: bytes, in a
# claim about the whole or about a part; chars; words. The last one is set by a question.
_WIDTH = 9
_HUMAN, _SYNTHETIC, _MIXED, _PART, _OPEN_WHOLE, _OPEN_PART, _OPEN_CHARS, _OPEN_WORDS, _ASKED = (
    1 << place for place in range(_WIDTH)
)
_WHOLE = _HUMAN | _SYNTHETIC | _MIXED

_DECLARED = TIER_RANK[Tier.DECLARED]
_FLOORS = tuple(TIER_RANK[tier] for tier in BASES)
"""The rank below which nothing is heard is that of the strongest base, else ``_DECLARED``."""


def origin_sql(claims: str, sizes: str) -> str:
    """A SELECT that gives the origin of every record of ``sizes``, from what ``claims`` say of it.

    A record of no bytes is judged as if it had one, so that its claims still decide its label.

    Args:
        claims: SQL text of a relation (record_id, tier, claim, whole, part_bytes, part_chars,
            part_words, process, generator, generator_family), already quoted.
        sizes: SQL text of a relation (record_id, bytes, chars, words), one row per record.
    """
    return f"""WITH spoken AS ({_spoken(claims)}
), counted AS ({_counted(claims)}
), heard AS ({_heard(sizes)}
), bounded AS ({_bounded()}
), labelled AS (
  SELECT *, CASE
      WHEN eligible = 0 THEN 'unknown'
      WHEN lo = size THEN 'synthetic'
      WHEN hi = 0 AND chars_hi = 0 AND words_hi = 0 AND {_says("eligible", _HUMAN)}
        THEN CASE WHEN asked THEN 'unknown' ELSE 'human' END
      ELSE 'mixed' END AS label
  FROM bounded
)
SELECT record_id, bytes, chars, words, label, {_rule()} AS rule,
  {_settled("lo_records", "0", "1::BIGINT")}, {_settled("hi_records", "1::BIGINT", "1::BIGINT")},
  {_settled("lo_bytes", "lo", "bytes")}, {_settled("hi_bytes", "least(hi, bytes)", "bytes")},
  {_settled("lo_chars", "chars_lo", "chars")}, {_settled("hi_chars", "chars_hi", "chars")},
  {_settled("lo_words", "words_lo", "words")}, {_settled("hi_words", "words_hi", "words")},
  {_named("process", "process_key[2:]")},
  {_named("generator", "generator_key.generator")},
  {_named("generator_family", "coalesce(generator_key.family, family_key[2:])")},
  {_conflict()} AS conflict, {_tier()} AS tier
FROM labelled"""


def _spoken(claims: str) -> str:
    """Per record what is said of it, and of each kind of name the strongest, then least, one."""
    # Text keys for process and family: short, so that DuckDB keeps them in place.
    places = [(quote_literal(tier), f"'{place}'") for place, tier in enumerate(DECIDING)]
    return f"""
  SELECT record_id, bit_or({_pattern()}::BIGINT << ({_WIDTH} * {_rank()})) AS mask,
    min(place || process) AS process_key,
    min({{'place': place, 'generator': generator, 'family': generator_family}})
      FILTER (place IS NOT NULL AND generator IS NOT NULL) AS generator_key,
    min(place || generator_family) AS family_key
  FROM (SELECT *, CASE WHEN claim NOT IN ('human', 'question')
      THEN {_case("tier", places)} END AS place
    FROM {claims})
  WHERE claim <> 'unknown' AND (whole OR claim <> 'human')
  GROUP BY record_id"""


def _pattern() -> str:
    """What one claim says, as the field of its tier."""
    return f"""CASE WHEN claim = 'question' THEN {_ASKED}
      WHEN whole AND claim = 'human' THEN {_HUMAN}
      WHEN whole AND claim = 'synthetic' THEN {_SYNTHETIC}
      ELSE CASE WHEN whole THEN {_MIXED} ELSE {_PART} END
        + CASE WHEN part_bytes IS NOT NULL THEN 0 WHEN whole THEN {_OPEN_WHOLE}
          ELSE {_OPEN_PART} END
        + CASE WHEN part_chars IS NOT NULL THEN 0 ELSE {_OPEN_CHARS} END
        + CASE WHEN part_words IS NOT NULL THEN 0 ELSE {_OPEN_WORDS} END
      END"""


def _counted(claims: str) -> str:
    """Per record the largest parts: for each floor that it may turn out to have, and of all."""
    heard = "".join(
        f"""
    max(part_bytes) FILTER (whole AND rank >= {floor}) AS whole_bytes_{floor},
    max(part_bytes) FILTER (rank >= {floor}) AS bytes_{floor},
    max(part_chars) FILTER (rank >= {floor}) AS chars_{floor},
    max(part_words) FILTER (rank >= {floor}) AS words_{floor},"""
        for floor in _FLOORS
    )
    return f"""
  SELECT record_id,{heard}
    max(part_bytes) FILTER (whole AND rank = {_DECLARED}) AS declared_bytes,
    max(part_bytes) FILTER (whole) AS most_whole,
    min(part_bytes) FILTER (whole) AS least_whole,
    max(part_bytes) FILTER (NOT whole) AS most_part
  FROM (SELECT *, {_rank()} AS rank FROM {claims})
  WHERE coalesce(part_bytes, part_chars, part_words) IS NOT NULL
    AND (claim = 'mixed' OR claim = 'synthetic' AND NOT whole)
  GROUP BY record_id"""


def _heard(sizes: str) -> str:
    """Every record with what is said of it, and the part of that which is heard."""
    bases = [(_says_at(rank, _WHOLE), rank) for rank in _FLOORS]
    return f"""
  SELECT *, mask >> ({_WIDTH} * floor) AS eligible,
    {_says(f"(full_mask >> ({_WIDTH} * floor))", _ASKED)} AS asked
  FROM (SELECT *, greatest(bytes, 1) AS size, {_case("", bases, _DECLARED)} AS floor
    FROM (SELECT record_id, bytes, chars, words, coalesce(spoken.mask, 0) AS full_mask,
        full_mask & ~{_everywhere(_ASKED)} AS mask, process_key, generator_key, family_key
      FROM {sizes} AS sizes LEFT JOIN spoken USING (record_id)))"""


def _bounded() -> str:
    """The interval in each unit; in bytes also those of all whole claims, and of the declared."""

    def heard(part: str) -> str:
        return _case("floor", [(floor, f"{part}_{floor}") for floor in _FLOORS])

    def opens(bits: int) -> str:
        return f"({_says('eligible', bits)} OR NOT {_says('eligible', _WHOLE)})"

    certain = _says("eligible", _SYNTHETIC)
    declared, declared_opens = _says_at(_DECLARED, _SYNTHETIC), _says_at(_DECLARED, _OPEN_WHOLE)
    return f"""
  SELECT *,
    {_interval("", "bytes", heard("bytes"), certain, opens(_OPEN_WHOLE | _OPEN_PART))},
    {_interval("whole_", "bytes", heard("whole_bytes"), certain, opens(_OPEN_WHOLE))},
    {_interval("declared_", "bytes", "declared_bytes", declared, declared_opens)},
    {_interval("chars_", "chars", heard("chars"), certain, opens(_OPEN_CHARS))},
    {_interval("words_", "words", heard("words"), certain, opens(_OPEN_WORDS))}
  FROM heard LEFT JOIN counted USING (record_id)"""


def _interval(prefix: str, unit: str, part: str, certain: str, opens: str) -> str:
    """At least and at most: all of it when certain; at most all of it when something is open."""
    size = "size" if unit == "bytes" else unit
    found = f"coalesce({_clamped(part, unit)}, 0)"
    return f"""CASE WHEN {certain} THEN {size} ELSE {found} END AS {prefix}lo,
    CASE WHEN {certain} OR {opens} THEN {size} ELSE {found} END AS {prefix}hi"""


def _rule() -> str:
    parts = [(_says_at(TIER_RANK[tier], _PART), f"'raised-by-{tier}-part'") for tier in DECIDING]
    bases = [(_says_at(TIER_RANK[tier], _WHOLE), f"'{tier}-'") for tier in (*BASES, Tier.DERIVED)]
    lineage = f"{_says_at(_DECLARED, _WHOLE)} AND floor = {_DECLARED}"
    return f"""CASE
      WHEN asked AND label <> 'synthetic' THEN 'question'
      WHEN eligible = 0 THEN 'no-evidence'
      WHEN NOT {_says("eligible", _WHOLE)} THEN 'parts-only'
      WHEN lo <> whole_lo OR hi <> whole_hi THEN {_case("", parts)}
      WHEN {lineage} AND (whole_lo <> declared_lo OR whole_hi <> declared_hi)
        THEN 'raised-by-derived'
      ELSE {_case("", bases)} || label END"""


def _tier() -> str:
    """The tier of the claims that the rule rests on; ``none`` where there are none."""
    parts = [(_says_at(TIER_RANK[tier], _PART), f"'{tier}'") for tier in DECIDING]
    bases = [(_says_at(TIER_RANK[tier], _WHOLE), f"'{tier}'") for tier in (*BASES, Tier.DERIVED)]
    lineage = f"{_says_at(_DECLARED, _WHOLE)} AND floor = {_DECLARED}"
    return f"""CASE
      WHEN asked AND label <> 'synthetic' THEN '{Tier.TOOL}'
      WHEN eligible = 0 THEN '{NO_TIER}'
      WHEN NOT {_says("eligible", _WHOLE)} OR lo <> whole_lo OR hi <> whole_hi
        THEN {_case("", parts)}
      WHEN {lineage} AND (whole_lo <> declared_lo OR whole_hi <> declared_hi)
        THEN '{Tier.DERIVED}'
      ELSE {_case("", bases)} END"""


def _conflict() -> str:
    """Whether a claim, heard or not, leaves no room for what was concluded, if anything was."""
    return f"""(eligible <> 0 AND ({_says("mask", _HUMAN)} AND hi > 0
    OR {_says("mask", _SYNTHETIC)} AND lo < size
    OR coalesce({_clamped("most_whole", "bytes")} > lo, false)
    OR coalesce({_clamped("least_whole", "bytes")} < hi, false)
    OR coalesce({_clamped("most_part", "bytes")} > lo, false)))"""


def _settled(name: str, found: str, size: str) -> str:
    """A bound as it is given out: what the label says, in every unit, and else what was found.

    An open question leaves room for all of it.
    """
    most = f"CASE WHEN asked THEN {size} ELSE {found} END" if name.startswith("hi_") else found
    return f"CASE label WHEN 'human' THEN 0 WHEN 'synthetic' THEN {size} ELSE {most} END AS {name}"


def _named(name: str, key: str) -> str:
    return f"CASE WHEN label IN ('synthetic', 'mixed') THEN {key} END AS {name}"


def _says(mask: str, bits: int) -> str:
    """Whether a mask has one of these bits, in the field of whatever tier."""
    return f"({mask} & {_everywhere(bits)} <> 0)"


def _everywhere(bits: int) -> int:
    """These bits, in the fields of all tiers."""
    return sum(bits << (_WIDTH * rank) for rank in TIER_RANK.values())


def _says_at(rank: int, bits: int) -> str:
    """Whether the whole mask has one of these bits, in the field of this tier."""
    return f"(mask & {bits << (_WIDTH * rank)} <> 0)"


def _clamped(part: str, unit: str) -> str:
    """A part, held to the size of its record; NULL stays NULL, which least and greatest ignore."""
    return f"CASE WHEN {part} IS NOT NULL THEN greatest(least({part}, {unit}), 0) END"


def _rank() -> str:
    return _case("tier", [(quote_literal(tier), rank) for tier, rank in TIER_RANK.items()])


def _case(subject: str, arms: Sequence[tuple[object, object]], otherwise: object = "NULL") -> str:
    branches = " ".join(f"WHEN {when} THEN {then}" for when, then in arms)
    return f"CASE {subject} {branches} ELSE {otherwise} END"
