"""Check that the events of a PROV bundle can be ordered: constraints 30 to 49."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prov.model import (
    ProvAssociation,
    ProvAttribution,
    ProvCommunication,
    ProvDelegation,
    ProvDerivation,
    ProvEnd,
    ProvGeneration,
    ProvInvalidation,
    ProvMention,
    ProvSpecialization,
    ProvStart,
    ProvUsage,
)

from provenance.interchange.prov.constraints import CONSTRAINTS, broken, shown
from provenance.interchange.prov.merged_statements import Statement, Statements, differ
from provenance.model.finding import Finding

Event = tuple[str, Any]
"""Kind of an event, and its name: all generations of one entity are one event (39), and so are
its invalidations (40), and the starts and ends of one activity (31, 32)."""

_NAMED = 8
_ONE = {"start": 31, "end": 32, "generation": 39, "invalidation": 40}
"""Kinds whose events of one name are simultaneous, with the constraint that requires it."""


@dataclass(frozen=True, slots=True)
class _Precedence:
    """A constraint requires one event before another; 42 requires it strictly before."""

    before: Event
    after: Event
    constraint: int


def order_findings(statements: Statements) -> Iterator[Finding]:
    """Find events that would have to come before themselves, and times that break the order."""
    order = _Order(statements)
    groups = _groups(order.steps)
    group_of = {event: n for n, group in enumerate(groups) for event in group}
    for group in groups:
        strict = [
            step
            for event in group
            for step in order.steps[event]
            if step.constraint == 42 and group_of[step.after] == group_of[event]
        ]
        if strict:
            first = min(strict, key=lambda step: (str(step.before), str(step.after)))
            yield _cycle(first, order.steps, frozenset(group))
    yield from order.conflicting_times()
    yield from order.early_times(groups, group_of)


@dataclass(slots=True)
class _Order:
    """The events of a bundle, their times, and the required order.

    ``stated`` has the times of relations only, not the start and end times of activities.
    """

    statements: Statements
    steps: dict[Event, list[_Precedence]] = field(default_factory=lambda: defaultdict(list))
    times: dict[Event, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    stated: dict[Event, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for event, times in (("start", self.statements.starts), ("end", self.statements.ends)):
            for name, time in times.items():
                self.times[event, name].append(time)
                self._lives(name)
        for position, one in enumerate(self.statements.relations):
            add = _ADD.get(one.kind)
            if add is not None:
                add(self, one, position)

    def _step(self, before: Event, after: Event, constraint: int) -> None:
        if before[1] is not None and after[1] is not None:
            self.steps[before].append(_Precedence(before, after, constraint))
            self.steps.setdefault(after, [])

    def _lives(self, activity: Any) -> None:
        self._step(("start", activity), ("end", activity), 30)

    def _exists(self, entity: Any) -> None:
        self._step(("generation", entity), ("invalidation", entity), 36)

    def _at(self, event: Event, time: Any) -> None:
        if time is not None and event[1] is not None:
            self.times[event].append(time)
            self.stated[event].append(time)

    def _within(self, activity: Any, event: Event, constraint: int) -> None:
        self._lives(activity)
        self._step(("start", activity), event, constraint)
        self._step(event, ("end", activity), constraint)

    def generation(self, one: Statement, _: int) -> None:
        entity, activity, time = one.values[:3]
        event = ("generation", entity)
        self._exists(entity)
        self._at(event, time)
        self._within(activity, event, 34)

    def invalidation(self, one: Statement, _: int) -> None:
        entity, _activity, time = one.values[:3]
        self._exists(entity)
        self._at(("invalidation", entity), time)

    def usage(self, one: Statement, position: int) -> None:
        activity, entity, time = one.values[:3]
        event = ("usage", (one.name or position, activity, entity))
        self._exists(entity)
        self._at(event, time)
        self._within(activity, event, 33)
        self._step(("generation", entity), event, 37)
        self._step(event, ("invalidation", entity), 38)

    def communication(self, one: Statement, _: int) -> None:
        informed, informant = one.values[:2]
        self._lives(informed)
        self._lives(informant)
        self._step(("start", informant), ("end", informed), 35)

    def start(self, one: Statement, _: int) -> None:
        self._triggered("start", one, 43)

    def end(self, one: Statement, _: int) -> None:
        self._triggered("end", one, 44)

    def _triggered(self, kind: str, one: Statement, constraint: int) -> None:
        activity, trigger = one.values[:2]
        event = (kind, activity)
        self._lives(activity)
        self._exists(trigger)
        self._at(event, one.values[3])
        self._step(("generation", trigger), event, constraint)
        self._step(event, ("invalidation", trigger), constraint)

    def derivation(self, one: Statement, _: int) -> None:
        child, parent, activity, _generation, usage = one.values[:5]
        self._exists(child)
        self._exists(parent)
        self._step(("generation", parent), ("generation", child), 42)
        if activity is not None:
            # A usage without an identifier is a new one with the same position in the order.
            key = (usage or ("of", child), activity, parent)
            self._step(("generation", parent), ("usage", key), 37)
            self._step(("usage", key), ("generation", child), 41)

    def specialization(self, one: Statement, _: int) -> None:
        special, general = one.values[:2]
        self._exists(special)
        self._exists(general)
        self._step(("generation", general), ("generation", special), 45)
        self._step(("invalidation", special), ("invalidation", general), 46)

    def association(self, one: Statement, _: int) -> None:
        activity, agent = one.values[:2]
        self._lives(activity)
        self._exists(agent)
        self._lives(agent)
        self._step(("start", activity), ("invalidation", agent), 47)
        self._step(("generation", agent), ("end", activity), 47)
        self._step(("start", activity), ("end", agent), 47)
        self._step(("start", agent), ("end", activity), 47)

    def attribution(self, one: Statement, _: int) -> None:
        entity, agent = one.values[:2]
        self._exists(entity)
        self._step(("generation", agent), ("generation", entity), 48)
        self._step(("start", agent), ("generation", entity), 48)

    def delegation(self, one: Statement, _: int) -> None:
        delegate, responsible = one.values[:2]
        self._step(("generation", responsible), ("invalidation", delegate), 49)
        self._step(("start", responsible), ("end", delegate), 49)

    def conflicting_times(self) -> Iterator[Finding]:
        """Find simultaneous events that are stated with different times."""
        for event, times in self.stated.items():
            first, *others = sorted(times, key=str)
            for other in others:
                if event[0] in _ONE and differ(first, other):
                    reason = f"{_words(event)} at {first} and at {other}, which must be one time"
                    yield broken(_ONE[event[0]], event[1], reason)

    def early_times(
        self, groups: list[list[Event]], group_of: dict[Event, int]
    ) -> Iterator[Finding]:
        """Find times that are earlier than those of an event that must come first.

        Args:
            groups: strongly connected events, in reverse order of time.
            group_of: the index of each event's group.
        """
        # For each group, with and without a zone: the latest time before it, and its event.
        latest: list[dict[bool, tuple[datetime, Event]]] = [{} for _ in groups]
        seen: set[tuple[int, Event, Event]] = set()
        for number in range(len(groups) - 1, -1, -1):
            for event in groups[number]:
                for time in self.times.get(event, ()):
                    _later(latest[number], time, event)
            for step in (step for event in groups[number] for step in self.steps[event]):
                after = group_of[step.after]
                for zoned, (time, event) in list(latest[number].items()):
                    own = [t for t in self.times.get(step.after, ()) if _zoned(t) == zoned]
                    key = (step.constraint, event, step.after)
                    if own and max(own) < time and key not in seen:
                        seen.add(key)
                        yield _too_early(step, max(own), time, event)
                    if after != number:
                        _later(latest[after], time, event)


_ADD = {
    ProvGeneration: _Order.generation,
    ProvInvalidation: _Order.invalidation,
    ProvUsage: _Order.usage,
    ProvCommunication: _Order.communication,
    ProvStart: _Order.start,
    ProvEnd: _Order.end,
    ProvDerivation: _Order.derivation,
    ProvSpecialization: _Order.specialization,
    ProvMention: _Order.specialization,
    ProvAssociation: _Order.association,
    ProvAttribution: _Order.attribution,
    ProvDelegation: _Order.delegation,
}


def _zoned(time: datetime) -> bool:
    return time.tzinfo is not None


def _later(latest: dict[bool, tuple[datetime, Event]], time: datetime, event: Event) -> None:
    zoned = _zoned(time)
    known = latest.get(zoned)
    if known is None or known[0] < time or (known[0] == time and _words(event) < _words(known[1])):
        latest[zoned] = (time, event)


def _too_early(step: _Precedence, own: datetime, time: datetime, event: Event) -> Finding:
    return broken(
        step.constraint,
        _subject(step.after),
        f"{_words(step.after)} at {own}, before {_words(event)} at {time}, which must come first",
    )


def _cycle(
    strict: _Precedence, steps: dict[Event, list[_Precedence]], group: frozenset[Event]
) -> Finding:
    """Report the shortest cycle through a strict precedence."""
    came: dict[Event, _Precedence] = {}
    todo = [strict.after]
    for event in todo:
        if event == strict.before:
            break
        for step in sorted(steps[event], key=lambda step: (_words(step.after), step.constraint)):
            if step.after in group and step.after not in came and step.after != strict.after:
                came[step.after] = step
                todo.append(step.after)
    path = [strict]
    back = strict.before
    while back != strict.after:
        path.insert(1, came[back])
        back = came[back].before
    numbers = sorted({step.constraint for step in path})
    others = [number for number in numbers if number != 42]
    following = ", ".join(_words(step.after) for step in path[:_NAMED])
    more = f" … ({len(path) - _NAMED} more)" if len(path) > _NAMED else ""
    why = ", ".join(f"{number} {CONSTRAINTS[number][0]}" for number in numbers)
    reason = f"{_words(strict.before)} must come before itself: before {following}{more}; by {why}"
    return broken(others[0] if others else 42, _subject(strict.after), reason)


def _subject(event: Event) -> Any:
    return event[1][2] if event[0] == "usage" else event[1]


def _words(event: Event) -> str:
    kind, name = event
    if kind == "usage":
        return f"the usage of {shown(name[2])} by {shown(name[1])}"
    return f"the {kind} of {shown(name)}"


def _groups(steps: dict[Event, list[_Precedence]]) -> list[list[Event]]:
    """Find strongly connected events, the last ones first (Tarjan, without recursion)."""
    index: dict[Event, int] = {}
    low: dict[Event, int] = {}
    stack: list[Event] = []
    waiting: set[Event] = set()
    groups: list[list[Event]] = []
    for root, first in steps.items():
        if root in index:
            continue
        work = [(root, iter(first))]
        index[root] = low[root] = len(index)
        stack.append(root)
        waiting.add(root)
        while work:
            event, following = work[-1]
            step = next(following, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[event])
                if low[event] == index[event]:
                    cut = _last(stack, event)
                    groups.append(stack[cut:])
                    waiting.difference_update(stack[cut:])
                    del stack[cut:]
            elif step.after not in index:
                index[step.after] = low[step.after] = len(index)
                stack.append(step.after)
                waiting.add(step.after)
                work.append((step.after, iter(steps[step.after])))
            elif step.after in waiting:
                low[event] = min(low[event], index[step.after])
    return groups


def _last(stack: list[Event], event: Event) -> int:
    position = len(stack) - 1
    while stack[position] != event:
        position -= 1
    return position
