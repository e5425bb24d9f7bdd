"""One type for the values of several rows: it holds each of them, and no order changes it."""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from provenance.content.json_writer import compact_json
from provenance.io.columns.row_types import (
    MOST_MEMBERS,
    NOTHING,
    TEXT,
    LeafType,
    ListOf,
    StructType,
    arrow_type,
    integers,
    kind_of_type,
    kind_of_value,
    merge_row_types,
    why_untyped,
)
from provenance.io.columns.typed_rows import cast_values, typed_rows
from provenance.io.readers.json.typed_json import TypedJson


def typed(*values: Any) -> pa.DataType | None:
    return arrow_type(merge_row_types(map(kind_of_value, values)), pa.string())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((None,), pa.string()),
        ((0, None, -1), pa.int64()),
        ((-1, 2**62), pa.int64()),
        ((0, 2**63), None),
        ((2**53, 0.5), pa.float64()),
        ((2**53 + 1, 0.5), None),
        ((1, 0.5), pa.float64()),
        ((1, True), None),
        ((1, "1"), None),
        ((float("inf"),), None),
        (([], [None]), pa.list_(pa.string())),
        (([1], ["a"]), None),
        (({},), None),
        (({}, {"a": 1}), pa.struct([("a", pa.int64())])),
        (({"a": 1}, {"b": []}), pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))])),
        (({"a": {"x": 1}}, {"a": {"x": "1"}}), None),
        (({"City": 1, "city": 2},), None),
        (({"": 1},), None),
        (("\ud83d",), None),
        (({"\ud83d": 1},), None),
    ],
)
def test_the_type_of_a_column_of_json(values: Any, expected: pa.DataType | None) -> None:
    assert typed(*values) == expected
    assert ordered(typed(*reversed(values))) == ordered(expected)


def test_objects_of_ever_new_names_are_no_column() -> None:
    rows = [{f"word {n}": n} for n in range(MOST_MEMBERS + 1)]
    assert typed(*rows) is None
    assert typed(*rows[:-1]) is not None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (pa.int32(), pa.int64(), pa.int64()),
        (pa.uint8(), pa.int8(), pa.int64()),
        (pa.uint64(), pa.uint64(), pa.uint64()),
        (pa.uint64(), pa.int64(), None),
        (pa.float32(), pa.float64(), pa.float64()),
        (pa.int64(), pa.float64(), None),
        (pa.int32(), pa.float32(), pa.float64()),
        (pa.string_view(), pa.large_string(), pa.string()),
        (pa.dictionary(pa.int8(), pa.string()), pa.string(), pa.string()),
        (pa.date32(), pa.timestamp("us"), None),
        (pa.timestamp("us"), pa.timestamp("ns"), None),
        (pa.null(), pa.date32(), pa.date32()),
        (pa.list_(pa.float32(), 2), pa.list_(pa.float32(), 3), pa.list_(pa.float32())),
        (pa.uuid(), pa.string(), pa.string()),
        (pa.decimal256(30, 2), pa.decimal128(30, 2), pa.decimal128(30, 2)),
    ],
)
def test_two_types_become_one_that_changes_no_value(
    one: pa.DataType, other: pa.DataType, expected: pa.DataType | None
) -> None:
    for pair in ((one, other), (other, one)):
        assert arrow_type(merge_row_types(map(kind_of_type, pair))) == expected


def test_long_integers_join_with_others_by_what_is_in_them() -> None:
    small, long = LeafType(pa.uint64(), 0, 2**40), LeafType(pa.uint64(), 0, 2**63)
    assert arrow_type(merge_row_types([small, integers(-1, -1)])) == pa.int64()
    assert arrow_type(merge_row_types([small, LeafType(pa.float64())])) == pa.float64()
    assert arrow_type(merge_row_types([long, integers(-1, -1)])) is None
    assert "64 bits" in why_untyped(merge_row_types([long, integers(-1, -1)]))


names = st.sampled_from(["a", "b", "c d", "é", "content"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.text(st.characters(codec=None), max_size=3)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)
rows = st.lists(st.dictionaries(names, values, max_size=4), min_size=1, max_size=8)


def pruned(value: Any) -> Any:
    """Without what a column cannot tell apart: an absent member from null, ``1.0`` from ``1``."""
    if isinstance(value, dict):
        return {name: pruned(item) for name, item in value.items() if item is not None}
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    return [pruned(item) for item in value] if isinstance(value, list) else value


def lines_of(drawn: list[dict[str, Any]]) -> pa.Array:
    return pa.array([json.dumps(row) for row in drawn], pa.string())


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(rows)
def test_every_value_comes_back_from_its_column(drawn: list[dict[str, Any]]) -> None:
    # Numbers as large as infinity are no JSON.
    drawn = json.loads(json.dumps(drawn).replace("Infinity", "1"))
    lines = lines_of(drawn)
    with duckdb.connect() as connection:
        reader = TypedJson(connection)
        kinds = reader.members(lines)
        types = {name: arrow_type(kind, pa.string()) for name, kind in kinds.items()}
        columns = reader.columns(lines, types)
    found: list[dict[str, Any]] = [{} for _ in drawn]
    for (name, kind), column in zip(types.items(), columns, strict=True):
        assert column.type == (kind or pa.string())
        for row, value in zip(found, column.to_pylist(), strict=True):
            row[name] = json.loads(value) if kind is None and value is not None else value
    assert [pruned(row) for row in found] == [pruned(row) for row in drawn]


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(rows, st.randoms(use_true_random=False))
def test_the_types_do_not_depend_on_the_order_or_the_way(
    drawn: list[dict[str, Any]], random: Any
) -> None:
    drawn = json.loads(json.dumps(drawn).replace("Infinity", "1"))
    exact = merge_row_types(kind_of_value(row) for row in drawn)
    assert isinstance(exact, StructType)
    want = {name: arrow_type(kind, pa.string()) for name, kind in exact.members.items()}
    shuffled = drawn[:]
    random.shuffle(shuffled)
    with duckdb.connect() as connection:
        found = TypedJson(connection).members(lines_of(shuffled))
    assert same({n: arrow_type(k, pa.string()) for n, k in found.items()}, want)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether types are the same but for the order of members."""
    return one.keys() == other.keys() and all(
        ordered(kind) == ordered(other[name]) for name, kind in one.items()
    )


def ordered(kind: pa.DataType | None) -> Any:
    if kind is None or not pa.types.is_nested(kind):
        return str(kind)
    if pa.types.is_list(kind):
        return ["list", ordered(kind.value_type)]
    members = [kind.field(place) for place in range(kind.num_fields)]
    return sorted((member.name, str(ordered(member.type))) for member in members)


def test_escapes_and_long_numbers_are_kept_to_the_digit() -> None:
    texts = [
        '{"a":"\\ud83d alone","b":"\\ud83d\\ude00","c":12345678901234567890,"d":1e400,"e":1.10}',
        '{"a":"plain","c":1,"d":0.5,"e":"x"}',
    ]
    with duckdb.connect() as connection:
        reader = TypedJson(connection)
        lines = pa.array(texts)
        types = {n: arrow_type(k, pa.string()) for n, k in reader.members(lines).items()}
        assert types == {"a": None, "b": pa.string(), "c": None, "d": None, "e": None}
        columns = dict(zip(types, reader.columns(lines, types), strict=True))
    assert columns["a"].to_pylist() == ['"\\ud83d alone"', '"plain"']
    assert columns["b"].to_pylist() == ["😀", None]
    assert columns["c"].to_pylist() == ["12345678901234567890", "1"]
    assert columns["d"].to_pylist() == ["1e400", "0.5"]
    assert columns["e"].to_pylist() == ["1.10", '"x"']
    assert compact_json(json.loads(columns["c"][0].as_py())) == "12345678901234567890"


def test_what_stands_for_values_becomes_the_values() -> None:
    views = pa.array([["a"], [], None], pa.list_(pa.string_view()))
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["x", "y"]))
    table = pa.RecordBatch.from_arrays(
        [
            views,
            runs,
            pa.array(["p", None, "p"]).dictionary_encode(),
            pa.array([[("k", "v")], [], None], pa.map_(pa.string_view(), pa.string_view())),
            pa.array([{}, {}, {}], pa.struct([])),
            pa.array([b"0" * 16, None, b"1" * 16], pa.uuid()),
            pa.array([{"t": "x", "n": [1]}, None, {"t": None, "n": None}]),
            pa.array([["a", "b"], None, ["c", "d"]], pa.list_(pa.string_view(), 2)),
            pa.array([["a"], [], None], pa.list_view(pa.string())),
        ],
        ["views", "runs", "codes", "map", "empty", "uuid", "struct", "fixed", "listview"],
    )
    found = typed_rows(table)
    assert found.to_pydict() == {
        "views": [["a"], [], None],
        "runs": ["x", "x", "y"],
        "codes": ["p", None, "p"],
        "map": [[{"key": "k", "value": "v"}], [], None],
        "empty": ["{}", "{}", "{}"],
        "uuid": [str(uuid.UUID(bytes=b"0" * 16)), None, str(uuid.UUID(bytes=b"1" * 16))],
        "struct": [{"t": "x", "n": [1]}, None, {"t": None, "n": None}],
        "fixed": [["a", "b"], None, ["c", "d"]],
        "listview": [["a"], [], None],
    }
    found.validate(full=True)


def test_text_that_is_no_utf8_is_replaced_and_never_written_as_it_is() -> None:
    broken = pa.array([b"caf\xe9", b"fine"], pa.binary()).view(pa.string())
    assert cast_values(broken, pa.string()).to_pylist() == ["caf\ufffd", "fine"]
    nested = pa.ListArray.from_arrays(pa.array([0, 2], pa.int32()), broken)
    assert cast_values(nested, pa.list_(pa.string())).to_pylist() == [["caf\ufffd", "fine"]]


def test_kinds_say_nothing_more_than_they_know() -> None:
    assert merge_row_types([]) == NOTHING
    assert merge_row_types([NOTHING, TEXT, NOTHING]) == TEXT
    assert merge_row_types([ListOf(NOTHING), ListOf(TEXT)]) == ListOf(TEXT)
