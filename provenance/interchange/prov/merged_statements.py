"""Merge the statements of a PROV bundle that state the same thing, and find conflicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prov.constants import PROV_N_MAP
from prov.identifier import QualifiedName
from prov.model import (
    ProvActivity,
    ProvBundle,
    ProvDerivation,
    ProvElement,
    ProvEnd,
    ProvGeneration,
    ProvInvalidation,
    ProvRelation,
    ProvStart,
    ProvUsage,
)

from provenance.interchange.prov.constraints import broken
from provenance.model.finding import Finding

_UNIQUE: dict[type[ProvRelation], tuple[int, tuple[int, int]]] = {
    ProvGeneration: (24, (0, 1)),
    ProvInvalidation: (25, (0, 1)),
    ProvStart: (26, (0, 2)),
    ProvEnd: (27, (0, 2)),
}
"""Relations of which there is one between two ends: number of the constraint, and which ends."""


@dataclass(slots=True)
class Statement:
    """One relation; what is not stated is ``None``.

    Attributes:
        kind: its class in the library `prov`.
        name: its identifier.
        values: its formal attributes in the order of PROV-DM.
    """

    kind: type[ProvRelation]
    name: QualifiedName | None
    values: list[Any]

    @property
    def word(self) -> str:
        """Its name in PROV-N."""
        return _WORDS[self.kind]


_WORDS: dict[type[ProvRelation], str] = {
    kind: str(PROV_N_MAP[kind._prov_type])  # type: ignore[index]
    for direct in ProvRelation.__subclasses__()
    for kind in (direct, *direct.__subclasses__())
}


class Statements:
    """The statements of one bundle, merged by the keys of constraints 22 to 29.

    Attributes:
        elements: the statements about each entity, activity and agent, by name.
        relations: each once.
        starts: stated start time of each activity that has one.
        ends: stated end time of each activity that has one.
        findings: keys that are broken, and identifiers that name two things.
    """

    def __init__(self, bundle: ProvBundle) -> None:
        self.starts: dict[QualifiedName, datetime] = {}
        self.ends: dict[QualifiedName, datetime] = {}
        self.findings: list[Finding] = []
        self.elements = _elements(bundle)
        stated = [
            Statement(type(one), one.identifier, [value for _, value in one.formal_attributes])
            for one in bundle.records
            if isinstance(one, ProvRelation)
        ]
        self._activities()
        self._overlaps(stated)
        self.findings += _half_derivations(stated)
        named = self._by_name([*stated, *_implied(stated)])
        self.relations = self._by_ends(named)
        self._times()

    def _activities(self) -> None:
        for name, elements in self.elements.items():
            activities = [one for one in elements if isinstance(one, ProvActivity)]
            for event, times, stated in (
                ("start", self.starts, [one.get_startTime() for one in activities]),
                ("end", self.ends, [one.get_endTime() for one in activities]),
            ):
                found = sorted((time for time in stated if time is not None), key=str)
                if found:
                    times[name] = found[0]
                for time in found[1:]:
                    if differ(found[0], time):
                        reason = f"stated to {event} at {found[0]} and at {time}"
                        self.findings.append(broken(22, name, reason))

    def _overlaps(self, stated: Iterable[Statement]) -> None:
        """Find identifiers of relations that name other things as well."""
        words: defaultdict[QualifiedName, set[str]] = defaultdict(set)
        for one in stated:
            if one.name is not None:
                words[one.name].add(one.word)
        for name, kinds in words.items():
            distinct = sorted(kinds - {"wasInfluencedBy"})
            if len(distinct) > 1:
                reason = f"the identifier of a {distinct[0]} and of a {distinct[1]}"
                self.findings.append(broken(53, name, reason))
            if things := self.elements.get(name):
                thing = min(str(PROV_N_MAP[one.get_type()]) for one in things)
                reason = f"the identifier of an {thing} and of a {min(kinds)}"
                self.findings.append(broken(54, name, reason))

    def _by_name(self, stated: Iterable[Statement]) -> list[Statement]:
        """Merge statements of one kind and identifier."""
        groups: defaultdict[Any, list[Statement]] = defaultdict(list)
        for position, one in enumerate(stated):
            groups[position if one.name is None else (one.kind, one.name)].append(one)
        return [self._merged(group, 23) for group in groups.values()]

    def _by_ends(self, stated: Iterable[Statement]) -> list[Statement]:
        """Merge statements of which there can be only one between two ends."""
        groups: defaultdict[Any, list[Statement]] = defaultdict(list)
        for position, one in enumerate(stated):
            ends = [one.values[at] for at in _UNIQUE[one.kind][1]] if one.kind in _UNIQUE else []
            groups[position if not ends or None in ends else (one.kind, *ends)].append(one)
        return [
            self._merged(group, _UNIQUE[group[0].kind][0] if group[0].kind in _UNIQUE else 0)
            for group in groups.values()
        ]

    def _merged(self, group: list[Statement], number: int) -> Statement:
        """Merge several statements of one thing; where they differ, the first wins."""
        if len(group) == 1:
            return group[0]
        first, *others = sorted(group, key=lambda one: (str(one.name), str(one.values)))
        whole = Statement(first.kind, first.name, list(first.values))
        for one in others:
            if whole.name is None:
                whole.name = one.name
            elif one.name is not None and whole.name != one.name:
                reason = f"a {one.word} that is stated twice, as {whole.name} and as {one.name}"
                self.findings.append(broken(number, whole.values[0], reason))
            for position, value in enumerate(one.values):
                known = whole.values[position]
                if known is None:
                    whole.values[position] = value
                elif value is not None and differ(known, value):
                    subject = whole.name if number == 23 else whole.values[0]
                    reason = f"a {one.word} that is stated twice, with {known} and with {value}"
                    self.findings.append(broken(number, subject, reason))
        return whole

    def _times(self) -> None:
        """Compare the times of activities with those of their starts and ends."""
        for one in self.relations:
            if one.kind is ProvStart:
                number, times, event = 28, self.starts, "start"
            elif one.kind is ProvEnd:
                number, times, event = 29, self.ends, "end"
            else:
                continue
            activity, time = one.values[0], one.values[3]
            if activity is None or time is None:
                continue
            other = times.get(activity)
            if other is not None and differ(other, time):
                reason = f"stated to {event} at {other} and at {time}"
                self.findings.append(broken(number, activity, reason))


def _elements(bundle: ProvBundle) -> dict[QualifiedName, list[ProvElement]]:
    """Group the statements about each entity, activity and agent by name."""
    named: defaultdict[QualifiedName, list[ProvElement]] = defaultdict(list)
    for one in bundle.records:
        if isinstance(one, ProvElement) and one.identifier is not None:
            named[one.identifier].append(one)
    return dict(named)


def differ(one: Any, two: Any) -> bool:
    """Whether two values differ; a time with a zone and one without are never known to differ."""
    if isinstance(one, datetime) and isinstance(two, datetime):
        return (one.tzinfo is None) == (two.tzinfo is None) and one != two
    return bool(one != two)


def _half_derivations(stated: Iterable[Statement]) -> Iterator[Finding]:
    for one in stated:
        if one.kind is ProvDerivation and one.values[2] is None and any(one.values[3:5]):
            reason = f"derived from {one.values[1]} by a generation or usage of no activity"
            yield broken(51, one.values[0], reason)


def _implied(stated: Iterable[Statement]) -> Iterator[Statement]:
    """Infer generations and usages from derivations, starts and ends (inferences 9, 10 and 11)."""
    for one in stated:
        if one.kind is ProvDerivation and one.values[2] is not None:
            child, parent, activity, generation, usage = one.values[:5]
            yield Statement(ProvGeneration, generation, [child, activity, None])
            yield Statement(ProvUsage, usage, [activity, parent, None])
        elif one.kind in {ProvStart, ProvEnd} and None not in one.values[1:3]:
            _, trigger, other = one.values[:3]
            yield Statement(ProvGeneration, None, [trigger, other, None])
