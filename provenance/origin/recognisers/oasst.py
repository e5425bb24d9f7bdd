"""Recognise OpenAssistant messages, whose ``synthetic`` field tells who wrote each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.origin import Label, Process, Tier
from provenance.origin.recognisers.base import (
    WHOLE_ROW,
    HiddenFields,
    RowBatch,
    any_valid,
    basis,
    claims,
    positions,
)
from provenance.origin.recognisers.generator_values import names_generator

_ROLES = pa.array(["prompter", "assistant"])
_ID_FIELDS = ("message_id", "parent_id", "message_tree_id")
_ANSWERS = pa.array(["true", "false"])


@dataclass(frozen=True, slots=True)
class Oasst:
    """``synthetic`` is trusted in both directions, since volunteers and models both wrote here."""

    fallback: ClassVar[bool] = False
    name: str = "oasst"

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """The fields of a message; ``model_name`` is missing from most of them."""
        id_fields = [name for name in _ID_FIELDS if name in fields]
        text = "text" in content or content == (WHOLE_ROW,)
        if not (text and "synthetic" in fields and "role" in fields and id_fields):
            return None
        return "synthetic", "role", "model_name", *id_fields

    def hides(self, rows: RowBatch) -> HiddenFields | None:
        """Hide the fields about the author, in messages with an answer."""
        return HiddenFields(("synthetic", "model_name", "role"), self._is_stated(rows))

    def claims(self, rows: RowBatch) -> pa.Table:
        """Synthetic where the field is true, human where it is false, nothing where it is null."""
        stated = pc.utf8_lower(rows.fields["synthetic"])
        model = rows.fields["model_name"]
        message = self._is_stated(rows)
        named = names_generator(model)
        true = positions(pc.and_(message, pc.equal(stated, "true")))
        false = positions(pc.and_(message, pc.equal(stated, "false")))
        # A model that is named beside `false` contradicts it; both are put on record.
        denied = positions(pc.and_(pc.and_(message, pc.equal(stated, "false")), named))
        generator = pc.if_else(named, model, pa.scalar(None, pa.string()))
        made = {"tier": Tier.TOOL, "claim": Label.SYNTHETIC, "process": Process.GENERATE}
        return pa.concat_tables(
            [
                claims(
                    true,
                    self.name,
                    **made,
                    generator=generator.take(true),
                    field="synthetic",
                    basis="synthetic=true",
                ),
                claims(
                    false,
                    self.name,
                    tier=Tier.TOOL,
                    claim=Label.HUMAN,
                    field="synthetic",
                    basis="synthetic=false",
                ),
                claims(
                    denied,
                    self.name,
                    **made,
                    generator=generator.take(denied),
                    field="model_name",
                    basis=basis("model_name", model.take(denied)),
                ),
            ]
        )

    def _is_stated(self, rows: RowBatch) -> pa.Array:
        id_fields = (rows.fields[name] for name in _ID_FIELDS if name in rows.fields)
        message = pc.and_(
            any_valid(id_fields, len(rows.content)), pc.is_in(rows.fields["role"], _ROLES)
        )
        stated = pc.is_in(pc.utf8_lower(rows.fields["synthetic"]), _ANSWERS)
        return pc.fill_null(pc.and_(message, stated), False)
