"""Small made-up corpora for the fit, and a judge of its own that knows nothing of SQL."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import duckdb
import pyarrow as pa
from hypothesis import strategies as st

from provenance.model.policy import Budget, Policy

TEXTS = ("record_id", "digest", "source", "uri", "kind", "label", "process", "generator")
TEXTS += ("generator_family", "lang", "split", "licence", "source_kind", "attributes")
SIZES = ("records", "bytes", "chars", "words", "tokens")
NUMBERS = ("row", "depth", "weight", *SIZES, *(f"{end}_{u}" for u in SIZES for end in ("lo", "hi")))

MEMBERS = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        *((name, pa.int64()) for name in NUMBERS),
        ("conflict", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Member:
    """A member with what budgets look at; ``parts`` are the least and most synthetic bytes."""

    number: int
    label: str = "human"
    size: int = 10
    parts: tuple[int, int] = (0, 0)
    lang: str | None = "en"
    source: str = "a"
    generator: str | None = None
    weight: int = 1

    @property
    def digest(self) -> str:
        return hashlib.sha256(str(self.number).encode()).hexdigest()

    @property
    def record_id(self) -> uuid.UUID:
        return uuid.UUID(hex=self.digest[:32])

    def sizes(self, unit: str) -> tuple[int, int, int]:
        """Size, least and most synthetic, repeats counted."""
        lo, hi = self.parts
        if unit == "records":
            return self.weight, self.weight * (lo == self.size > 0), self.weight * (hi > 0)
        return self.weight * self.size, self.weight * lo, self.weight * hi

    def row(self) -> dict[str, object]:
        """The member as a row of the members relation; what is not named is NULL."""
        size, (lo, hi) = self.size, self.parts
        found: dict[str, object] = {
            "record_id": str(self.record_id),
            "digest": f"sha256:{self.digest}",
            "source": self.source,
            "uri": "f",
            "row": self.number,
            "kind": "text",
            "records": 1,
            "lo_records": int(lo == size > 0),
            "hi_records": int(hi > 0),
            "label": self.label,
            "generator": self.generator,
            "depth": {"human": 0, "unknown": None}.get(self.label, 1),
            "lang": self.lang,
            "conflict": False,
            "weight": self.weight,
        }
        for unit in ("bytes", "chars", "words"):
            found |= {unit: size, f"lo_{unit}": lo, f"hi_{unit}": hi}
        return found


def member(
    number: int,
    label: str = "human",
    size: int = 10,
    *,
    mixed: tuple[int, int] = (0, 1),
    generator: str | None = None,
    **more: object,
) -> Member:
    """A member whose synthetic part follows from its label."""
    part = {"human": (0, 0), "synthetic": (size, size), "unknown": (0, size)}.get(label, mixed)
    kept = generator if label in {"synthetic", "mixed"} else None
    return Member(number, label, size, part, generator=kept, **more)  # type: ignore[arg-type]


def load(members: Sequence[Member]) -> duckdb.DuckDBPyConnection:
    """A connection with the members relation."""
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("rows", pa.Table.from_pylist([m.row() for m in members], MEMBERS))
    connection.execute(
        "CREATE TABLE members AS SELECT * REPLACE (CAST(record_id AS UUID) AS record_id) FROM rows"
    )
    connection.unregister("rows")
    return connection


def holds(condition: str | None, m: Member) -> bool | None:
    """The few conditions that the generated policies use, as three-valued tests."""
    if condition is None:
        return True
    column, value = condition.split(" = ")
    value = value.strip("'")
    if column == "generator":
        if m.label == "human":
            return False
        return None if m.label == "unknown" or m.generator is None else m.generator == value
    found = getattr(m, column)
    if found is None:
        return False if m.label == "human" else None
    return bool(found == value)


def passes(policy: Policy, members: Sequence[Member], required: Iterable[uuid.UUID] = ()) -> bool:
    """Whether a set keeps every budget at the worse end of what is not known."""
    return bool(members) and all(_kept(b, policy, members, set(required)) for b in policy.budgets)


def _kept(
    budget: Budget, policy: Policy, members: Sequence[Member], required: set[uuid.UUID]
) -> bool:
    unit = budget.unit or policy.unit
    if budget.accumulate is not None:
        return required <= {m.record_id for m in members}
    if budget.forbid is not None:
        return all(holds(budget.forbid, m) is False for m in members)
    scope = [(m, holds(budget.where, m)) for m in members]
    inside = [(m, truth) for m, truth in scope if truth is not False]
    if not budget.by:
        if not inside and budget.max_synthetic is not None:
            return True
        return _within(budget, unit, inside, members)
    for key in {_key(budget, m) for m, _ in inside}:
        group = [
            (m, truth if _key(budget, m) == key else None)
            for m, truth in inside
            if _key(budget, m) == key or _may_be(budget, m, key)
        ]
        if budget.max_synthetic is not None and any(_unnamed(budget, m, key) for m, _ in inside):
            # Each of them may be a group of its own; human records, of no generator, share none.
            group = [(m, None) for m, _ in group if _key(budget, m) != key or m.label != "human"]
        if not _within(budget, unit, group, members):
            return False
    return True


def _unnamed(budget: Budget, m: Member, key: tuple[object, ...]) -> bool:
    """Whether a member is in this group because nobody says what generated it."""
    nameless = "generator" in budget.by and m.generator is None and m.label != "human"
    return nameless and _key(budget, m) == key


def _key(budget: Budget, m: Member) -> tuple[object, ...]:
    return tuple(getattr(m, name) for name in budget.by)


def _may_be(budget: Budget, m: Member, key: tuple[object, ...]) -> bool:
    """Whether a member of another group may belong to this one: its generator is not known."""
    return all(
        mine == wanted or (name == "generator" and mine is None and m.label != "human")
        for name, mine, wanted in zip(budget.by, _key(budget, m), key, strict=True)
    )


def _certain(
    group: Sequence[tuple[Member, bool | None]], unit: str
) -> list[tuple[Member, int, int]]:
    """The members that certainly count, with size and most synthetic size, repeats counted."""
    return [(m, m.sizes(unit)[0], m.sizes(unit)[2]) for m, truth in group if truth]


def _within(
    budget: Budget,
    unit: str,
    group: Sequence[tuple[Member, bool | None]],
    members: Sequence[Member],
) -> bool:
    sure = [m.sizes(unit) for m, truth in group if truth]
    perhaps = [m.sizes(unit) for m, truth in group if truth is None]
    hi = sum(s[2] for s in [*sure, *perhaps])
    human = sum(size - most for size, _, most in sure)
    if budget.min_human is not None:
        if budget.repeats != "count":
            sure_sizes = _certain(group, unit)
            human = sum((size - most) // m.weight for m, size, most in sure_sizes)
        return human >= budget.min_human
    if budget.max_share is not None:
        named = {*budget.by, (budget.where or "").split(" = ")[0]}
        if not named & {"generator", "generator_family"}:
            hi = sum(s[0] for s in [*sure, *perhaps])
        whole = sum(m.sizes(unit)[0] for m in members)
        return hi <= Fraction(budget.max_share) * whole
    limit = Fraction(budget.max_synthetic or 0)
    if budget.per == "human":
        return (human > 0 or not (hi or sure)) and hi <= limit * human
    return hi <= limit * (sum(s[0] for s in sure) + sum(s[2] for s in perhaps))


def best(
    policy: Policy, members: Sequence[Member], required: Iterable[uuid.UUID] = ()
) -> int | None:
    """The size of the largest passing set, by trying every one; None when none passes."""
    unit = policy.budgets[0].unit or policy.unit
    sizes: list[int] = []
    for count in range(1, len(members) + 1):
        for subset in itertools.combinations(members, count):
            if passes(policy, subset, required):
                sizes.append(sum(m.sizes(unit)[0] for m in subset))
    return max(sizes, default=None)


LIMITS = st.sampled_from(["0", "0.1", "0.2", "0.25", "0.3334", "0.35", "0.5", "0.75", "1"])
CONDITIONS = st.sampled_from(["lang = 'en'", "lang = 'de'", "source = 'a'", "generator = 'g1'"])
GROUPS = st.sampled_from([("lang",), ("source",), ("generator",), ("lang", "generator")])


@st.composite
def budgets(draw: st.DrawFn, name: str, units: Sequence[str]) -> Budget:
    """One budget of any rule but ``accumulate``."""
    rule = draw(
        st.sampled_from(["max_synthetic", "max_synthetic", "human", "share", "floor", "no"])
    )
    keys = draw(st.just(()) | GROUPS) if rule != "no" else ()
    where = draw(st.none() | CONDITIONS) if rule != "no" else None
    if rule == "share" and not keys and where is None:
        where = draw(CONDITIONS)
    limit = draw(LIMITS)
    given: dict[str, object] = {
        "max_synthetic": {"max_synthetic": limit},
        "human": {"max_synthetic": limit, "per": "human"},
        "share": {"max_share": limit},
        "floor": {
            "min_human": draw(st.integers(0, 4)),
            "repeats": draw(st.sampled_from([None, None, "once", "count"])),
        },
        "no": {"forbid": draw(CONDITIONS)},
    }[rule]
    more = {"by": keys, "where": where, "unit": draw(st.sampled_from(units))}
    return Budget.model_validate({"name": name, **more, **given})


def policies(*units: str) -> st.SearchStrategy[Policy]:
    """Policies of one to three budgets, each in one of the units."""

    def made(count: int) -> st.SearchStrategy[Policy]:
        rules = st.tuples(*(budgets(f"budget-{at}", units) for at in range(count)))
        return rules.map(lambda found: Policy(policy="p", budgets=found))

    return st.integers(1, 3).flatmap(made)


@st.composite
def corpora(draw: st.DrawFn, most: int = 9, *, largest: int = 40) -> list[Member]:
    """A few members of every label, some of them repeated."""
    count = draw(st.integers(1, most))
    found = []
    for number in range(count):
        size = draw(st.integers(1, largest))
        lo = draw(st.integers(0, size))
        found.append(
            member(
                number,
                draw(st.sampled_from(["human", "human", "synthetic", "mixed", "unknown"])),
                size,
                mixed=(lo, draw(st.integers(lo, size))),
                generator=draw(st.sampled_from([None, "g1", "g2"])),
                lang=draw(st.sampled_from(["en", "de", None])),
                source=draw(st.sampled_from(["a", "b"])),
                weight=draw(st.sampled_from([1, 1, 1, 2, 3])),
            )
        )
    return found
