"""Fields whose name or value speaks of an origin, whoever wrote them and however deep they lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.origin import Label, Tier
from provenance.origin.recognisers.base import (
    WHOLE_ROW,
    Hidden,
    Rows,
    basis,
    claims,
    filled,
    nothing,
    questions,
)
from provenance.origin.recognisers.field_names import Promise, promise_of
from provenance.origin.recognisers.speakers import ANSWERS, PROMPTS
from provenance.origin.recognisers.spotting import spotted
from provenance.origin.recognisers.statements import CHAT_SITES, TELLING_REMARK
from provenance.origin.recognisers.turns import as_questions, by_model, model_sides
from provenance.origin.recognisers.verdicts import Claim, Verdict, claims_of

_ALWAYS = frozenset(
    {Promise.GENERATOR, Promise.MODEL, Promise.MAKER, Promise.FLAG, Promise.HUMAN_FLAG}
    | {Promise.MARK, Promise.SPEAKER, Promise.USE, Promise.REAL, Promise.EITHER, Promise.SCORE}
)
"""What is heard inside of the content, too: a turn may name who spoke it."""

_CHECKED = frozenset(Promise) - _ALWAYS | {Promise.MAKER, Promise.SPEAKER}
"""Most values of these say nothing, and are not looked at."""

_GOODS = (
    "make",
    "brand",
    "manufacturer",
    "marke",
    "marca",
    "vin",
    "mileage",
    "horsepower",
    "sku",
    "trim",
)
"""Fields beside which a model is that of a car or a telephone."""

_TEXT_KINDS = frozenset({"string", "messages", "null"})
"""Kinds of a field some of whose values may be texts; a number among texts is called a text."""


@dataclass(frozen=True, slots=True)
class GenericField:
    """What a name promises and what a value says decide together; see ``verdicts``.

    A generator or a plain yes is the tool's word, a word such as "synthetic" or "human" is a
    declaration, and what looks like a mark and is not understood is a question.

    Attributes:
        name: the observer in evidence.
        known: names of models that are known here, folded; ``ours`` is one where a person may
            stand, too.
    """

    fallback: ClassVar[bool] = False
    name: str = "generic-field"
    known: frozenset[str] = frozenset()

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """Every field that may say something, and those that tell what it is said of."""
        opened = _opened(fields)
        found = [path for path, kind in fields.items() if _is_heard(path, kind, opened, content)]
        if not found:
            return None
        beside: list[str] = []
        if _is_prompt(content):
            beside += [path for path in fields if path.lower() in ANSWERS]
        if any(promise_of(path).of is Promise.MODEL for path in found):
            beside += [path for path in fields if _leaf(path) in _GOODS]
        return tuple(dict.fromkeys([*found, *(path for path in beside if path not in content)]))

    def hides(self, rows: Rows) -> Hidden | None:
        """Nothing: who comes after it looks at the content alone."""
        return None

    def claims(self, rows: Rows) -> pa.Table:
        """What every field says, row by row."""
        found = [nothing()]
        heard = {
            path: column for path, column in rows.fields.items() if _may_speak(path, rows.names)
        }
        for path, column in heard.items():
            for said in _said(path, column, self.known):
                found += self._claimed(rows, said)
        return _mixed_where_stated(_each_once(pa.concat_tables(found)))

    def _claimed(self, rows: Rows, said: Said) -> list[pa.Table]:
        """Claims by kind, those about the model's side apart from those about all of a record."""
        kinds = [(claim.verdict, promise_of(claim.field).whole) for claim in said.claims]
        columns = _columns(said.claims)
        found = []
        for verdict, whole in dict.fromkeys(kinds):
            of_kind = pa.array([kind == (verdict, whole) for kind in kinds], pa.bool_())
            places = pc.indices_nonzero(of_kind.take(said.numbers))
            numbers = said.numbers.take(places)
            own = {name: column.take(numbers) for name, column in columns.items()}
            found += self._by_verdict(rows, said.rows.take(places), verdict, whole, own)
        return found

    def _by_verdict(
        self,
        rows: Rows,
        index: pa.Array,
        verdict: Verdict,
        whole: bool,
        columns: dict[str, pa.Array],
    ) -> list[pa.Table]:
        if verdict is Verdict.QUESTION:
            return [self._questions(rows, index, columns)]
        if verdict is Verdict.NAMED:
            # A plain yes is about all of it, a name about what a model can have written.
            every = pc.and_(pc.is_null(columns["generator"]), whole)
            return self._synthetic(rows, index, every, Tier.TOOL, columns)
        if verdict is Verdict.STATED:
            every = pa.repeat(whole, len(index))
            return self._synthetic(rows, index, every, Tier.DECLARED, columns)
        return [self._lowering(rows, index, verdict, whole, columns)]

    def _questions(self, rows: Rows, index: pa.Array, columns: dict[str, pa.Array]) -> pa.Table:
        """Questions, but for the models of cars."""
        asked = questions(index, self.name, field=columns["field"], basis=columns["basis"])
        goods = [column for path, column in rows.fields.items() if _leaf(path) in _GOODS]
        if not goods or len(index) == 0:
            return asked
        sold = filled(goods, len(rows.content)).take(index)
        return asked.filter(pc.invert(pc.and_(sold, columns["of_model"])))

    def _synthetic(
        self,
        rows: Rows,
        index: pa.Array,
        whole: pa.Array,
        tier: Tier,
        columns: dict[str, pa.Array],
    ) -> list[pa.Table]:
        """Made by a machine: all of a record, or the model's side of it.

        With an answer beside it, a prompt is not what the model wrote.
        """
        left_out = {"of_model"} | ({"generator"} if tier is not Tier.TOOL else set())
        told = {name: column for name, column in columns.items() if name not in left_out}
        rest = pc.invert(whole)
        all_of_it = claims(
            index.filter(whole),
            self.name,
            tier=tier,
            claim=Label.SYNTHETIC,
            **{name: column.filter(whole) for name, column in told.items()},
        )
        side = by_model(
            rows,
            index.filter(rest),
            self.name,
            tier=tier,
            **{name: column.filter(rest) for name, column in told.items()},
        )
        answers = [column for path, column in rows.fields.items() if path.lower() in ANSWERS]
        if not _is_prompt(rows.names) or not answers or side.num_rows == 0:
            return [all_of_it, side]
        answered = filled(answers, len(rows.content)).take(side.column("index").combine_chunks())
        return [all_of_it, side.filter(pc.invert(answered)), as_questions(side.filter(answered))]

    def _lowering(
        self,
        rows: Rows,
        index: pa.Array,
        verdict: Verdict,
        whole: bool,
        columns: dict[str, pa.Array],
    ) -> pa.Table:
        """Human or mixed, which a generator's field does not say of a chat or a pair."""
        label = Label.HUMAN if verdict is Verdict.HUMAN else Label.MIXED
        table = claims(
            index,
            self.name,
            tier=Tier.DECLARED,
            claim=label,
            field=columns["field"],
            basis=columns["basis"],
        )
        if whole or label is Label.MIXED or rows.kind != "structured" or len(index) == 0:
            return table
        return table.filter(pc.invert(model_sides(rows.content.take(index)).divided))


def _mixed_where_stated(found: pa.Table) -> pa.Table:
    """Where a row says that it is mixed, a generator is named for its part of it."""
    whole = found.column("whole")
    stated = pc.and_(whole, pc.equal(found.column("claim"), Label.MIXED.value))
    mixed = found.column("index").filter(stated)
    if len(mixed) == 0:
        return found
    named = pc.and_(whole, pc.is_valid(found.column("generator")))
    part = pc.and_(named, pc.is_in(found.column("index"), mixed.combine_chunks()))
    place = found.schema.get_field_index("claim")
    claim = pc.if_else(part, pa.scalar(Label.MIXED.value), found.column("claim"))
    return found.set_column(place, found.schema.field(place), claim)


class Said(NamedTuple):
    """What one field claims: every distinct claim once, and of which rows.

    Attributes:
        rows: int64[m], positions in the batch.
        numbers: int64[m], which of ``claims`` is made there.
        claims: those that any value of the field makes.
    """

    rows: pa.Array
    numbers: pa.Array
    claims: list[Claim]


def _said(path: str, values: pa.Array, known: frozenset[str]) -> Iterator[Said]:
    """What a field claims; the text of an object may make several claims of one row."""
    promised = promise_of(path)
    checked = promised.of in _CHECKED and not promised.plain
    found = spotted(_shorter(promised.of, values), checked=checked, known=known)
    if len(found.rows) == 0:
        return
    meant = [claims_of(path, value, known) for value in found.values.to_pylist()]
    for place in range(max(map(len, meant))):
        told = [each[place] if place < len(each) else None for each in meant]
        made = {claim: number for number, claim in enumerate(dict.fromkeys(filter(None, told)))}
        numbers = pa.array([made.get(claim) if claim else None for claim in told], pa.int64())
        numbers = numbers.take(found.indices)
        held = pc.indices_nonzero(pc.is_valid(numbers))
        yield Said(found.rows.take(held), numbers.take(held), list(made))


_REMARK_BYTES = 240
"""Longer remarks are texts of their own, unless they are JSON."""


def _shorter(of: Promise, values: pa.Array) -> pa.Array:
    """The values of a field of long texts or many addresses that may say something."""
    if of is Promise.ADDRESS:
        telling = pc.match_substring_regex(values, CHAT_SITES, ignore_case=True)
    elif of is Promise.REMARK:
        short = pc.less_equal(pc.binary_length(values), _REMARK_BYTES)
        held = pc.match_substring_regex(values, r"^[\s\x{feff}]*\"?[\[{]")
        values = pc.if_else(pc.or_(short, held), values, pa.scalar(None, values.type))
        telling = pc.match_substring_regex(values, TELLING_REMARK, ignore_case=True)
    else:
        return values
    return pc.if_else(pc.fill_null(telling, False), values, pa.scalar(None, values.type))


def _columns(said: list[Claim]) -> dict[str, pa.Array]:
    """Claims as columns."""
    fields = pa.array([claim.field for claim in said], pa.string())
    promises = [promise_of(claim.field) for claim in said]
    processes = [promised.process and promised.process.value for promised in promises]
    return {
        "field": fields,
        "basis": basis(fields, pa.array([claim.value for claim in said], pa.string())),
        "generator": pa.array([claim.generator for claim in said], pa.string()),
        "generator_family": pa.array([claim.family for claim in said], pa.string()),
        "process": pa.array(processes, pa.string()),
        "of_model": pa.array([promised.of is Promise.MODEL for promised in promises], pa.bool_()),
    }


def _each_once(found: pa.Table) -> pa.Table:
    """Claims without repetition: a member may be met in the text of its object, and by its path."""
    if found.num_rows < 2:
        return found
    once = found.group_by(found.column_names, use_threads=False).aggregate([])
    return once.select(found.column_names).cast(found.schema)


def _is_heard(path: str, kind: str, opened: Collection[str], content: tuple[str, ...]) -> bool:
    """Whether a field is read.

    Of a name that promises nothing only texts are, and objects whose members are not known: those
    that are have paths of their own.
    """
    if not _may_speak(path, content):
        return False
    if promise_of(path).of not in {Promise.ANY, Promise.REMARK, Promise.ADDRESS}:
        return True
    return kind in _TEXT_KINDS or (kind in {"object", "list"} and path not in opened)


def _opened(paths: Iterable[str]) -> frozenset[str]:
    """The objects and lists whose members have paths."""
    found = set()
    for path in paths:
        steps = path.split(".")
        for length in range(1, len(steps)):
            found.add(".".join(steps[:length]).removesuffix("[]"))
    return frozenset(found)


def _may_speak(path: str, content: tuple[str, ...]) -> bool:
    of = promise_of(path).of
    if of is Promise.NOTHING or path in content or _leaf(path) in _GOODS:
        return False
    if content == (WHOLE_ROW,) or of in _ALWAYS:
        return True
    return not any(path.startswith((f"{name}.", f"{name}[")) for name in content)


def _is_prompt(content: Iterable[str]) -> bool:
    return {name.lower() for name in content} <= PROMPTS


def _leaf(path: str) -> str:
    return path.rpartition(".")[2].lower()
