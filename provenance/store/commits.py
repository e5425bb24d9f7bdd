"""Name every kind of commit, and declare what it may change."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from provenance.model.base import quote_literal


class Effect(enum.Flag):
    """What a commit may change; a kind that this program does not know may change anything."""

    NONE = 0
    LINEAGE = enum.auto()
    """Edges, or what is claimed of a record."""
    LINEAGE_BY_RECORDS = enum.auto()
    """Lineage, but only through the records and releases that it adds."""
    LINEAGE_BY_ROWS = enum.auto()
    """Lineage, in a way that its own rows tell, so that it can be updated from them."""
    ORIGINS_BY_ROWS = enum.auto()
    """Origins, but only of the records that its rows, or the rows these replace, are about."""
    REACH = enum.auto()
    """Records or edges that a revocation may reach."""
    REMOVES = enum.auto()
    """Rows that are taken out, or tables that are changed: what was derived before is void."""


_RECORDED = Effect.LINEAGE | Effect.REACH
_ADDED = _RECORDED | Effect.LINEAGE_BY_ROWS | Effect.ORIGINS_BY_ROWS


class Verb(enum.StrEnum):
    """The kinds of commits, by the names that ledgers hold, each with its effects."""

    INIT = "init", Effect.REACH
    INGEST = "ingest", _ADDED | Effect.LINEAGE_BY_RECORDS
    DECLARE = "declare", _RECORDED | Effect.ORIGINS_BY_ROWS
    SOURCE = "source", _ADDED
    MODEL = "model", _RECORDED | Effect.ORIGINS_BY_ROWS
    ACTIVITY = "activity", _ADDED
    IMPORT = "import", _ADDED
    ASSEMBLE = "assemble", _ADDED | Effect.LINEAGE_BY_RECORDS
    PROPAGATE = "propagate", Effect.REACH
    PASS = "pass", Effect.REACH
    ORIGINS = "origins", Effect.NONE
    MAINTAIN = "maintain", Effect.NONE
    REVOKE = "revoke", Effect.NONE
    RESTORE = "restore", Effect.NONE
    FOLLOW = "follow", Effect.NONE
    PURGE = "purge", Effect.LINEAGE | Effect.REMOVES
    MIGRATE = "migrate", _RECORDED | Effect.REMOVES

    effects: Effect

    def __new__(cls, name: str, effects: Effect) -> Verb:
        """Make a member whose value is the name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.effects = effects
        return member


def verbs_with(effect: Effect) -> frozenset[str]:
    """The verbs that have an effect."""
    return frozenset(str(verb) for verb in Verb if effect in verb.effects)


def verbs_without(effect: Effect) -> frozenset[str]:
    """The verbs that do not have an effect."""
    return frozenset(str(verb) for verb in Verb if effect not in verb.effects)


LINEAGE_UNCHANGED = verbs_without(Effect.LINEAGE)
"""Verbs of commits after which edges and claims are what they were."""


def verb_list(verbs: Iterable[str]) -> str:
    """Verbs as SQL, to stand in brackets behind IN."""
    return ", ".join(quote_literal(verb) for verb in sorted(verbs))
