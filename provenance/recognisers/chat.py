"""Conversations: logs of a model's service, and chats without any other mark."""

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
from provenance.recognisers.turns import model_sides
from provenance.recognisers.values import names_generator

_IDS = frozenset({"conversation_hash", "conversation_id"})


@dataclass(frozen=True, slots=True)
class ChatLog:
    """WildChat, LMSYS and their like: people talked to the model that ``model`` names.

    Only here is the other side known, too: the service saw who typed. A text that was taken from
    such a row by other means says nothing of whose it is.
    """

    fallback: ClassVar[bool] = False
    name: str = "chat-log"

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """``model``, where there are an id and the turns of a conversation beside it."""
        log = "model" in fields and _IDS & fields.keys() and "conversation" in fields
        return ("model",) if log else None

    def claims(self, rows: Rows) -> pa.Table:
        """Mixed, with the model's share counted; a part only, where others than the two speak."""
        if rows.kind != "structured":
            return nothing()
        model = rows.fields["model"]
        named = positions(names_generator(model))
        sides = model_sides(rows.content.take(named))
        whole = sides.two_sided if rows.names == ("conversation",) else pa.repeat(False, len(named))
        stated = model.take(named)
        table = claims(
            named,
            self.name,
            tier=Tier.TOOL,
            claim=pc.if_else(whole, Label.MIXED.value, Label.SYNTHETIC.value),
            whole=whole,
            **sides.parts,
            process=Process.GENERATE,
            generator=pc.utf8_trim_whitespace(stated),
            basis=basis("model", stated),
        )
        return table.filter(sides.spoken)


@dataclass(frozen=True, slots=True)
class ChatShape:
    """Turns of ``assistant`` or ``gpt`` are presumed a model's; ``human`` proves nobody human."""

    fallback: ClassVar[bool] = True
    name: str = "chat-shape"

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """Nothing but the content, where it holds turns."""
        held = fields if content == (WHOLE_ROW,) else content
        return () if any(fields.get(name) == "messages" for name in held) else None

    def claims(self, rows: Rows) -> pa.Table:
        """The model's side of every chat, as a hint."""
        if rows.kind != "structured":
            return nothing()
        sides = model_sides(rows.content)
        index = positions(pc.and_(sides.spoken, pc.is_valid(sides.speaker)))
        return claims(
            index,
            self.name,
            tier=Tier.HEURISTIC,
            claim=Label.SYNTHETIC,
            whole=False,
            **{name: sizes.take(index) for name, sizes in sides.parts.items()},
            process=Process.GENERATE,
            basis=sides.speaker.take(index),
        )
