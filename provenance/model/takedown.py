"""Define takedowns: the request, and the receipt of what it reached."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from provenance.model.base import Contract, Name

LISTED_DIGESTS = 1_000
"""Most digests that a receipt spells out; the view ``revoked`` has all of them."""

SHORT_NOTE = (
    "a tombstone is the SHA-256 of what was removed: whoever can guess a short text can confirm it"
)

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

Kind = Literal["record", "external_id", "source", "file", "attribute"]
Event = Literal["plan", "revoke", "restore", "purge"]
Value = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]*$")]


class Selector(Contract):
    """One thing that holds of every record that is meant: it has any of these values.

    ``domain`` as the name of an attribute means the host of the attribute ``url``, or a domain
    above it.
    """

    kind: Kind
    name: Value | None = Field(default=None, description="Of the attribute.")
    values: tuple[Value, ...] = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _in_order(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(values)))

    @model_validator(mode="before")
    @classmethod
    def _domains(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("name") == "domain":
            values = [str(value).lower().strip(".") for value in given.get("values", ())]
            return {**given, "values": values}
        return given

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.kind == "attribute") != (self.name is not None):
            raise ValueError("an attribute has a name, and nothing else has")
        if self.kind == "record" and not all(map(_DIGEST.fullmatch, self.values)):
            raise ValueError("a record is named by its whole digest, `sha256:…`")
        return self

    @property
    def personal(self) -> bool:
        """Whether its values are about a person, and have to go when the content does."""
        return self.kind in {"external_id", "attribute"}

    def blind(self, values: Collection[str]) -> Self:
        """The same with these values put as their SHA-256: it still finds what it found."""
        if not self.personal:
            return self
        put = [blinded(value) if value in values else value for value in self.values]
        return self.model_copy(update={"values": tuple(sorted(set(put)))})


def blinded(value: str) -> str:
    """A value as its SHA-256; one that is that already stays.

    >>> blinded("Ada")[:19]
    'sha256:99a563ab2f6e'
    """
    if _DIGEST.fullmatch(value):
        return value
    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"


class Takedown(Contract):
    """Which records are to be taken out: those with a sighting of which every selector holds."""

    selectors: tuple[Selector, ...] = Field(min_length=1)
    through_models: bool = Field(
        default=False, description="Whether what a model wrote that was trained on them goes too."
    )

    @field_validator("selectors")
    @classmethod
    def _in_order(cls, selectors: tuple[Selector, ...]) -> tuple[Selector, ...]:
        return tuple(sorted(selectors, key=lambda item: (item.kind, item.name or "", item.values)))

    @property
    def revocation(self) -> str:
        """The id of its revocation: the same request has the same one."""
        return f"rv-{hashlib.sha256(self.canonical()).hexdigest()[:12]}"

    @property
    def personal(self) -> frozenset[str]:
        """The values about a person that stand in it."""
        return frozenset(
            value
            for item in self.selectors
            if item.personal
            for value in item.values
            if not _DIGEST.fullmatch(value)
        )

    @property
    def description(self) -> str:
        """The takedown as a person writes it.

        >>> Takedown(
        ...     selectors=(Selector(kind="attribute", name="author", values=("Ada",)),)
        ... ).description
        'author `Ada`'
        """
        found = []
        for item in self.selectors:
            named = item.name or item.kind.replace("_", " ")
            found.append(f"{named} " + " or ".join(f"`{value}`" for value in item.values))
        return " and ".join(found)

    def blind(self, values: Collection[str]) -> Self:
        """The same with these values put as their SHA-256."""
        return self.model_copy(
            update={"selectors": tuple(item.blind(values) for item in self.selectors)}
        )


class Digests(Contract):
    """Records, by number and by digest."""

    records: int
    sha256: str = Field(description="Over the digests, sorted, a line each.")
    digests: tuple[str, ...] = Field(description=f"The first {LISTED_DIGESTS:,} of them.")


class ReleaseHit(Contract):
    """A release that contains records of a takedown."""

    name: Name
    records: int = Field(description="Members named, or derived from one that is.")
    through_models: int = Field(default=0, description="Members that descend through a model only.")


class ModelHit(Contract):
    """A model that was trained on such a release."""

    name: str
    trained_on: Name


class Reach(Contract):
    """Everything that a takedown reaches."""

    named: Digests
    derived: Digests = Field(description="Made from one that is named, at any depth.")
    hops: dict[int, int] = Field(description="Derived records by the edges that lead to them.")
    through_models: Digests = Field(description="Descend from one through a model only.")
    releases: tuple[ReleaseHit, ...]
    models: tuple[ModelHit, ...]
    sightings: int = Field(description="Appearances of the named and the derived ones.")
    sources: tuple[str, ...]
    files: int


class Purged(Contract):
    """What a purge removed."""

    tombstones: int
    parts: int = Field(description="Parts of the ledger that were written anew.")
    snapshots: int | None = Field(
        default=None, description="Expired afterwards; the receipt in the ledger has no number."
    )
    note: str = SHORT_NOTE


class Receipt(Contract):
    """What was asked, what was done, and what it reached."""

    revocation: str
    event: Event
    unchanged: bool = Field(default=False, description="Whether it was so before.")
    recorded_at: datetime | None = None
    takedown: Takedown
    reason: str | None = None
    requested_by: str | None = None
    ledger_sequence: int = Field(description="The last commit that was looked at.")
    reach: Reach
    purged: Purged | None = None


class Revoked(Contract):
    """Why a record is revoked."""

    revocation: str
    hops: int = Field(description="0 where the record itself was named.")
    reason: str | None
