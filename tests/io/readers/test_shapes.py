"""What a batch has and what is chosen of it: the same in every format that can hold the rows."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from provenance.io.contract import record_paths
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Batch, Input, Reader, ReadLayout
from provenance.io.readers.json.lines import JsonLines
from provenance.io.records import batch_builder, column_paths

WORDS = st.sampled_from(["gpt-4", "x", "", "é", 'a"b'])
MAYBE = st.none() | WORDS

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.sampled_from(["one text", "another"]),
            "model": MAYBE,
            "a.b": MAYBE,
            "a": st.none()
            | st.fixed_dictionaries({"b": MAYBE, "n": st.none() | st.integers(0, 9)}),
            "tags": st.none() | st.lists(WORDS, max_size=2),
            "rollouts": st.none()
            | st.lists(
                st.fixed_dictionaries(
                    {
                        "model": MAYBE,
                        "in": st.none() | st.fixed_dictionaries({"ok": st.none() | st.booleans()}),
                        "steps": st.none()
                        | st.lists(st.fixed_dictionaries({"llm": MAYBE}), max_size=2),
                    }
                ),
                max_size=3,
            ),
            "grid": st.none()
            | st.lists(st.lists(st.fixed_dictionaries({"z": MAYBE}), max_size=2), max_size=2),
            "map": st.none()
            | st.dictionaries(st.sampled_from(["model", "k"]), MAYBE, min_size=1, max_size=2),
        }
    ),
    min_size=1,
    max_size=6,
)

S = pa.string()
SCHEMA = pa.schema(
    {
        "text": S,
        "model": S,
        "a.b": S,
        "a": pa.struct({"b": S, "n": pa.int64()}),
        "tags": pa.list_(S),
        "rollouts": pa.list_(
            pa.struct(
                {
                    "model": pa.dictionary(pa.int32(), S),
                    "in": pa.struct({"ok": pa.bool_()}),
                    "steps": pa.large_list(pa.struct({"llm": S})),
                }
            )
        ),
        "grid": pa.list_(pa.list_(pa.struct({"z": S}))),
        "map": pa.map_(S, S),
    }
)


def everything(shape: Mapping[str, str]) -> tuple[str, ...]:
    """A chooser that wants all that there is."""
    return tuple(shape)


LAYOUT = ReadLayout("text", ("text",), chooser=everything)


def walk(value: Any, path: str, found: dict[str, list[Any]], *, listed: bool) -> None:
    """Every value below a path, the slow way; ``listed``: the path goes through a list."""
    if value is None:
        return
    if path and not path.endswith("[]"):
        found.setdefault(path, []).append(value)
    if isinstance(value, dict):
        for name, below in value.items():
            walk(below, f"{path}.{name}" if path else name, found, listed=listed)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                walk(item, f"{path}[]", found, listed=True)
            elif isinstance(item, list):
                for each in item:
                    walk(each, f"{path}[]", found, listed=True)


def expected(row: Mapping[str, Any]) -> dict[str, str]:
    """Every path of a row to its text."""
    found: dict[str, list[Any]] = {}
    walk({k: v for k, v in row.items() if k != "a.b"}, "", found, listed=False)
    if row.get("a.b") is not None:
        found["a.b"] = [row["a.b"]]
    texts = {}
    for path, values in found.items():
        value = values if "[]" in path else values[0]
        dumped = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        texts[path] = value if isinstance(value, str) else dumped
    return texts


def as_pairs(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as JSON writes it, the map as the list of its entries."""
    entries = row["map"]
    pairs = entries and [{"key": key, "value": value} for key, value in entries.items()]
    return {**row, "map": pairs}


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def lines(rows: list[dict[str, Any]], path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def parquet(rows: list[dict[str, Any]], path: Path) -> None:
    table = pa.Table.from_pylist([with_items(row) for row in rows], SCHEMA)
    pq.write_table(table, path, row_group_size=2)


def arrow(rows: list[dict[str, Any]], path: Path) -> None:
    table = pa.Table.from_pylist([with_items(row) for row in rows], SCHEMA)
    with pa.ipc.new_stream(str(path), SCHEMA) as writer:
        writer.write_table(table, max_chunksize=3)


def with_items(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "map": None if row["map"] is None else list(row["map"].items())}


FORMS: dict[str, Callable[[list[dict[str, Any]], Path], object]] = {
    "jsonl": lambda rows, path: lines([as_pairs(row) for row in rows], path),
    "sparse": lambda rows, path: lines([without_nulls(as_pairs(row)) for row in rows], path),
    "objects": lines,
    "json": lambda rows, path: path.write_text(json.dumps([as_pairs(row) for row in rows])),
    "parquet": parquet,
    "arrow": arrow,
}


def read(reader: Reader, path: Path, form: str, layout: ReadLayout = LAYOUT) -> list[Batch]:
    source = Input(path.as_posix(), path, form)
    return list(reader.read(source, layout))


def chosen(batches: list[Batch]) -> list[dict[str, str]]:
    """What was handed over of every row, without what it has not."""
    rows: list[dict[str, str]] = []
    for batch in batches:
        names = batch.fields.schema.names
        assert set(names) == set(everything(batch.shape)), "fields are what the chooser wants"
        rows += [
            {k: v for k, v in row.items() if v is not None} for row in batch.fields.to_pylist()
        ]
    return rows


def plainly(row: Mapping[str, str]) -> dict[str, Any]:
    """The texts of a row without what a format adds: nulls in objects, and maps as a list."""
    nested = {path: json.loads(text) for path, text in row.items() if text[:1] in {"{", "["}}
    plain = {**row, **{path: without_nulls(value) for path, value in nested.items()}}
    plain.pop("map", None)
    return plain


@pytest.mark.slow
@given(rows=ROWS, form=st.sampled_from(sorted(FORMS)), rows_a_batch=st.integers(1, 7))
@settings(max_examples=150, deadline=None)
def test_every_format_has_the_same_paths_and_texts(
    rows: list[dict[str, Any]], form: str, rows_a_batch: int
) -> None:
    name = {"sparse": "jsonl", "objects": "jsonl"}.get(form, form)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_builder, "BATCH_ROWS", rows_a_batch)
        path = Path(folder) / f"a.{name}"
        FORMS[form](rows, path)
        got = chosen(read(reader_for(name), path, name))
    assert [plainly(row) for row in got] == [plainly(expected(row)) for row in rows]


@pytest.mark.slow
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "text": st.sampled_from(["a", "bc"]),
                "model": st.none() | st.sampled_from(["gpt-4", "x\\n", ""]),
                "meta": st.fixed_dictionaries(
                    {"n": st.none() | st.integers(0, 9), "ok": st.none() | st.booleans()}
                ),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=60, deadline=None)
def test_the_fast_path_has_the_same_shape_as_the_exact_one(rows: list[dict[str, Any]]) -> None:
    def scalars(shape: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(path for path, kind in shape.items() if kind != "object")

    layout = ReadLayout("text", ("text",), chooser=scalars)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        lines(rows, path)
        (fast,), (exact,) = (
            read(JsonLines(fast_from=size), path, "jsonl", layout) for size in (0, None)
        )
    assert fast.shape == exact.shape
    assert fast.fields.equals(exact.fields)


def test_a_kind_that_changes_is_the_most_telling_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    values: list[Any] = [0, {"a": 1}, "gpt-4", [1], True]
    lines([{"text": "t", "model": value} for value in values], path)
    (batch,) = read(JsonLines(), path, "jsonl")
    assert batch.shape["model"] == "string"
    assert batch.fields.column("model").to_pylist() == ["0", '{"a":1}', "gpt-4", "[1]", "true"]


def test_many_different_keys_close_a_batch_and_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_paths, "MAX_PATHS", 50)
    monkeypatch.setattr(column_paths, "MAX_PATHS", 50)
    rows = [{"text": "t", "m": {f"k{n}-{i}": "v" for i in range(9)}} for n in range(40)]
    rows[33]["m"]["late"] = "gpt-4"
    path = tmp_path / "a.jsonl"
    lines(rows, path)
    schema = pa.schema({"text": S, "m": pa.map_(S, S)})
    table = pa.Table.from_pylist([{**row, "m": list(row["m"].items())} for row in rows], schema)
    pq.write_table(table, tmp_path / "a.parquet")
    for name in ("jsonl", "parquet"):
        batches = read(reader_for(name), tmp_path / f"a.{name}", name)
        assert len(batches) > 5
        assert max(len(batch.shape) for batch in batches) < 80
        assert [row.get("m.late") for row in chosen(batches)] == [None] * 33 + ["gpt-4"] + [
            None
        ] * 6


def test_wide_rows_stay_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_paths, "MAX_PATHS", 50)
    path = tmp_path / "a.jsonl"
    lines([{"text": "t", **{f"k{i}": "v" for i in range(200)}} for _ in range(30)], path)
    (batch,) = read(JsonLines(), path, "jsonl")
    assert len(batch.rows) == 30


def test_a_record_of_too_many_fields_is_a_reject(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_paths, "MAX_ROW_PATHS", 50)
    monkeypatch.setattr(column_paths, "MAX_ROW_PATHS", 50)
    rows: list[dict[str, Any]] = [{"text": "t", "m": {"k": "v"}} for _ in range(3)]
    rows[1]["m"] = {f"k{i}": "v" for i in range(60)}
    path = tmp_path / "a.jsonl"
    lines(rows, path)
    schema = pa.schema({"text": S, "m": pa.map_(S, S)})
    table = pa.Table.from_pylist([{**row, "m": list(row["m"].items())} for row in rows], schema)
    pq.write_table(table, tmp_path / "a.parquet")
    for name in ("jsonl", "parquet"):
        batches = read(reader_for(name), tmp_path / f"a.{name}", name)
        reasons = [reason for b in batches for reason in b.rejects.column("reason").to_pylist()]
        assert len(reasons) == 1
        assert reasons[0].endswith("fields in one record")
        assert sum(len(batch.rows) for batch in batches) == 2


def test_a_chooser_may_want_more_once_the_rows_are_there(tmp_path: Path) -> None:
    """A column that statistics cannot deny, and that is empty, may keep another from being read."""

    def jealous(shape: Mapping[str, str]) -> tuple[str, ...]:
        return () if "answer" in shape else ("model",)

    schema = pa.schema({"text": S, "answer": S, "model": S})
    rows = [{"text": f"t{n}", "answer": None, "model": f"m{n}"} for n in range(20)]
    table = pa.Table.from_pylist(rows, schema)
    pq.write_table(table, tmp_path / "a.parquet", write_statistics=False, row_group_size=7)
    layout = ReadLayout("text", ("text",), ("answer",), chooser=jealous)
    batches = read(reader_for("parquet"), tmp_path / "a.parquet", "parquet", layout)
    got = [value for b in batches for value in b.fields.column("model").to_pylist()]
    assert got == [f"m{n}" for n in range(20)]
    assert [row for b in batches for row in b.rows.to_pylist()] == list(range(1, 21))


def test_front_matter_is_read_at_any_depth(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\nmeta:\n  model: gpt-4\nby: [a, {llm: x}]\n---\nA text.\n")
    (batch,) = read(reader_for("text"), path, "text")
    assert chosen([batch])[0] | {"text": ""} == {
        "text": "",
        "meta": '{"model":"gpt-4"}',
        "meta.model": "gpt-4",
        "by": '["a",{"llm":"x"}]',
        "by[].llm": '["x"]',
    }


def test_aliases_in_front_matter_stand_for_no_tree(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    path.write_text(f"---\ngenerator: gpt-4\nl0: &l0 [x]\n{levels}---\nA text.\n")
    (batch,) = read(reader_for("text"), path, "text")
    assert set(batch.shape) == {"generator", "text"}


def test_front_matter_that_is_too_deep_is_strings(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"---\ngenerator: gpt-4\ndeep: {'{a: ' * 300}x{'}' * 300}\n---\nA text.\n")
    (batch,) = read(reader_for("text"), path, "text")
    assert set(batch.shape) == {"generator", "text"}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_field_that_nobody_has_is_null(tmp_path: Path, form: str) -> None:
    def wishful(shape: Mapping[str, str]) -> tuple[str, ...]:
        return ("nothing", "a.nothing[].x", *shape)

    name = {"sparse": "jsonl", "objects": "jsonl"}.get(form, form)
    row: dict[str, Any] = dict.fromkeys(SCHEMA.names) | {"text": "t", "a": {"b": "x", "n": None}}
    FORMS[form]([row], tmp_path / f"a.{name}")
    layout = ReadLayout("text", ("text",), chooser=wishful)
    (batch,) = read(reader_for(name), tmp_path / f"a.{name}", name, layout)
    assert batch.fields.column("nothing").to_pylist() == [None]
    assert batch.fields.column("a.nothing[].x").to_pylist() == [None]
    assert batch.fields.column("a.b").to_pylist() == ["x"]


def test_a_column_that_repeats_one_value_is_not_unpacked_to_be_looked_at() -> None:
    """65,536 times 16 MiB, which a few kilobytes of runs, views or indices can stand for."""
    long = pa.array(["x" * (16 << 20)])
    count = 65_536
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([count], pa.int32()), long)
    objects = pa.StructArray.from_arrays([long], ["model"])
    indices = pa.array(np.zeros(count, np.int32))
    many = pa.DictionaryArray.from_arrays(indices, objects)
    zeros = pa.array(np.zeros(count, np.int32))
    views = pa.ListViewArray.from_arrays(zeros, pa.array(np.ones(count, np.int32)), objects)
    table = pa.record_batch([runs, many, views], ["runs", "many", "views"])
    assert column_paths.ColumnPaths.of(table).shape() == {
        "many": "object",
        "many.model": "string",
        "runs": "string",
        "views": "list",
        "views[].model": "string",
    }
