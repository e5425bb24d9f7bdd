"""Measure how much of a structured record is the model's: its turns and answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.identity import TURN_METADATA, text_parts
from provenance.model.origin import Label
from provenance.origin.recognisers.base import RowBatch, claims, questions
from provenance.origin.recognisers.speakers import (
    ANSWERS,
    MODEL_ROLES,
    PROMPTS,
    USER_ROLES,
    Turn,
    conversations,
    is_divided,
    last_name,
)

_BLANKS = bytes(0x20 if byte <= 0x20 else byte for byte in range(256))


class Side(NamedTuple):
    """The model's side of one record.

    Attributes:
        divided: the record is a chat or a pair, so that a generator speaks for one side only.
        asked: the record holds what a model was given, and nothing else.
        bytes, chars, words: size of that side, by the measure of ``identity.text_parts``.
        two_sided: nothing but turns of a user and of a model, at least one of each.
        speaker: the first mark of the model's side: ``from=gpt``, ``role=assistant``.
    """

    divided: bool
    asked: bool = False
    bytes: int = 0
    chars: int = 0
    words: int = 0
    two_sided: bool = False
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """The columns of ``Side`` for a batch."""

    divided: pa.Array
    asked: pa.Array
    bytes: pa.Array
    chars: pa.Array
    words: pa.Array
    two_sided: pa.Array
    speaker: pa.Array

    @property
    def spoken(self) -> pa.Array:
        """Mask of the divided records in which the model wrote something."""
        return pc.and_(self.divided, pc.greater(self.bytes, 0))

    @property
    def parts(self) -> dict[str, pa.Array]:
        """The sizes as columns of claims, null where the record is not divided."""
        none = pa.scalar(None, pa.int64())
        return {
            "part_bytes": pc.if_else(self.divided, self.bytes, none),
            "part_chars": pc.if_else(self.divided, self.chars, none),
            "part_words": pc.if_else(self.divided, self.words, none),
        }


def model_sides(content: pa.Array) -> Sides:
    """The model's side of every record of one batch of JSON objects."""
    found = [_side(text) for text in content.to_pylist()]
    columns = list(zip(*found, strict=True)) or [()] * len(Side._fields)
    kinds = (pa.bool_(), pa.bool_(), pa.int64(), pa.int64(), pa.int64(), pa.bool_(), pa.string())
    return Sides(
        *(pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)),
    )


def by_model(rows: RowBatch, index: pa.Array, observer: str, **columns: Any) -> pa.Table:
    """Claims that a model wrote the records at ``index``: of a chat or a pair, its own side only.

    Where the model is named and its side is missing, what it did write is a question.
    """
    if rows.kind != "structured":
        return claims(index, observer, claim=Label.SYNTHETIC, **columns)
    sides = model_sides(rows.content.take(index))
    whole = pc.invert(sides.divided)
    if any(name.lower() in ANSWERS for name in rows.names):
        whole = pc.and_(whole, pc.invert(sides.asked))
    wrote = pc.or_(whole, sides.spoken)
    table = claims(index, observer, claim=Label.SYNTHETIC, whole=whole, **sides.parts, **columns)
    return pa.concat_tables([table.filter(wrote), as_questions(table.filter(pc.invert(wrote)))])


def as_questions(table: pa.Table) -> pa.Table:
    """The same claims as questions: a model is named, and it may not be what wrote this."""
    return questions(
        table.column("index").combine_chunks(),
        table.column("observer").combine_chunks(),
        field=table.column("field").combine_chunks(),
        basis=table.column("basis").combine_chunks(),
    )


def _side(text: str) -> Side:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        # What cannot be parsed is refused elsewhere; here it has no sides.
        return Side(divided=False)
    if not isinstance(record, dict):
        return Side(divided=False)
    # What is null is absent: a file of columns fills what a row does not have. What a log notes
    # beside a turn is no text of it (``identity.text_parts``).
    noted = TURN_METADATA if "role" in record or "from" in record else frozenset()
    record = {
        name: value for name, value in record.items() if value is not None and name not in noted
    }
    chats = conversations(record)
    if not is_divided(record, chats):
        names = set(map(last_name, record))
        return Side(divided=False, asked=bool(names) and names <= PROMPTS)
    turns = [turn for chat in chats.values() for turn in chat]
    spoken = [turn for turn in turns if _role(turn) in MODEL_ROLES]
    answers = [
        value for name, value in record.items() if name not in chats and last_name(name) in ANSWERS
    ]
    heard = sum(_role(turn) in USER_ROLES for turn in turns)
    named = next((turn for turn in spoken if turn.key), None)
    speaker = f"{named.key}={_role(named)}" if named else None
    only_chat = len(chats) == len(record)
    two_sided = only_chat and heard > 0 and bool(spoken) and heard + len(spoken) == len(turns)
    pieces = [turn.content for turn in spoken]
    return Side(True, False, *_sizes([*pieces, *answers]), two_sided, speaker)


def _role(turn: Turn) -> str:
    return turn.role.strip().lower()


def _sizes(pieces: list[Any]) -> tuple[int, int, int]:
    # The last part is ours: with it there, members that are never text do not count for want of
    # others in a turn that says nothing.
    parts = text_parts([*pieces, ""])[:-1]
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    words = sum(len(data.translate(_BLANKS).split()) for data in encoded)
    return sum(map(len, encoded)), sum(map(len, parts)), words
