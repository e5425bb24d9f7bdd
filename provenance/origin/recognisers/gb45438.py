"""Recognise the label for generated content of GB 45438: ``AIGC`` as field or front matter."""

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
    claims,
    no_claims,
    positions,
    questions,
    shorten,
)

FRONT_MATTER_CHARS = 4096
"""Front matter is looked for in so many characters at the head of a text."""

_HEAD = r"(?s)^---[ \t]*\r?\n(?P<head>.*?\r?\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|$)"
# The member and the indented lines below it; what follows is no part of the label.
_MARK = r"""(?m)^["']?AIGC["']?[ \t]*:(?P<mark>[^\n]*(?:\n[ \t]+[^\n]*)*)"""
# One pattern for YAML, for JSON, and for JSON in a JSON string.
_MEMBER = (
    r"""(?i)(?:^|[\s{{,"'\\]){name}["'\\]*\s*:\s*["'\\]*(?P<value>[^"'\\,}}\s][^"'\\,}}\n\r]*)"""
)

_GENERATED = pa.array(["1", "aigc", "ai", "ai-generated", "generated", "true", "yes"])
_STANDARD = "1"
_GRADES = {"2": "possible", "3": "suspected"}
_DENIED = pa.array(["0", "no", "false", "none", "null", "unknown"])


@dataclass(frozen=True, slots=True)
class Gb45438:
    """``Label`` 1 says generated; 2 and 3 are a suspicion, and a question as any odd value is."""

    fallback: ClassVar[bool] = False
    name: str = "gb45438"

    def wanted(self, fields: Mapping[str, str], content: tuple[str, ...]) -> tuple[str, ...] | None:
        """Fields with AIGC in their name; none are needed where a text may carry front matter."""
        marked = [field for field in fields if _is_mark(field) and field not in content]
        return tuple(marked) if marked or len(content) == 1 else None

    def hides(self, rows: RowBatch) -> HiddenFields | None:
        """The fields that hold a label of the standard."""
        labels = pa.repeat(False, len(rows.content))
        for column in rows.fields.values():
            labels = pc.or_(labels, pc.is_valid(_member(column, "Label")))
        return HiddenFields(tuple(rows.fields), labels) if rows.fields else None

    def claims(self, rows: RowBatch) -> pa.Table:
        """One claim per label that is found."""
        found = [
            self._labelled(pa.array(range(len(column)), pa.int64()), column, field)
            for field, column in rows.fields.items()
        ]
        if rows.kind == "text":
            index, marks = _front_matter(rows.content)
            found.append(self._labelled(index, marks, "AIGC"))
        return pa.concat_tables(found) if found else no_claims()

    def _labelled(self, index: pa.Array, marks: pa.Array, field: str) -> pa.Table:
        stated = positions(pc.match_substring(marks, "label", ignore_case=True))
        index, marks = index.take(stated), marks.take(stated)
        if not len(index):
            return no_claims()
        value, producer = _member(marks, "Label"), _member(marks, "ContentProducer")
        plain = pc.utf8_lower(value)
        generated = positions(pc.is_in(plain, _GENERATED))
        odd = pc.not_equal(plain, _STANDARD)
        tables = [
            claims(
                index.take(generated),
                self.name,
                tier=Tier.TOOL,
                claim=Label.SYNTHETIC,
                process=Process.GENERATE,
                field=field,
                basis=_basis(
                    field,
                    value.take(generated),
                    producer.take(generated),
                    pc.if_else(odd, " (not a value of the standard)", "").take(generated),
                ),
            )
        ]
        for grade, meaning in _GRADES.items():
            suspected = positions(pc.equal(plain, grade))
            note = pa.repeat(f" ({meaning})", len(suspected))
            tables.append(
                claims(
                    index.take(suspected),
                    self.name,
                    tier=Tier.HEURISTIC,
                    claim=Label.SYNTHETIC,
                    field=field,
                    basis=_basis(field, value.take(suspected), producer.take(suspected), note),
                )
            )
        plainly = pc.or_(pc.is_in(plain, _GENERATED), pc.is_in(plain, _DENIED))
        asked = positions(pc.and_(pc.is_valid(plain), pc.invert(plainly)))
        note = pa.repeat("", len(asked))
        named = _basis(field, value.take(asked), producer.take(asked), note)
        tables.append(questions(index.take(asked), self.name, field=field, basis=named))
        return pa.concat_tables(tables)


def _is_mark(path: str) -> bool:
    """Whether a path ends in the first name on it that holds AIGC."""
    above, _, name = path.lower().rpartition(".")
    return "aigc" in name and "aigc" not in above


def _front_matter(content: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Positions of texts with an ``AIGC`` member in their front matter, and the members."""
    index = positions(pc.starts_with(content, "---"))
    heads = pc.utf8_slice_codeunits(content.take(index), 0, FRONT_MATTER_CHARS).cast(pa.string())
    named = positions(pc.match_substring(heads, "AIGC"))
    index, heads = index.take(named), heads.take(named)
    head = pc.struct_field(pc.extract_regex(heads, _HEAD), "head")
    mark = pc.struct_field(pc.extract_regex(head, _MARK), "mark")
    there = positions(pc.is_valid(mark))
    return index.take(there), mark.take(there)


def _member(marks: pa.Array, name: str) -> pa.Array:
    found = pc.struct_field(pc.extract_regex(marks, _MEMBER.format(name=name)), "value")
    return pc.utf8_trim_whitespace(found)


def _basis(field: str, value: pa.Array, producer: pa.Array, note: pa.Array) -> pa.Array:
    stated = pc.binary_join_element_wise(f"{field}.Label=", shorten(value), note, "")
    named = pc.binary_join_element_wise(", ContentProducer=", shorten(producer), "")
    return pc.binary_join_element_wise(stated, pc.fill_null(named, ""), "")
