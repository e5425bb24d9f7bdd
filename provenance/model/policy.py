"""Define policies: the budgets that a set must satisfy."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from provenance.model.base import Contract, Name
from provenance.model.origin import Unit
from provenance.model.release_name import ReleaseName


def _exact(value: Any) -> Any:
    """YAML gives floats; their shortest text is what the author wrote."""
    if isinstance(value, bool):
        raise ValueError("a limit is a number")
    return Decimal(repr(value)) if isinstance(value, float) else value


Limit = Annotated[
    Decimal,
    BeforeValidator(_exact),
    PlainSerializer(lambda value: str(value.normalize() + 0), return_type=str),
]
Share = Annotated[Limit, Field(ge=0, le=1)]
Ratio = Annotated[Limit, Field(ge=0, le=1_000_000)]

RULES = ("max_synthetic", "max_share", "min_human", "accumulate", "forbid")


class Budget(Contract):
    """One rule of a policy. Exactly one of the five rules is given.

    ``max_synthetic`` and ``max_share`` are shares of the scope (design.md section 5);
    ``min_human`` is an absolute size of distinct records; ``accumulate`` names a release whose
    human records must all be in the set; ``forbid`` is a condition that no record of the set may
    meet.
    """

    name: Name
    by: tuple[str, ...] = Field(default=(), description="Judge every group on its own.")
    where: str | None = Field(default=None, description="Condition that selects the scope or part.")
    unit: Unit | None = Field(default=None, description="Unit of this budget; else the policy's.")
    per: Literal["total", "human"] = Field(
        default="total", description="Share of the total, or ratio of synthetic to human."
    )
    max_synthetic: Ratio | None = None
    max_share: Share | None = None
    min_human: Annotated[int, Field(ge=0, lt=1 << 63)] | None = None
    repeats: Literal["once", "count"] | None = Field(
        default=None,
        description="Whether a floor counts a record that is repeated once (as it does when this "
        "is left out), or each time.",
    )
    accumulate: ReleaseName | None = None
    forbid: str | None = None

    @property
    def rule(self) -> str:
        """The one rule that is set."""
        return next(rule for rule in RULES if getattr(self, rule) is not None)

    @property
    def distinct(self) -> bool:
        """Whether weights and repeated rows do not count."""
        return self.rule == "min_human" and self.repeats != "count"

    @model_validator(mode="after")
    def _one_rule(self) -> Budget:
        given = [rule for rule in RULES if getattr(self, rule) is not None]
        if len(given) != 1:
            found = ", ".join(given) if given else "none"
            raise ValueError(f"a budget has exactly one of {', '.join(RULES)}; found: {found}")
        if self.max_synthetic is not None and self.max_synthetic > 1 and self.per == "total":
            raise ValueError("max_synthetic lies within [0, 1] unless the budget says per: human")
        if self.per == "human" and self.max_synthetic is None:
            raise ValueError("per: human goes with max_synthetic")
        if self.repeats is not None and self.min_human is None:
            raise ValueError("repeats goes with min_human")
        if self.max_share is not None and not (self.where or self.by):
            raise ValueError("max_share needs where or by: it limits a part of the set")
        if self.rule in {"accumulate", "forbid"} and (self.by or self.where):
            raise ValueError(f"{self.rule} takes neither by nor where")
        return self


class Policy(Contract):
    """What a set must satisfy before it is released."""

    policy: Name
    unit: Unit = "records"
    indeterminate: Literal["block", "warn"] = "block"
    tokenizer: str | None = Field(
        default=None, description="Path of a tokenizer.json, for unit: tokens; beside the policy."
    )
    budgets: tuple[Budget, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _coherent(self) -> Policy:
        names = [budget.name for budget in self.budgets]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"budget names are used twice: {', '.join(twice)}")
        if "tokens" in self.units and self.tokenizer is None:
            raise ValueError("unit: tokens needs tokenizer: PATH of a tokenizer.json")
        return self

    @property
    def units(self) -> frozenset[Unit]:
        """Every unit that some budget is judged in."""
        return frozenset(budget.unit or self.unit for budget in self.budgets)
