"""OpenAssistant messages, whose publisher says of each whether a model wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.origin import Label, Process, Tier
from provenance.recognisers.base import (
    WHOLE_ROW,
    Rows,
    basis,
    claims,
    nothing,
    positions,
)
from provenance.recognisers.values import names_generator

_ROLES = pa.array(["prompter", "assistant"])
_PLACES = frozenset({"message_id", "parent_id", "message_tree_id"})


@dataclass(frozen=True, slots=True)
class Oasst:
    """``synthetic`` is trusted in both directions, since volunteers and models both wrote here."""

    fallback: ClassVar[bool] = False
    name: str = "oasst"

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """The three fields, for messages; ``model_name`` is missing from most of them."""
        told = fields.get("synthetic") in {"boolean", "string", "null"}
        if not (told and "role" in fields and _PLACES & fields.keys()):
            return None
        return "synthetic", "role", "model_name"

    def claims(self, rows: Rows) -> pa.Table:
        """Synthetic where the field is true, human where it is false, nothing where it is null."""
        if "text" not in rows.names and rows.names != (WHOLE_ROW,):
            return nothing()
        said = pc.utf8_lower(rows.fields["synthetic"])
        model = rows.fields["model_name"]
        message = pc.is_in(rows.fields["role"], _ROLES)
        named = names_generator(model)
        true = positions(pc.and_(message, pc.equal(said, "true")))
        false = positions(pc.and_(message, pc.equal(said, "false")))
        # A model that is named beside `false` contradicts it; both are put on record.
        denied = positions(pc.and_(pc.and_(message, pc.equal(said, "false")), named))
        generator = pc.if_else(named, model, pa.scalar(None, pa.string()))
        made = {"tier": Tier.TOOL, "claim": Label.SYNTHETIC, "process": Process.GENERATE}
        return pa.concat_tables(
            [
                claims(
                    true,
                    self.name,
                    **made,
                    generator=generator.take(true),
                    basis="synthetic=true",
                ),
                claims(
                    false, self.name, tier=Tier.TOOL, claim=Label.HUMAN, basis="synthetic=false"
                ),
                claims(
                    denied,
                    self.name,
                    **made,
                    generator=generator.take(denied),
                    basis=basis("model_name", model.take(denied)),
                ),
            ]
        )
