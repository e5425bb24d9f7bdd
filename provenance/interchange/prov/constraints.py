"""Name the constraints of W3C PROV-CONSTRAINTS by number, and make findings of breaches.

Numbers and names: https://www.w3.org/TR/prov-constraints/, sections 5 and 6.
"""

from __future__ import annotations

from typing import Any

from provenance.content.display import visible
from provenance.interchange.text import shorten
from provenance.model.finding import Finding

_SAME_THING = "Give one thing one statement, or two things two names."
_ORDER = "Correct the times, or the relation that puts one before the other."

CONSTRAINTS = {
    22: ("key-object", _SAME_THING),
    23: ("key-properties", "Give the two relations two identifiers."),
    24: ("unique-generation", "State once that the activity generated it."),
    25: ("unique-invalidation", "State once that the activity invalidated it."),
    26: ("unique-was-started-by", "State once that the one activity started the other."),
    27: ("unique-was-ended-by", "State once that the one activity ended the other."),
    28: ("unique-start-time", "Give the activity one time at which it started."),
    29: ("unique-end-time", "Give the activity one time at which it ended."),
    30: ("start-precedes-end", _ORDER),
    31: ("start-start-ordering", _ORDER),
    32: ("end-end-ordering", _ORDER),
    33: ("usage-within-activity", _ORDER),
    34: ("generation-within-activity", _ORDER),
    35: ("was-informed-by-ordering", _ORDER),
    36: ("generation-precedes-invalidation", _ORDER),
    37: ("generation-precedes-usage", _ORDER),
    38: ("usage-precedes-invalidation", _ORDER),
    39: ("generation-generation-ordering", _ORDER),
    40: ("invalidation-invalidation-ordering", _ORDER),
    41: ("derivation-usage-generation-ordering", _ORDER),
    42: ("derivation-generation-generation-ordering", _ORDER),
    43: ("was-started-by-ordering", _ORDER),
    44: ("was-ended-by-ordering", _ORDER),
    45: ("specialization-generation-ordering", _ORDER),
    46: ("specialization-invalidation-ordering", _ORDER),
    47: ("was-associated-with-ordering", _ORDER),
    48: ("was-attributed-to-ordering", _ORDER),
    49: ("acted-on-behalf-of-ordering", _ORDER),
    50: ("typing", "Name what the relation is about, or declare it as what it is."),
    51: (
        "impossible-unspecified-derivation-generation-use",
        "Name the activity, or leave its generation and usage out.",
    ),
    52: ("impossible-specialization-reflexive", "Say which one is the more general."),
    53: ("impossible-property-overlap", "Give the two relations two identifiers."),
    54: ("impossible-object-property-overlap", "Give thing and relation two identifiers."),
    55: ("entity-activity-disjoint", "Give the two things two names."),
    56: ("membership-empty-collection", "Leave the type out, or the member."),
}
"""Name and remedy of each constraint, by its number."""


def broken(number: int, subject: Any, reason: str) -> Finding:
    """Make the finding that a constraint is broken.

    Args:
        number: of the constraint.
        subject: the name that the finding is about.
        reason: how it is broken.
    """
    name, remedy = CONSTRAINTS[number]
    return Finding(
        code=f"prov-{name}",
        severity="warning",
        subject=shown(subject),
        reason=shorten(visible(f"{reason} (PROV constraint {number})"), 600),
        remedy=remedy,
    )


def shown(name: Any) -> str:
    """Shorten a name for a finding, and make its invisible characters visible."""
    return shorten(visible(str(name)), 200)
