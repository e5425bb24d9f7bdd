"""Columns of extension types are read as what they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.datafiles import ingest, write_jsonl
from support.reader_contract import check_reader, read_all

import provenance
from provenance.content.identity import canonical_json
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.records.content_fields import choose_content

TURNS: list[list[dict[str, Any]] | None] = [
    [
        {"role": "user", "content": "How?", "state": "Bergen"},
        {"role": "assistant", "content": "So."},
    ],
    [{"role": "user", "content": "And?", "state": 7}, {"role": "assistant", "content": "Thus."}],
    None,
]


def json_list(rows: list[list[dict[str, Any]] | None]) -> pa.Array:
    """Lists whose every element is JSON, as ``datasets`` writes values of differing types."""
    texts = pa.array([None if row is None else [json.dumps(x) for x in row] for row in rows])
    kind = pa.json_(pa.string())
    values = pa.ExtensionArray.from_storage(kind, texts.values)
    return pa.ListArray.from_arrays(texts.offsets, values, mask=texts.is_null())


def columns() -> pa.Table:
    ids = pa.array(["h1", "h2", "h3"])
    models = pa.array(["gpt-4-0314"] * 3)
    return pa.table({"conversation_hash": ids, "model": models, "conversation": json_list(TURNS)})


def save(table: pa.Table, path: Path) -> Input:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
    return Input(path.as_posix(), path, path.suffix[1:])


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_lists_of_json_are_lists_of_objects(tmp_path: Path, form: str) -> None:
    source = save(columns(), tmp_path / f"a.{form}")
    reader = reader_for(form)
    shape = reader.probe(source)
    assert shape.fields["conversation"] == "messages"
    choice = choose_content(shape, (), form)
    layout = ReadLayout(choice.kind, choice.content, ("model", "conversation_hash"))
    reading = check_reader(reader, source, layout)
    assert [canonical_json(json.loads(text)) for text in reading.content] == [
        canonical_json({"conversation": turns}) for turns in TURNS if turns
    ]
    assert reading.fields == [("gpt-4-0314", "h1"), ("gpt-4-0314", "h2")]
    assert reading.reasons == ['field "conversation" is null']


@pytest.mark.slow
def test_a_log_in_json_columns_is_the_log_in_json_lines(tmp_path: Path) -> None:
    rows = [
        {"conversation_hash": f"h{n + 1}", "model": "gpt-4-0314", "conversation": turns}
        for n, turns in enumerate(TURNS[:2])
    ]
    ledger = provenance.init(str(tmp_path / "ledger"))
    save(columns().slice(0, 2), tmp_path / "a.parquet")
    write_jsonl(tmp_path / "a.jsonl", rows)
    for name in ("jsonl", "parquet"):
        summary = ingest(ledger, tmp_path / f"a.{name}", name, label="human")
        assert summary.labels["mixed"] == 2
    assert ledger.status().records == 2


def test_a_column_of_json_is_what_each_value_is(tmp_path: Path) -> None:
    values = ['"plain text"', '{"a": [1, 2.50]}', "7", None, "{not JSON", '""']
    column = pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(values, pa.string()))
    source = save(pa.table({"text": column, "n": range(6)}), tmp_path / "a.parquet")
    reading = read_all(reader_for("parquet"), source, ReadLayout("text", ("text",), ("n", "text")))
    assert reading.fields == [("0", "plain text")]
    assert reading.reasons == [
        'field "text" is an object, not text',
        'field "text" is a number, not text',
        'field "text" is null',
        "not JSON: unexpected 'n'",
        'field "text" is empty',
    ]


class Wrapped(pa.ExtensionType):
    """A type of somebody's own, over any other."""

    def __init__(self, storage: pa.DataType) -> None:
        super().__init__(storage, "somebody.wrapped")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, serialized: bytes) -> Wrapped:
        return cls(storage)


def wrap(array: pa.Array) -> pa.Array:
    return pa.ExtensionArray.from_storage(Wrapped(array.type), array)


def test_other_wrappers_are_seen_through(tmp_path: Path) -> None:
    asked = {"role": "user", "content": "Hi", "model": None}
    said = {"role": "assistant", "content": "Ho", "model": "gpt-4"}
    turns = wrap(pa.array([asked, said, said]))
    table = pa.table(
        {
            "messages": pa.ListArray.from_arrays([0, 2, 3], turns),
            "made": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8())),
            "lang": wrap(pa.array(["en", "de"])),
        }
    )
    source = save(table, tmp_path / "a.arrow")
    shape = reader_for("arrow").probe(source)
    assert shape.fields == {"messages": "messages", "made": "boolean", "lang": "string"}

    def everything(found: Any) -> tuple[str, ...]:
        return tuple(found)

    layout = ReadLayout("structured", ("messages",), ("made", "lang"), chooser=everything)
    (batch,) = reader_for("arrow").read(source, layout)
    assert batch.fields.column("made").to_pylist() == ["true", "false"]
    assert batch.fields.column("lang").to_pylist() == ["en", "de"]
    assert batch.fields.column("messages[].model").to_pylist() == ['["gpt-4"]', '["gpt-4"]']
