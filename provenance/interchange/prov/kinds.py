"""Check that each name of a PROV bundle has one kind: constraints 50, 52, 55 and 56."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from prov.constants import PROV, PROV_N_MAP
from prov.identifier import QualifiedName
from prov.model import (
    ProvAlternate,
    ProvAssociation,
    ProvAttribution,
    ProvCommunication,
    ProvDelegation,
    ProvDerivation,
    ProvElement,
    ProvEnd,
    ProvEntity,
    ProvGeneration,
    ProvInvalidation,
    ProvMembership,
    ProvMention,
    ProvRelation,
    ProvSpecialization,
    ProvStart,
    ProvUsage,
)

from provenance.interchange.prov.constraints import broken
from provenance.interchange.prov.merged_statements import Statement, Statements
from provenance.model.finding import Finding

_E, _A, _G = "entity", "activity", "agent"
_ENDS: dict[type[ProvRelation], tuple[str | None, ...]] = {
    ProvGeneration: (_E, _A),
    ProvUsage: (_A, _E),
    ProvInvalidation: (_E, _A),
    ProvCommunication: (_A, _A),
    ProvStart: (_A, _E, _A),
    ProvEnd: (_A, _E, _A),
    ProvDerivation: (_E, _E, _A),
    ProvAttribution: (_E, _G),
    ProvAssociation: (_A, _G, _E),
    ProvDelegation: (_G, _G, _A),
    ProvAlternate: (_E, _E),
    ProvSpecialization: (_E, _E),
    ProvMention: (_E, _E),
    ProvMembership: (_E, _E),
}
"""Kinds of the ends of relations (constraint 50); those of an influence may be any."""

_SPECIAL = {ProvSpecialization, ProvMention}


def kind_findings(statements: Statements) -> Iterator[Finding]:
    """Find names of two kinds, and things that specialise or contain what they cannot."""
    yield from _two_kinds(statements)
    general = _generalisations(statements.relations)
    for name in sorted((n for n in general if n in general[n]), key=str):
        yield broken(52, name, "a specialization of itself")
    yield from _members_of_nothing(statements, general)


def _two_kinds(statements: Statements) -> Iterator[Finding]:
    kinds: defaultdict[QualifiedName, dict[str, str]] = defaultdict(dict)
    for name, elements in statements.elements.items():
        kinds[name] = {str(PROV_N_MAP[one.get_type()]): "declared" for one in elements}
    declared = {name: frozenset(words) for name, words in kinds.items()}
    for relation in statements.relations:
        for kind, name in zip(_ENDS.get(relation.kind, ()), relation.values, strict=False):
            if name is not None and kind is not None:
                why = f"named so by {relation.word}"
                kinds[name][kind] = min(kinds[name].get(kind, why), why)
    for name, words in kinds.items():
        if {_E, _A} <= words.keys():
            both = {_E, _A} <= declared.get(name, frozenset())
            reason = f"an entity ({words[_E]}) and an activity ({words[_A]}), which nothing can be"
            yield broken(55 if both else 50, name, reason)


def _generalisations(
    relations: Iterable[Statement],
) -> dict[QualifiedName, set[QualifiedName]]:
    """Collect everything that an entity is a specialization of, over any number of steps."""
    direct: defaultdict[QualifiedName, set[QualifiedName]] = defaultdict(set)
    for one in relations:
        if one.kind in _SPECIAL and None not in one.values[:2]:
            direct[one.values[0]].add(one.values[1])
    found: dict[QualifiedName, set[QualifiedName]] = {}
    for name in direct:
        seen: set[QualifiedName] = set()
        todo = list(direct[name])
        while todo:
            if (other := todo.pop()) not in seen:
                seen.add(other)
                todo += direct.get(other, ())
        found[name] = seen
    return found


def _members_of_nothing(
    statements: Statements, general: dict[QualifiedName, set[QualifiedName]]
) -> Iterator[Finding]:
    """Find members of a collection that is empty, or a specialization of an empty one."""
    empty = {name for name, all_ in statements.elements.items() if any(map(_is_empty, all_))}
    if not empty:
        return
    for one in statements.relations:
        if one.kind is ProvMembership and None not in one.values[:2]:
            collection, member = one.values[:2]
            if empty & ({collection} | general.get(collection, set())):
                yield broken(56, collection, f"an empty collection with the member {member}")


def _is_empty(one: ProvElement) -> bool:
    return isinstance(one, ProvEntity) and PROV["EmptyCollection"] in one.get_asserted_types()
