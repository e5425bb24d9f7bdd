"""Columns whose name promises an origin; the name is any writer's choice, so values are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.origin import Label, Process, Tier
from provenance.recognisers.base import (
    Rows,
    basis,
    claims,
    nothing,
    positions,
)
from provenance.recognisers.families import model_names
from provenance.recognisers.turns import ANSWERS, PROMPTS, by_model, model_sides
from provenance.recognisers.values import (
    FALSE_WORDS,
    HUMAN_WORDS,
    MIXED_WORDS,
    SYNTHETIC_WORDS,
    TRUE_WORDS,
    words_of,
)


class Column(NamedTuple):
    """What a column of some name is good for.

    Attributes:
        bare: the name never means anything but a text's generator, so ``claude`` needs no version.
        process: what the name says about how the text was made.
        origin: the name speaks of the whole record, and not of the model's side of it.
    """

    bare: bool = False
    process: Process | None = None
    origin: bool = False


FLAGS = frozenset(
    {"synthetic", "issynthetic", "isgenerated", "aigenerated", "isaigenerated"}
    | {"machinegenerated", "ismachinegenerated", "aigc", "isaigc"}
)
"""Yes-or-no columns; names here and below are in lower case, letters and digits only."""

COLUMNS: Mapping[str, Column] = {
    "model": Column(),
    "modelid": Column(),
    "modelname": Column(),
    "llm": Column(bare=True),
    "generator": Column(bare=True, process=Process.GENERATE),
    "generatedby": Column(bare=True, process=Process.GENERATE),
    "generationmodel": Column(bare=True, process=Process.GENERATE),
    "teachermodel": Column(bare=True, process=Process.DISTIL),
    "createdby": Column(origin=True),
    "origin": Column(origin=True),
    "provenance": Column(origin=True),
}

_FLAG_KINDS = frozenset({"boolean", "number", "string", "null"})
_NAME_KINDS = frozenset({"string", "null"})


def squash(name: str) -> str:
    """A field name as the tables have it.

    >>> squash("Is_Synthetic"), squash("model-id")
    ('issynthetic', 'modelid')
    """
    return re.sub(r"[\W_]+", "", name).lower()


@dataclass(frozen=True, slots=True)
class GenericField:
    """A generator or a plain yes is the tool's word; a no or the word "human" is a declaration."""

    fallback: ClassVar[bool] = False
    name: str = "generic-field"

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """The columns of a known name and a fitting kind, the content itself left out."""
        # With an answer beside it, a prompt is not what the model wrote.
        names = {name.lower() for name in content}
        prompt = names <= PROMPTS and bool(ANSWERS & {name.lower() for name in fields})
        found = []
        for field, kind in fields.items():
            plain = squash(field)
            flag = plain in FLAGS and kind in _FLAG_KINDS
            known = plain in COLUMNS and kind in _NAME_KINDS
            silent = known and prompt and not COLUMNS[plain].origin
            if (flag or known) and not silent and field not in content:
                found.append(field)
        return tuple(found) or None

    def claims(self, rows: Rows) -> pa.Table:
        """What every column says, row by row."""
        found = [nothing()]
        for field in rows.fields:
            plain = squash(field)
            values = rows.fields[field]
            if plain in COLUMNS:
                found += self._named(rows, field, values, COLUMNS[plain])
            elif plain in FLAGS:
                found += self._flagged(field, values)
        return pa.concat_tables(found)

    def _flagged(self, field: str, values: pa.Array) -> list[pa.Table]:
        said = words_of(values)
        true, false = positions(pc.is_in(said, TRUE_WORDS)), positions(pc.is_in(said, FALSE_WORDS))
        return [
            self._claims(true, field, values, tier=Tier.TOOL, claim=Label.SYNTHETIC),
            self._claims(false, field, values, tier=Tier.DECLARED, claim=Label.HUMAN),
        ]

    def _named(self, rows: Rows, field: str, values: pa.Array, column: Column) -> list[pa.Table]:
        models = positions(model_names(values, bare=column.bare))
        stated = values.take(models)
        found = [
            by_model(
                rows,
                models,
                self.name,
                tier=Tier.TOOL,
                process=column.process,
                generator=pc.utf8_trim_whitespace(stated),
                basis=basis(field, stated),
            )
        ]
        said = words_of(values)
        human = positions(pc.is_in(said, HUMAN_WORDS))
        made = positions(pc.is_in(said, SYNTHETIC_WORDS))
        declared: dict[str, Any] = {"tier": Tier.DECLARED}
        if column.origin:
            mixed = positions(pc.is_in(said, MIXED_WORDS))
            return [
                *found,
                self._claims(human, field, values, claim=Label.HUMAN, **declared),
                self._claims(made, field, values, claim=Label.SYNTHETIC, **declared),
                self._claims(mixed, field, values, claim=Label.MIXED, **declared),
            ]
        stated = basis(field, values.take(made))
        return [
            *found,
            self._claims(_undivided(rows, human), field, values, claim=Label.HUMAN, **declared),
            by_model(rows, made, self.name, basis=stated, process=column.process, **declared),
        ]

    def _claims(self, index: pa.Array, field: str, values: pa.Array, **columns: Any) -> pa.Table:
        return claims(index, self.name, basis=basis(field, values.take(index)), **columns)


def _undivided(rows: Rows, index: pa.Array) -> pa.Array:
    """Rows that are no chat or pair: there a generator speaks for one side only."""
    if rows.kind != "structured" or len(index) == 0:
        return index
    return index.filter(pc.invert(model_sides(rows.content.take(index)).divided))
