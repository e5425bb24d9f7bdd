"""Recognise the output of known generation tools, each described by one entry of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
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
    no_claims,
    positions,
    questions,
)
from provenance.origin.recognisers.families import model_names
from provenance.origin.recognisers.generator_values import is_filled, names_generator, single_names
from provenance.origin.recognisers.model_turns import by_model


@dataclass(frozen=True, slots=True)
class Producer:
    """Rows that one tool wrote, and what of them its model wrote.

    Attributes:
        name: the tool, as it is named in evidence.
        needs: groups of field names; a row has at least one field of every group.
        generator: fields that may name the model; the first that is not null counts. May be dotted.
        filled: fields that must hold something: a failed row keeps its model and has no output.
        written: fields that the model filled; empty: all of them. Content taken from elsewhere (the
            prompt, the parent document) is not claimed, unless it says the very same.
        exact: other fields hold somebody else's text, so nothing but ``written`` is the model's.
        sides: chats and pairs are claimed for the model's side only.
        mark: what the basis names where no field names the model; empty: one has to.
        checked: the shape is not the tool's alone, so the model must look like one.
        tier: how strong the mark is.
    """

    fallback: ClassVar[bool] = False

    name: str
    needs: tuple[frozenset[str], ...]
    generator: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()
    exact: bool = False
    sides: bool = False
    mark: str = ""
    checked: bool = False
    tier: Tier = Tier.TOOL

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the fields that identify the tool, name the model, and contain its answer."""
        if not all(any(_is_there(name, fields) for name in group) for group in self.needs):
            return None
        if self.exact and not self._covers(content):
            return None
        shape = [name for group in self.needs for name in sorted(group)]
        wanted = [n for n in (*self.generator, *shape, *self.filled) if _is_there(n, fields)]
        # The only content field is never null, and its text is not wanted twice.
        return tuple(dict.fromkeys(name for name in wanted if not _is_content(name, content)))

    def hides(self, rows: RowBatch) -> HiddenFields | None:
        """Hide the model's name in rows of this tool, also where the model failed to answer."""
        return HiddenFields(self.generator, self._shaped(rows)) if self.generator else None

    def claims(self, rows: RowBatch) -> pa.Table:
        """Claim the rows whose content is the model's answer.

        Where the content is something else, or there is no answer, make a question.
        """
        shaped = self._shaped(rows)
        names, fields = self._models(rows)
        written, structured = self._covers(rows.names), rows.kind == "structured"
        hit = pc.and_(shaped, self._answered(rows, names))
        if not written and not structured:
            hit = pc.and_(hit, self._repeats(rows))
        index = positions(hit)
        table = self._claimed(rows, index, names.take(index), fields.take(index), written)
        silent = np.ones(len(rows.content), np.bool_)
        silent[table.column("index").to_numpy()] = False
        named = pc.and_(shaped, pc.and_(names_generator(names), pa.array(silent)))
        left = positions(named)
        return pa.concat_tables(
            [
                table,
                questions(
                    left,
                    self.name,
                    field=fields.take(left),
                    basis=basis(fields.take(left), names.take(left)),
                ),
            ]
        )

    def _claimed(
        self, rows: RowBatch, index: pa.Array, names: pa.Array, fields: pa.Array, written: bool
    ) -> pa.Table:
        if len(index) == 0:
            return no_claims()
        columns: dict[str, Any] = {"tier": self.tier, "process": Process.GENERATE}
        if self.generator:
            unnamed = pa.scalar(f"fields={self.mark}")
            stated = pc.coalesce(basis(fields, names), unnamed)
            field = pc.coalesce(fields, pa.scalar(self.mark.partition(",")[0]))
            columns |= {"basis": stated, "generator": single_names(names), "field": field}
        else:
            columns |= {"basis": f"fields={self.mark}", "field": self.mark.partition(",")[0]}
        if written and not self.sides:
            return claims(index, self.name, claim=Label.SYNTHETIC, **columns)
        found = by_model(rows, index, self.name, **columns)
        if written or rows.kind != "structured":
            return found
        return found.filter(pc.invert(found["whole"]))

    def _shaped(self, rows: RowBatch) -> pa.Array:
        """Mask of the rows with a field of every group, and a likely model name if needed."""
        count = len(rows.content)
        hit = pa.repeat(True, count)
        for group in self.needs:
            if not any(_is_content(name, rows.names) for name in group):
                columns = (rows.fields[name] for name in sorted(group) if name in rows.fields)
                hit = pc.and_(hit, any_valid(columns, count))
        if self.checked:
            names, _ = self._models(rows)
            hub = pc.match_substring_regex(names, r"^[\w.-]+/[\w.-]+$")
            looks = pc.or_(model_names(names, bare=True), pc.fill_null(hub, False))
            hit = pc.and_(hit, looks)
        return hit

    def _models(self, rows: RowBatch) -> tuple[pa.Array, pa.Array]:
        """Return the model's name in every row, and the field that contains it."""
        names = fields = pa.nulls(len(rows.content), pa.string())
        for field in self.generator:
            if field in rows.fields:
                there = pc.and_(pc.is_null(names), pc.is_valid(rows.fields[field]))
                fields = pc.if_else(there, field, fields)
                names = pc.coalesce(names, rows.fields[field])
        return names, fields

    def _covers(self, content: tuple[str, ...]) -> bool:
        """Whether the content holds what the model wrote."""
        if not self.written or content == (WHOLE_ROW,):
            return not self.exact
        ours = (
            any(name == field or name.startswith(f"{field}.") for field in self.written)
            for name in content
        )
        return all(ours) if self.exact else any(ours)

    def _answered(self, rows: RowBatch, names: pa.Array) -> pa.Array:
        hit = pa.repeat(True, len(rows.content))
        if self.generator:
            hit = names_generator(names)
            if self.mark:
                hit = pc.or_(hit, pc.is_null(names))
        for name in self.filled:
            if name in rows.fields:
                hit = pc.and_(hit, is_filled(rows.fields[name]))
            elif not _is_content(name, rows.names):
                hit = pa.repeat(False, len(rows.content))
        return hit

    def _repeats(self, rows: RowBatch) -> pa.Array:
        """Mask of the rows whose text, taken from another field, equals the model's answer."""
        there = [name for name in self.filled if name in self.written and name in rows.fields]
        if rows.kind != "text" or not there:
            return pa.repeat(False, len(rows.content))
        return pc.equal(rows.content, rows.fields[there[0]].cast(rows.content.type))


def _is_content(name: str, content: tuple[str, ...]) -> bool:
    """Whether a field is, or holds, the only content, which is never null."""
    return len(content) == 1 and (content[0] == name or content[0].startswith(f"{name}."))


def _is_there(name: str, fields: Mapping[str, str]) -> bool:
    """Whether a path may have a value; a shape of top-level names tells nothing of members."""
    root = name.partition(".")[0]
    return name in fields or (root in fields and not any(f.startswith(f"{root}.") for f in fields))


def _fields(*groups: str) -> tuple[frozenset[str], ...]:
    """Groups of names, the names of a group parted by a bar."""
    return tuple(frozenset(group.split("|")) for group in groups)


PRODUCERS: tuple[Producer, ...] = (
    Producer(
        "distilabel",
        needs=_fields("distilabel_metadata", "generation"),
        generator=("model_name",),
        filled=("generation",),
        written=frozenset({"generation"}),
        mark="distilabel_metadata,generation",
    ),
    Producer(
        # A car has a model name and a generation, too.
        "distilabel",
        needs=_fields("model_name", "generation"),
        generator=("model_name",),
        filled=("generation",),
        written=frozenset({"generation"}),
        checked=True,
    ),
    Producer(
        "distilabel",  # before 1.0
        needs=_fields("generation_model|generation_models", "generations"),
        generator=("generation_model", "generation_models"),
        filled=("generations",),
        written=frozenset({"generations", "raw_generation_responses"}),
    ),
    Producer(
        # Magpie lets the model write the user's side as well.
        "magpie",
        needs=_fields(
            "model",
            "gen_input_config|gen_input_configs",
            "conversations|instruction|input|input1|output|output1",
        ),
        generator=("model",),
    ),
    Producer(
        "openai-batch",
        needs=_fields("custom_id", "response"),
        generator=("response.body.model",),
        written=frozenset({"response"}),
    ),
    Producer(
        "bespoke-curator",
        needs=_fields("raw_response", "generic_request"),
        generator=("generic_request.model",),
        filled=("response_message",),
        written=frozenset({"response_message"}),
    ),
    Producer(
        "nemotron",
        needs=_fields("generator", "reasoning", "category", "messages|output"),
        generator=("generator",),
        written=frozenset({"messages", "output"}),
        sides=True,
    ),
    Producer(
        # The document's text is what was put to the model; only the results are its own.
        "datatrove",
        needs=_fields("metadata|rollout_results"),
        written=frozenset({"rollout_results", "metadata.rollout_results"}),
        exact=True,
        mark="rollout_results",
    ),
    Producer(
        # The card names the model, the fields do not: a shape, and no more than a hint.
        "cosmopedia",
        needs=_fields("prompt", "text", "seed_data", "format", "audience"),
        filled=("seed_data", "audience"),
        written=frozenset({"text"}),
        mark="prompt,text,seed_data,format,audience",
        tier=Tier.HEURISTIC,
    ),
)
"""The tools that are known, the more telling shape before the less telling one."""
