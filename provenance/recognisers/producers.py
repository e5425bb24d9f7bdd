"""Tools whose rows carry the model that wrote them, each described by a row of one table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

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
from provenance.recognisers.families import model_names
from provenance.recognisers.turns import by_model
from provenance.recognisers.values import is_filled, names_generator


@dataclass(frozen=True, slots=True)
class Producer:
    """Rows that one tool wrote, and what of them its model wrote.

    Attributes:
        name: the tool, as it is named in evidence.
        needs: groups of field names; a file has at least one name of every group.
        generator: fields that may name the model; the first that is there counts. May be dotted.
        filled: fields that must hold something: a failed row keeps its model and has no output.
        written: fields that the model filled; empty: all of them. Content taken from elsewhere (the
            prompt, the parent document) is not claimed, unless it says the very same.
        exact: other fields hold somebody else's text, so nothing but ``written`` is the model's.
        sides: chats and pairs are claimed for the model's side only.
        mark: what the basis names where no field names the model.
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
        """The fields that name the model and show that it answered."""
        if not all(group & fields.keys() for group in self.needs):
            return None
        if self.exact and not self._covers(content):
            return None
        models = [name for name in self.generator if name.partition(".")[0] in fields]
        filled = [name for name in self.filled if name.partition(".")[0] in fields]
        # The only content field is never null, and its text is not wanted twice.
        return tuple(dict.fromkeys([*models[:1], *(n for n in filled if (n,) != content)]))

    def claims(self, rows: Rows) -> pa.Table:
        """The rows that the model answered, as far as the content is its answer."""
        model = next((name for name in self.generator if name in rows.fields), None)
        written, structured = self._covers(rows.names), rows.kind == "structured"
        hit = self._answered(rows, model)
        if not written and not structured:
            hit = pc.and_(hit, self._repeats(rows))
        index = positions(hit)
        if len(index) == 0:
            return nothing()
        columns: dict[str, Any] = {"tier": self.tier, "process": Process.GENERATE}
        if model is None:
            columns["basis"] = f"fields={self.mark}"
        else:
            stated = rows.fields[model].take(index)
            columns |= {"basis": basis(model, stated), "generator": _single(stated)}
        if written and not self.sides:
            return claims(index, self.name, claim=Label.SYNTHETIC, **columns)
        found = by_model(rows, index, self.name, **columns)
        return found if written or not structured else found.filter(pc.invert(found["whole"]))

    def _covers(self, content: tuple[str, ...]) -> bool:
        """Whether the content holds what the model wrote."""
        if not self.written or content == (WHOLE_ROW,):
            return not self.exact
        ours = (
            any(name == field or name.startswith(f"{field}.") for field in self.written)
            for name in content
        )
        return all(ours) if self.exact else any(ours)

    def _answered(self, rows: Rows, model: str | None) -> pa.Array:
        hit = pa.repeat(True, len(rows.content))
        if model is not None:
            named = rows.fields[model]
            hit = names_generator(named)
            if self.checked:
                hub = pc.match_substring_regex(named, r"^[\w.-]+/[\w.-]+$")
                hit = pc.and_(hit, pc.or_(model_names(named, bare=True), hub))
        for name in self.filled:
            if name in rows.fields:
                hit = pc.and_(hit, is_filled(rows.fields[name]))
        return hit

    def _repeats(self, rows: Rows) -> pa.Array:
        """Where a text that was taken from elsewhere is the model's answer all the same."""
        there = [name for name in self.filled if name in self.written]
        if rows.kind != "text" or not there:
            return pa.repeat(False, len(rows.content))
        return pc.equal(rows.content, rows.fields[there[0]].cast(rows.content.type))


def _single(stated: pa.Array) -> pa.Array:
    """The one generator; a JSON list of several different ones names none of them alone."""
    named = pc.utf8_trim_whitespace(stated).dictionary_encode()
    names = pa.array([_only(name) for name in named.dictionary.to_pylist()], pa.string())
    return names.take(named.indices)


def _only(name: str) -> str | None:
    if not name.startswith("["):
        return name
    try:
        listed = json.loads(name)
    except (ValueError, RecursionError):
        return name
    distinct = {item for item in listed if isinstance(item, str) and item.strip()}
    return distinct.pop() if len(distinct) == 1 else None


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
        needs=_fields("response_message", "raw_response", "generic_request"),
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
