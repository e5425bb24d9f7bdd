"""Recognise chat logs of model services, and chats without any other mark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.origin import Label, Process, Tier
from provenance.origin.recognisers.base import (
    HiddenFields,
    RowBatch,
    any_valid,
    basis,
    claims,
    no_claims,
    positions,
    questions,
)
from provenance.origin.recognisers.generator_values import names_generator
from provenance.origin.recognisers.model_turns import as_questions, model_sides

_IDS = ("conversation_hash", "conversation_id")
_TURNS = r'"(?:role|from)"\s*:'


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
        ids = [name for name in _IDS if name in fields]
        if "model" not in fields or not ids or "conversation" not in fields:
            return None
        turns = () if "conversation" in content else ("conversation",)
        return "model", *ids, *turns

    def hides(self, rows: RowBatch) -> HiddenFields | None:
        """The model, in rows of a log."""
        return HiddenFields(("model",), self._logged(rows))

    def claims(self, rows: RowBatch) -> pa.Table:
        """Mixed, with the model's share counted; a part only, where others than the two speak.

        A text that was taken from a log, or a chat without an answer, is a question.
        """
        model = rows.fields["model"]
        named = positions(pc.and_(self._logged(rows), names_generator(model)))
        stated = model.take(named)
        columns = {"field": "model", "basis": basis("model", stated)}
        if rows.kind != "structured":
            return questions(named, self.name, **columns)
        content = rows.content.take(named)
        sides = model_sides(content)
        whole = pc.and_(sides.two_sided, pc.starts_with(content, '{"conversation":'))
        table = claims(
            named,
            self.name,
            tier=Tier.TOOL,
            claim=pc.if_else(whole, Label.MIXED.value, Label.SYNTHETIC.value),
            whole=whole,
            **sides.parts,
            process=Process.GENERATE,
            generator=stated,
            **columns,
        )
        unanswered = table.filter(pc.invert(sides.spoken))
        return pa.concat_tables([table.filter(sides.spoken), as_questions(unanswered)])

    def _logged(self, rows: RowBatch) -> pa.Array:
        count = len(rows.content)
        ids = [rows.fields[name] for name in _IDS if name in rows.fields]
        logged = pc.and_(pc.is_valid(rows.fields["model"]), any_valid(ids, count))
        if "conversation" in rows.fields:
            logged = pc.and_(logged, pc.is_valid(rows.fields["conversation"]))
        return logged


@dataclass(frozen=True, slots=True)
class ChatShape:
    """Turns of ``assistant`` or ``gpt`` are presumed a model's; ``human`` proves nobody human."""

    fallback: ClassVar[bool] = True
    name: str = "chat-shape"

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """Nothing but the content."""
        return ()

    def hides(self, rows: RowBatch) -> HiddenFields | None:
        """Nothing: it is asked last."""
        return None

    def claims(self, rows: RowBatch) -> pa.Table:
        """The model's side of every chat, as a hint."""
        if rows.kind != "structured":
            return no_claims()
        # Only what can be a chat is taken apart.
        chats = positions(pc.match_substring_regex(rows.content, _TURNS))
        sides = model_sides(rows.content.take(chats))
        spoke = positions(pc.and_(sides.spoken, pc.is_valid(sides.speaker)))
        return claims(
            chats.take(spoke),
            self.name,
            tier=Tier.HEURISTIC,
            claim=Label.SYNTHETIC,
            whole=False,
            **{name: sizes.take(spoke) for name, sizes in sides.parts.items()},
            process=Process.GENERATE,
            basis=sides.speaker.take(spoke),
        )
