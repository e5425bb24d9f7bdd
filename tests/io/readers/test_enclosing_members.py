"""Nested records are seen with what stands beside them, at every level, and keep what is theirs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.json.document import JsonDocument, nested_records
from provenance.io.readers.json.enclosing_members import LONGEST, MOST_MEMBERS, Enclosing
from provenance.io.readers.json.lines import JsonLines
from provenance.io.records.content_fields import choose_fields
from provenance.origin.recognisers.registry import applicable

TEXT = ReadLayout("text", ("text",))
WHOLE = ReadLayout("structured", ("*",))


def _everything(shape: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(path for path, kind in shape.items() if kind not in {"object", "list"})


def _members(root: Any, path: str, layout: ReadLayout = TEXT) -> list[dict[str, Any]]:
    return [dict(beside.members) for _, beside in nested_records(root, path, layout)]


def _read(path: Path, roots: list[Any], records: str) -> list[dict[str, str]]:
    """The fields of every record, those that have a value."""
    if path.suffix == ".json":
        path.write_text(json.dumps(roots if len(roots) > 1 else roots[0]))
    else:
        path.write_text("".join(json.dumps(root) + "\n" for root in roots))
    reader = JsonDocument() if path.suffix == ".json" else JsonLines()
    layout = ReadLayout("text", ("text",), records=records, chooser=_everything)
    found: list[dict[str, str]] = []
    for batch in reader.read(Input(path.as_posix(), path, path.suffix[1:]), layout):
        assert not batch.rejects.num_rows
        found += [
            {name: value for name, value in row.items() if value is not None}
            for row in batch.fields.to_pylist()
        ]
    return found


MARKS = st.dictionaries(
    st.sampled_from(["model", "generator", "licence", "synthetic"]),
    st.sampled_from(["gpt-4", "yes", "MIT"]),
)


@given(
    levels=st.lists(st.tuples(MARKS, st.booleans()), min_size=1, max_size=5),
    own=st.lists(MARKS, min_size=1, max_size=4),
    before=st.booleans(),
    roots=st.integers(1, 2),
    suffix=st.sampled_from(["json", "jsonl"]),
)
@settings(max_examples=120, deadline=None)
def test_every_holder_is_heard_by_its_place(
    levels: list[tuple[dict[str, str], bool]],
    own: list[dict[str, str]],
    before: bool,
    roots: int,
    suffix: str,
) -> None:
    """However deep, in whatever order of members, in lists or not, and in both formats."""
    node: Any = [{"text": f"T{n}", **marks} for n, marks in enumerate(own)]
    names = [f"k{depth}" for depth in range(len(levels))]
    for name, (marks, listed) in reversed(list(zip(names, levels, strict=True))):
        node = {**marks, name: node} if before else {name: node, **marks}
        node = [node] if listed and name != "k0" else node
    with tempfile.TemporaryDirectory() as folder:
        found = _read(Path(folder) / f"a.{suffix}", [node] * roots, ".".join(names))
    above = {
        "^." * (place + 1) + name: value
        for place, (marks, _) in enumerate(reversed(levels))
        for name, value in marks.items()
    }
    assert found == [{"text": f"T{n}", **m, **above} for n, m in enumerate(own)] * roots


@pytest.mark.parametrize(
    "path", ["^.model", "^.^.generator", "^.metadata.is_synthetic", "^.^.about.made_by"]
)
def test_a_field_of_a_holder_is_classified_by_its_last_name(path: str) -> None:
    shape = {"text": "string", path: "string"}
    heard = {field for each in applicable(shape, ("text",)) for field in each.fields}
    assert path in heard


def test_what_a_record_says_comes_before_what_its_holders_say() -> None:
    levels = {"^": "object", "^.^": "object"}
    said = {"^.lang": "string", "^.^.lang": "string", "lang": "string", "^.id": "string"}
    assert choose_fields({**levels, **said, "^.license": "string"}) == {
        "lang": ("lang", "^.lang", "^.^.lang"),
        "licence": ("^.license",),
    }


def test_a_reply_has_nothing_from_its_parent() -> None:
    leaf = {"text": "C", "replies": []}
    answer = {"text": "B", "synthetic": False, "replies": [leaf]}
    tree = {"prompt": {"text": "A", "synthetic": True, "replies": [answer]}, "model": "m"}
    assert _members(tree, "prompt.replies") == [{"model": "m"}] * 3


def test_what_is_no_record_speaks_for_those_below_it() -> None:
    tree = {"data": [{"model": "m", "data": [{"text": "A"}]}], "lang": "en"}
    assert _members(tree, "data")[1:] == [{"model": "m", "^": {"lang": "en"}}]


@pytest.mark.parametrize("layout", [TEXT, WHOLE])
def test_other_records_speak_for_themselves(layout: ReadLayout) -> None:
    other = [{"text": "B", "model": "m"}]
    root = {"train": [{"text": "A"}], "test": other, "more": {"dev": [other]}, "model": "x"}
    assert _members(root, "train", layout) == [{"model": "x"}]


def test_tables_and_long_texts_beside_records_are_left_out() -> None:
    root = {
        "data": [{"text": "A"}],
        "long": "x" * LONGEST,
        "table": [{"n": n} for n in range(LONGEST)],
        "wide": {str(n): n for n in range(MOST_MEMBERS + 1)},
        "about": {"long": "x" * LONGEST, "makers": [{"model": "m"}]},
    }
    assert _members(root, "data") == [{"about": {"makers": [{"model": "m"}]}}]


def test_the_record_itself_stays_as_it_is(tmp_path: Path) -> None:
    """Content and row are the record's own, and a member that bears the sign is still there."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"model": "m", "id": 1, "data": [{"text": "A", "^": {"b": "c"}}]}))
    layout = ReadLayout("structured", ("*",), ("id",), records="data", chooser=_everything)
    source = Input(path.as_posix(), path, "json")
    (batch,) = JsonDocument().read(source, layout, original=True)
    row = {"text": "A", "^": {"b": "c"}}
    assert batch.original is not None
    assert [json.loads(each) for each in batch.original.to_pylist()] == [row]
    assert [json.loads(each) for each in batch.content.to_pylist()] == [row]
    (fields,) = batch.fields.to_pylist()
    assert fields["id"] is None
    assert (fields["^[].b"], fields["^[].model"]) == ('["c"]', '["m"]')


def test_without_holders_a_record_is_the_very_same() -> None:
    record = {"text": "A"}
    assert Enclosing().seen_by(record) is record
