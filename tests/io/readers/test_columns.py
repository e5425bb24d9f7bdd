"""Arrow columns: what becomes of every type, of every defect, and of hostile sizes."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from support.reader_contract import Reading, gather

from provenance.content.identity import canonical_json
from provenance.errors import InputError
from provenance.io.columns.schema import shape_of
from provenance.io.columns.to_text import to_json, to_json_objects, to_text
from provenance.io.contract.reader import ReadLayout
from provenance.io.readers.columnar.batches import ColumnBatches
from provenance.io.records.batch_builder import field_text
from provenance.io.streams.decompress import DamagedError

TEXT = ReadLayout("text", ("text",))
MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def _read(table: pa.Table, layout: ReadLayout, *, original: bool = False) -> Reading:
    columns = ColumnBatches(layout, table.schema, table.nbytes, original)
    batches = (batch for part in table.to_batches() for batch in columns.batches(part))
    return gather(batches, layout, original=original)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array(["a", None]), ["a", None]),
        (pa.array(["a", None], pa.large_string()), ["a", None]),
        (pa.array(["a", None], pa.string_view()), ["a", None]),
        (pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (pa.array([True, None]), ["true", None]),
        (pa.array([2**63 - 1, None]), ["9223372036854775807", None]),
        (pa.array([1.0, 0.1, float("nan")]), ["1.0", "0.1", None]),
        (pa.array([0.5], pa.float16()), ["0.5"]),
        (pa.array([Decimal("1.10")]), ["1.10"]),
        (pa.array([dt.date(2024, 1, 2)]), ["2024-01-02"]),
        (pa.array([MOMENT.replace(tzinfo=None)]), ["2024-01-02T03:04:05"]),
        (pa.array([MOMENT], pa.timestamp("ns", "Europe/Paris")), ["2024-01-02T03:04:05Z"]),
        (pa.array([b"abc", b"\xff\x00"]), ["abc", "/wA="]),
        (pa.array([[1, None], None]), ["[1,null]", None]),
        (pa.array([[1, 2]], pa.list_(pa.int8(), 2)), ["[1,2]"]),
        (pa.array([[1]], pa.large_list(pa.int8())), ["[1]"]),
        (pa.array([{"a": "x", "b": None}, None]), ['{"a":"x","b":null}', None]),
        (pa.array([{"a": 1, "A": 2}]), ['{"a":1,"A":2}']),
        (pa.array([{}], pa.struct([])), ["{}"]),
        (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8())), ['[{"key":"k","value":1}]']),
        (pa.array([uuid.UUID(int=5).bytes], pa.uuid()), [str(uuid.UUID(int=5))]),
        (pa.nulls(2), [None, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_every_type_as_text(array: pa.Array, expected: list[str | None]) -> None:
    assert to_text(array).to_pylist() == expected
    doubled = pa.concat_arrays([array, array])
    assert to_text(doubled.slice(len(array))).to_pylist() == expected


_SCALAR = (
    st.none()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text('aé\0"\\\u2028\U0001f600', max_size=5)
)
_NESTED: Any = st.fixed_dictionaries(
    {
        "s": st.none() | st.text('aé\0"\\\u2028\U0001f600', max_size=5),
        "i": st.none() | st.integers(-(2**63), 2**63 - 1),
        "f": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "b": st.none() | st.booleans(),
        "l": st.none()
        | st.lists(st.none() | st.fixed_dictionaries({"x": st.none() | st.text("ab")}), max_size=3),
    }
)
_TYPE = pa.struct(
    [
        ("s", pa.string()),
        ("i", pa.int64()),
        ("f", pa.float64()),
        ("b", pa.bool_()),
        ("l", pa.list_(pa.struct([("x", pa.string())]))),
    ]
)


@given(st.lists(st.none() | _NESTED, max_size=6), st.integers(0, 6))
def test_json_text_says_what_the_values_are(values: list[Any], start: int) -> None:
    array = pa.array(values, _TYPE).slice(start)
    found = [None if line is None else json.loads(line) for line in to_json(array).to_pylist()]
    assert found == array.to_pylist()


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "a": _SCALAR.filter(lambda v: not isinstance(v, int)),
                "b": st.none() | st.integers(-9, 9),
            }
        ),
        max_size=6,
    )
)
def test_objects_have_no_null_members(rows: list[dict[str, Any]]) -> None:
    columns = {
        "a": pa.array([row["a"] for row in rows], pa.string()),
        "b": pa.array([row["b"] for row in rows], pa.int64()),
    }
    found = [json.loads(line) for line in to_json_objects(columns).to_pylist()]
    assert found == [{k: v for k, v in row.items() if v is not None} for row in rows]


@given(
    st.lists(
        st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=4), max_size=5
    )
)
def test_scalars_read_like_those_of_json(values: list[Any]) -> None:
    for value in values:
        assert to_text(pa.array([value])).to_pylist() == [field_text(value)]


def test_a_chat_keeps_its_identity_in_columns() -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho", "n": 1}]
    table = pa.table({"messages": [turns, None], "n": [1, 2]})
    reading = _read(table, ReadLayout("structured", ("messages",), ("n",)))
    assert canonical_json(json.loads(reading.content[0])) == canonical_json({"messages": turns})
    assert reading.reasons == ['field "messages" is null']


def test_defects_of_single_rows() -> None:
    broken = pa.array([b"caf\xe9", b"good"]).view(pa.string())
    values = pa.concat_arrays([pa.array(["a", None, "", "x" * 50]), broken])
    table = pa.table({"text": values, "n": range(6)})
    reading = _read(table, ReadLayout("text", ("text",), ("n",), max_record=40), original=True)
    assert (reading.rows, reading.content, reading.fields) == (
        [1, 6],
        ["a", "good"],
        [("0",), ("5",)],
    )
    assert [(each["row"], each["reason"], each["raw_bytes"]) for each in reading.rejects] == [
        (2, 'field "text" is null', None),
        (3, 'field "text" is empty', 0),
        (4, "longer than 40 bytes (--max-record)", 50),
        (5, "invalid UTF-8", 4),
    ]
    assert json.loads(reading.original[0]) == {"text": "a", "n": 0}


def test_invalid_utf8_deep_inside() -> None:
    inside = pa.array([b"ok", b"\xff"]).view(pa.string())
    turns = pa.ListArray.from_arrays([0, 1, 2], pa.StructArray.from_arrays([inside], ["content"]))
    table = pa.table({"messages": turns, "lang": ["en", "en"]})
    assert _read(table, ReadLayout("structured", ("messages",))).reasons == ["invalid UTF-8"]
    by_field = _read(
        pa.table({"text": ["a", "b"], "lang": inside}), ReadLayout("text", ("text",), ("lang",))
    )
    assert (by_field.rows, by_field.reasons) == ([1], ["invalid UTF-8"])


def test_bytes_that_are_text_are_text() -> None:
    table = pa.table({"text": pa.array(["é".encode(), b"\xff"])})
    reading = _read(table, TEXT)
    assert (reading.content, reading.reasons) == (["é"], ["invalid UTF-8"])
    assert _read(table, ReadLayout("binary", ("text",))).content == ["é".encode(), b"\xff"]
    for kind in (pa.large_binary(), pa.binary_view(), pa.dictionary(pa.int8(), pa.binary())):
        assert _read(pa.table({"text": table["text"].cast(kind)}), TEXT) == reading
    fixed = pa.table({"text": pa.array([b"ab", b"\xff\xfe"], pa.binary(2))})
    assert _read(fixed, TEXT).content == ["ab"]


@pytest.mark.parametrize("value", [2**53 + 1, float("nan"), float("inf")])
def test_numbers_that_have_no_canonical_form_are_refused(value: float) -> None:
    table = pa.table({"a": [1, value], "b": ["x", "y"]})
    reading = _read(table, ReadLayout("structured", ("*",)))
    assert reading.rows == [1]
    assert len(reading.reasons) == 1
    assert "content field" in reading.reasons[0]


def test_columns_of_ours_are_never_content() -> None:
    table = pa.table({"text": ["a"], "prov_label": ["human"]})
    reading = _read(table, ReadLayout("structured", ("*",), ("prov_label",)))
    assert reading.content == ['{"text":"a"}']
    assert reading.fields == [("human",)]


def test_names_with_dots_walk_into_structs() -> None:
    table = pa.table({"meta": [{"id": {"n": 1}, "text": "a"}, None], "meta.id": ["x", "y"]})
    layout = ReadLayout("text", ("meta.text",), ("meta.id.n", "meta.id", "meta.none", "no.such"))
    reading = _read(table, layout)
    assert reading.fields == [("1", "x", None, None)]
    assert reading.reasons == ['field "meta.text" is null']


@pytest.mark.parametrize(
    ("table", "layout", "said"),
    [
        (pa.table({"a": [1]}), TEXT, "no column text"),
        (pa.table({"text": [1]}), TEXT, "holds int64, not text"),
        (pa.table([["a"], ["b"]], ["text", "text"]), TEXT, "'text' occurs twice"),
        (
            pa.table({"m": pa.array([None], pa.struct([("a", pa.int8()), ("a", pa.int8())]))}),
            ReadLayout("structured", ("m",)),
            "'m' occurs twice",
        ),
    ],
)
def test_files_that_cannot_be_read_that_way(table: pa.Table, layout: ReadLayout, said: str) -> None:
    with pytest.raises(InputError, match=said):
        _read(table, layout)


def test_an_unknown_extension_is_its_storage() -> None:
    class Opaque(pa.ExtensionType):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(pa.string(), "example.opaque")

        def __arrow_ext_serialize__(self) -> bytes:
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage: pa.DataType, _: bytes) -> Opaque:
            return cls()

    table = pa.table({"text": pa.ExtensionArray.from_storage(Opaque(), pa.array(["a"]))})
    assert shape_of(table.schema).fields == {"text": "string"}
    assert _read(table, TEXT).content == ["a"]


def test_repetitions_are_counted_before_they_are_expanded() -> None:
    indices = pa.array(np.zeros(1_000_000, np.int32))
    column = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 1_000_000]))
    table = pa.table({"text": column})
    columns = ColumnBatches(TEXT, table.schema, encoded_bytes=1000)
    with pytest.raises(DamagedError, match="more than 200:1"):
        list(columns.batches(table.to_batches()[0]))


def test_repetitions_come_in_bounded_batches() -> None:
    column = pa.DictionaryArray.from_arrays([0] * 40, pa.array(["x" * 1_000_000]))
    reading = _read(pa.table({"text": column}), TEXT)  # gather checks the size of every batch
    assert len(reading.rows) == 40


def test_shapes() -> None:
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema(
        [
            ("text", pa.large_string()),
            ("code", pa.dictionary(pa.int8(), pa.string())),
            ("n", pa.int8()),
            ("at", pa.timestamp("s")),
            ("ok", pa.bool_()),
            ("none", pa.null()),
            ("messages", pa.list_(turn)),
            ("tags", pa.list_(pa.string())),
            ("tree", pa.struct([("replies", pa.list_(pa.struct([("text", pa.string())])))])),
        ]
    )
    shape = shape_of(schema)
    assert shape.fields == {
        "text": "string",
        "code": "string",
        "n": "number",
        "at": "number",
        "ok": "boolean",
        "none": "null",
        "messages": "messages",
        "tags": "list",
        "tree": "object",
    }
    assert shape.nested == ("tree.replies",)
