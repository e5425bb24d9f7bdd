"""Recognise marks of origin in any field, by its name and values, at any depth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from provenance.model.origin import Label, Tier
from provenance.origin.recognisers.base import (
    WHOLE_ROW,
    HiddenFields,
    RowBatch,
    any_valid,
    basis,
    claims,
    no_claims,
    questions,
)
from provenance.origin.recognisers.candidate_values import find_candidates
from provenance.origin.recognisers.claim_table import ClaimKind
from provenance.origin.recognisers.field_claims import FieldClaim, claims_of_field
from provenance.origin.recognisers.field_names import FieldRole, field_meaning
from provenance.origin.recognisers.machine_statements import CHAT_SITES, TELLING_REMARK
from provenance.origin.recognisers.model_turns import as_questions, by_model, model_sides
from provenance.origin.recognisers.speakers import ANSWERS, PROMPTS

_ALWAYS = frozenset(
    {FieldRole.GENERATOR, FieldRole.MODEL, FieldRole.MAKER, FieldRole.FLAG, FieldRole.HUMAN_FLAG}
    | {
        FieldRole.MARK,
        FieldRole.SPEAKER,
        FieldRole.USE,
        FieldRole.REAL,
        FieldRole.EITHER,
        FieldRole.SCORE,
    }
)
"""Roles that are read inside the content too: a turn may name its speaker."""

_CHECKED = frozenset(FieldRole) - _ALWAYS | {FieldRole.MAKER, FieldRole.SPEAKER}
"""Roles of which most values mean nothing: only candidate values are examined."""

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
"""Fields that show that ``model`` is a product: a car or a telephone."""

_TEXT_KINDS = frozenset({"string", "messages", "null"})
"""Kinds of a field some of whose values may be texts; a number among texts is called a text."""


@dataclass(frozen=True, slots=True)
class GenericField:
    """Claims from the role of a field and the meaning of its values; see ``field_claims``.

    A named generator or a plain yes is a claim of tier ``tool``, a word such as "synthetic" or
    "human" is a declaration, and a mark that is not understood is a question.

    Attributes:
        name: the observer in evidence.
        known: names of models that are known here, folded; ``ours`` is one where a person may
            stand, too.
    """

    fallback: ClassVar[bool] = False
    name: str = "generic-field"
    known: frozenset[str] = frozenset()

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """All fields that may make a claim, and the fields that show what a claim is about."""
        opened = _opened(fields)
        found = [path for path, kind in fields.items() if _is_heard(path, kind, opened, content)]
        if not found:
            return None
        extra: list[str] = []
        if _is_prompt(content):
            extra += [path for path in fields if path.lower() in ANSWERS]
        if any(field_meaning(path).role is FieldRole.MODEL for path in found):
            extra += [path for path in fields if _leaf(path) in _GOODS]
        return tuple(dict.fromkeys([*found, *(path for path in extra if path not in content)]))

    def hides(self, rows: RowBatch) -> HiddenFields | None:
        """Nothing: who comes after it looks at the content alone."""
        return None

    def claims(self, rows: RowBatch) -> pa.Table:
        """The claims of every field, row by row."""
        found = [no_claims()]
        heard = {
            path: column for path, column in rows.fields.items() if _may_speak(path, rows.names)
        }
        for path, column in heard.items():
            for distinct in _distinct_claims(path, column, self.known):
                found += self._claimed(rows, distinct)
        return _mixed_where_stated(_each_once(pa.concat_tables(found)))

    def _claimed(self, rows: RowBatch, distinct: DistinctClaims) -> list[pa.Table]:
        """Claims by kind, those about the model's side apart from those about all of a record."""
        kinds = [(claim.claim_kind, field_meaning(claim.field).whole) for claim in distinct.claims]
        columns = _columns(distinct.claims)
        found = []
        for claim_kind, whole in dict.fromkeys(kinds):
            of_kind = pa.array([kind == (claim_kind, whole) for kind in kinds], pa.bool_())
            positions_of_kind = pc.indices_nonzero(of_kind.take(distinct.numbers))
            numbers = distinct.numbers.take(positions_of_kind)
            own = {name: column.take(numbers) for name, column in columns.items()}
            found += self._by_verdict(
                rows, distinct.rows.take(positions_of_kind), claim_kind, whole, own
            )
        return found

    def _by_verdict(
        self,
        rows: RowBatch,
        index: pa.Array,
        claim_kind: ClaimKind,
        whole: bool,
        columns: dict[str, pa.Array],
    ) -> list[pa.Table]:
        if claim_kind is ClaimKind.QUESTION:
            return [self._questions(rows, index, columns)]
        if claim_kind is ClaimKind.NAMED:
            # A plain yes is about all of it, a name about what a model can have written.
            every = pc.and_(pc.is_null(columns["generator"]), whole)
            return self._synthetic(rows, index, every, Tier.TOOL, columns)
        if claim_kind is ClaimKind.STATED:
            every = pa.repeat(whole, len(index))
            return self._synthetic(rows, index, every, Tier.DECLARED, columns)
        return [self._lowering(rows, index, claim_kind, whole, columns)]

    def _questions(self, rows: RowBatch, index: pa.Array, columns: dict[str, pa.Array]) -> pa.Table:
        """Questions, but for the models of cars."""
        asked = questions(index, self.name, field=columns["field"], basis=columns["basis"])
        goods = [column for path, column in rows.fields.items() if _leaf(path) in _GOODS]
        if not goods or len(index) == 0:
            return asked
        sold = any_valid(goods, len(rows.content)).take(index)
        return asked.filter(pc.invert(pc.and_(sold, columns["of_model"])))

    def _synthetic(
        self,
        rows: RowBatch,
        index: pa.Array,
        whole: pa.Array,
        tier: Tier,
        columns: dict[str, pa.Array],
    ) -> list[pa.Table]:
        """Make claims of synthetic: about all of a record, or about the model's side.

        With an answer beside it, a prompt is not what the model wrote.
        """
        left_out = {"of_model"} | ({"generator"} if tier is not Tier.TOOL else set())
        claims_at = {name: column for name, column in columns.items() if name not in left_out}
        rest = pc.invert(whole)
        all_of_it = claims(
            index.filter(whole),
            self.name,
            tier=tier,
            claim=Label.SYNTHETIC,
            **{name: column.filter(whole) for name, column in claims_at.items()},
        )
        side = by_model(
            rows,
            index.filter(rest),
            self.name,
            tier=tier,
            **{name: column.filter(rest) for name, column in claims_at.items()},
        )
        answers = [column for path, column in rows.fields.items() if path.lower() in ANSWERS]
        if not _is_prompt(rows.names) or not answers or side.num_rows == 0:
            return [all_of_it, side]
        answered = any_valid(answers, len(rows.content)).take(side.column("index").combine_chunks())
        return [all_of_it, side.filter(pc.invert(answered)), as_questions(side.filter(answered))]

    def _lowering(
        self,
        rows: RowBatch,
        index: pa.Array,
        claim_kind: ClaimKind,
        whole: bool,
        columns: dict[str, pa.Array],
    ) -> pa.Table:
        """Human or mixed, which a generator's field does not say of a chat or a pair."""
        label = Label.HUMAN if claim_kind is ClaimKind.HUMAN else Label.MIXED
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
    """Turn whole claims with a generator into mixed ones in rows that are stated to be mixed."""
    whole = found.column("whole")
    stated = pc.and_(whole, pc.equal(found.column("claim"), Label.MIXED.value))
    mixed = found.column("index").filter(stated)
    if len(mixed) == 0:
        return found
    named = pc.and_(whole, pc.is_valid(found.column("generator")))
    part = pc.and_(named, pc.is_in(found.column("index"), mixed.combine_chunks()))
    position = found.schema.get_field_index("claim")
    claim = pc.if_else(part, pa.scalar(Label.MIXED.value), found.column("claim"))
    return found.set_column(position, found.schema.field(position), claim)


class DistinctClaims(NamedTuple):
    """The distinct claims of one field, and the rows that each is about.

    Attributes:
        rows: int64[m], positions in the batch.
        numbers: int64[m], which of ``claims`` is made there.
        claims: those that any value of the field makes.
    """

    rows: pa.Array
    numbers: pa.Array
    claims: list[FieldClaim]


def _distinct_claims(
    path: str, values: pa.Array, known: frozenset[str]
) -> Iterator[DistinctClaims]:
    """Yield the claims of a field; the text of an object may make several claims per row."""
    name_meaning = field_meaning(path)
    checked = name_meaning.role in _CHECKED and not name_meaning.plain
    found = find_candidates(_shorter(name_meaning.role, values), checked=checked, known=known)
    if len(found.rows) == 0:
        return
    meant = [claims_of_field(path, value, known) for value in found.values.to_pylist()]
    for position in range(max(map(len, meant))):
        claims_at = [each[position] if position < len(each) else None for each in meant]
        made = {
            claim: number for number, claim in enumerate(dict.fromkeys(filter(None, claims_at)))
        }
        numbers = pa.array([made.get(claim) if claim else None for claim in claims_at], pa.int64())
        numbers = numbers.take(found.indices)
        made_at = pc.indices_nonzero(pc.is_valid(numbers))
        yield DistinctClaims(found.rows.take(made_at), numbers.take(made_at), list(made))


_REMARK_BYTES = 240
"""Longest remark that is read; longer ones only if they are JSON."""


def _shorter(role: FieldRole, values: pa.Array) -> pa.Array:
    """The values of a field of long texts or many addresses that may say something."""
    if role is FieldRole.ADDRESS:
        telling = pc.match_substring_regex(values, CHAT_SITES, ignore_case=True)
    elif role is FieldRole.REMARK:
        short = pc.less_equal(pc.binary_length(values), _REMARK_BYTES)
        made_at = pc.match_substring_regex(values, r"^[\s\x{feff}]*\"?[\[{]")
        values = pc.if_else(pc.or_(short, made_at), values, pa.scalar(None, values.type))
        telling = pc.match_substring_regex(values, TELLING_REMARK, ignore_case=True)
    else:
        return values
    return pc.if_else(pc.fill_null(telling, False), values, pa.scalar(None, values.type))


def _columns(distinct: list[FieldClaim]) -> dict[str, pa.Array]:
    """Claims as columns."""
    fields = pa.array([claim.field for claim in distinct], pa.string())
    promises = [field_meaning(claim.field) for claim in distinct]
    processes = [name_meaning.process and name_meaning.process.value for name_meaning in promises]
    return {
        "field": fields,
        "basis": basis(fields, pa.array([claim.value for claim in distinct], pa.string())),
        "generator": pa.array([claim.generator for claim in distinct], pa.string()),
        "generator_family": pa.array([claim.family for claim in distinct], pa.string()),
        "process": pa.array(processes, pa.string()),
        "of_model": pa.array(
            [name_meaning.role is FieldRole.MODEL for name_meaning in promises], pa.bool_()
        ),
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
    if field_meaning(path).role not in {FieldRole.ANY, FieldRole.REMARK, FieldRole.ADDRESS}:
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
    role = field_meaning(path).role
    if role is FieldRole.NOTHING or path in content or _leaf(path) in _GOODS:
        return False
    if content == (WHOLE_ROW,) or role in _ALWAYS:
        return True
    return not any(path.startswith((f"{name}.", f"{name}[")) for name in content)


def _is_prompt(content: Iterable[str]) -> bool:
    return {name.lower() for name in content} <= PROMPTS


def _leaf(path: str) -> str:
    return path.rpartition(".")[2].lower()
