"""An oracle for verdicts: every way in which what is not known may turn out, in plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import strategies as st
from support.member_rows import Member

GENERATORS = ("gpt", "llama")
LANGUAGES = ("de", "fr")
DEPTHS = (1, 2)
OURS = ("ours",)


def completions(member: Member) -> Iterator[Member]:
    """Every record that this one may turn out to be.

    Human records stay as they are: what is missing of them counts as not met. A missing language
    is filled in too, but a record keeps its group (a missing group is a group of its own).
    """
    if member.label == "human":
        yield member
        return
    langs = LANGUAGES if member.lang is None else (member.lang,)
    for lang in langs:
        if member.label == "unknown":
            # Found to be human, a record without a language still has none.
            yield replace(member, label="human", lo=0, hi=0, depth=0, lang=member.lang)
            yield replace(member, label="human", lo=0, hi=0, depth=0, lang=lang)
        generators = GENERATORS if member.generator is None else (member.generator,)
        known = member.descends or member.generator is not None
        descents = (member.descends,) if known else ((), OURS)
        depths = DEPTHS if member.depth is None else (member.depth,)
        parts = {member.lo, member.hi, (member.lo + member.hi) // 2}
        for generator, depth, part, came in itertools.product(generators, depths, parts, descents):
            if part == 0 and member.label == "unknown":
                continue
            label = "synthetic" if part == member.size else "mixed"
            found = replace(member, label=label, lo=part, hi=part, lang=lang)
            yield replace(found, generator=generator, depth=depth, descends=came)


def sets(members: Sequence[Member]) -> Iterator[tuple[Member, ...]]:
    """Every set that these members may turn out to be."""
    return itertools.product(*(tuple(dict.fromkeys(completions(one))) for one in members))


@dataclass(frozen=True)
class Where:
    """A condition as text, and what it says of a record of which all is known."""

    text: str
    holds: Callable[[Member], bool | None]


def _atom(text: str, holds: Callable[[Member], bool | None]) -> Where:
    return Where(text, holds)


ATOMS = [
    _atom("generator = 'gpt'", lambda m: m.generator == "gpt"),
    _atom("generator != 'gpt'", lambda m: m.generator != "gpt"),
    _atom("generator_family IN ('llama')", lambda m: m.generator == "llama"),
    _atom("process NOT LIKE 'x%'", lambda m: True),
    _atom("depth >= 2", lambda m: (m.depth or 0) >= 2),
    _atom("depth = 0", lambda m: m.depth == 0),
    _atom("label = 'human'", lambda m: m.label == "human"),
    _atom("label IN ('synthetic', 'mixed')", lambda m: m.label in {"synthetic", "mixed"}),
    _atom("label <> 'synthetic'", lambda m: m.label != "synthetic"),
    _atom("descends_from('ours')", lambda m: m.descends == OURS),
    _atom("lang = 'de'", lambda m: None if m.lang is None else m.lang == "de"),
    _atom("lang IN ('fr', 'en')", lambda m: None if m.lang is None else m.lang == "fr"),
    _atom("lang NOT LIKE 'd%'", lambda m: None if m.lang is None else m.lang != "de"),
    _atom("topic = 'law'", lambda m: m.topic and m.topic == "law"),
    _atom("conflict", lambda m: m.conflict),
]


def _not(one: Where) -> Where:
    return Where(f"NOT ({one.text})", lambda m: None if (v := one.holds(m)) is None else not v)


def _joined(word: str, left: Where, right: Where) -> Where:
    decisive = word == "OR"

    def holds(member: Member) -> bool | None:
        values = (left.holds(member), right.holds(member))
        if decisive in values:
            return decisive
        return None if None in values else not decisive

    return Where(f"({left.text}) {word} ({right.text})", holds)


wheres: st.SearchStrategy[Where] = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: (
        st.builds(_not, inner) | st.builds(_joined, st.sampled_from(["AND", "OR"]), inner, inner)
    ),
    max_leaves=4,
)


@st.composite
def members(draw: st.DrawFn) -> Member:
    """A record as the ledger may hold it."""
    label = draw(st.sampled_from(["human", "synthetic", "mixed", "unknown", "unknown"]))
    size = draw(st.sampled_from([1, 2, 3, 10]))
    made = label in {"synthetic", "mixed"}
    lo = {"synthetic": size}.get(label, 0)
    if label == "mixed":
        lo = draw(st.integers(0, size))
    hi = {"human": 0, "mixed": draw(st.integers(lo, size))}.get(label, size)
    return Member(
        label=label,
        size=size,
        lo=lo,
        hi=hi,
        generator=draw(st.sampled_from(["gpt", "llama", None])) if made else None,
        depth=draw(st.sampled_from(DEPTHS)) if made else {"human": 0}.get(label),
        lang=draw(st.sampled_from(["de", "fr", None])),
        topic=draw(st.sampled_from(["law", "art"])),
        descends=draw(st.sampled_from([(), OURS])) if label != "human" else (),
        weight=draw(st.sampled_from([1, 1, 2])),
        conflict=draw(st.booleans()),
    )


@st.composite
def budgets(draw: st.DrawFn) -> tuple[dict[str, object], Where | None]:
    """A budget with its condition; limits are chosen near what small sets come to."""
    rule = draw(st.sampled_from(["max_synthetic", "per human", "max_share", "min_human", "forbid"]))
    where = draw(st.none() | wheres)
    if rule == "forbid":
        where = where or draw(wheres)
        return {"forbid": where.text}, where
    budget: dict[str, object] = {}
    by = draw(st.sampled_from([[], [], ["generator"], ["depth"], ["lang"], ["lang", "generator"]]))
    limit = draw(st.sampled_from(["0", "0.1", "0.25", "0.3", "0.5", "0.6", "0.75", "0.9", "1"]))
    if rule == "max_share":
        where = where if by or where else draw(wheres)
    if rule == "min_human":
        budget["min_human"] = draw(st.integers(0, 15))
        budget["repeats"] = draw(st.sampled_from([None, "once", "count"]))
    else:
        budget["max_share" if rule == "max_share" else "max_synthetic"] = limit
    if rule == "per human":
        budget["per"] = "human"
    if by:
        budget["by"] = by
    if where:
        budget["where"] = where.text
    return budget, where


def holds(
    budget: dict[str, object], where: Where | None, key: dict[str, str | None], found: Found
) -> bool:
    """Whether a set of which all is known keeps a budget in one group."""
    scope = [
        now
        for was, now in found
        if (where is None or where.holds(now) is True)
        and all(_key(was, now, name) == value for name, value in key.items())
    ]
    part = sum(m.weight * m.lo for m in scope)
    size = sum(m.weight * m.size for m in scope)
    if "forbid" in budget:
        return not scope
    if "min_human" in budget:
        if budget.get("repeats") != "count":
            size, part = sum(m.size for m in scope), sum(m.lo for m in scope)
        return size - part >= int(str(budget["min_human"])) or (bool(key) and not scope)
    if "max_share" in budget:
        named = f"{where.text if where else ''} {budget.get('by', '')}"
        numerator = part if "generator" in named else size
        total = sum(m.weight * m.size for _, m in found)
        return numerator <= Fraction(str(budget["max_share"])) * total
    limit = Fraction(str(budget["max_synthetic"]))
    if budget.get("per") == "human":
        return not scope or (size > part and part <= limit * (size - part))
    return part <= limit * size


Found = Sequence[tuple[Member, Member]]
"""Members as they are known, each with what it turned out to be."""


def _key(was: Member, now: Member, name: str) -> str | None:
    value = getattr(was if name == "lang" else now, name)
    return None if value is None else str(value)
