"""Columns of every Arrow type beside the content: they cost the content nothing, and are heard."""

from __future__ import annotations

import ctypes
import datetime as dt
import gzip
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

import provenance
from provenance.io.columns.decoded_size import expanded_sizes
from provenance.io.columns.supported_rows import supported_rows
from provenance.io.columns.supported_types import unreadable_values
from provenance.io.contract.reader import BATCH_BYTES, Batch, Input, ReadLayout
from provenance.io.discovery.detect import detect
from provenance.io.readers.columnar.arrow_ipc import ArrowIpc
from provenance.io.readers.columnar.old_arrow import is_old_stream
from provenance.io.readers.json.lines import JsonLines
from provenance.io.streams.compression import DamagedError
from provenance.operations.ingest.options import IngestOptions

TEXTS = ["one text", "two text", "three text", "four text"]
ENDS = pa.array([1, 2, 3, 4], pa.int32())
OFFSETS = pa.array([0, 1, 1, 3, 4], pa.int32())
SOME = ["a", "bb", None, "d"]
NUMBERS = pa.array([1, 2, 3, 4], pa.int32())


def everything(shape: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(shape)


class _Schema(ctypes.Structure):
    """`struct ArrowSchema` of the C data interface."""


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


@ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))
def _release(schema: Any) -> None:
    schema.contents.release = None


def foreign_type(code: bytes) -> pa.DataType:
    """A type that only other languages can make, by its code in the C data interface."""
    release = ctypes.cast(_release, ctypes.c_void_p)
    schema = _Schema(code, b"", None, 2, 0, None, None, release, None)
    return pa.DataType._import_from_c(ctypes.addressof(schema))


MONTHS, DAY_TIME = foreign_type(b"tiM"), foreign_type(b"tiD")


def runs(values: pa.Array) -> pa.Array:
    return pa.RunEndEncodedArray.from_arrays(ENDS, values)


def extension(kind: pa.DataType, values: pa.Array) -> pa.Array:
    return pa.ExtensionArray.from_storage(kind, values)


LEAVES: dict[str, pa.Array] = {
    "nulls": pa.nulls(4),
    "text": pa.array(SOME),
    "text view": pa.array(SOME, pa.string_view()),
    "bytes view": pa.array([b"a", b"\xff", None, b""], pa.binary_view()),
    "large bytes": pa.array([b"a", b"\xff", None, b""], pa.large_binary()),
    "fixed bytes": pa.array([b"ab", b"\xff\xff", None, b"cd"], pa.binary(2)),
    "half": pa.array(np.array([1.5, 2, 3, 4], np.float16)),
    "span": pa.array([pa.MonthDayNano([1, -2, 3]), None] * 2, pa.month_day_nano_interval()),
    "no time of day": NUMBERS.view(pa.time32("s")),
    "time before midnight": pa.array([-1, 1, 2, 3], pa.int32()).view(pa.time32("s")),
    "far date": pa.array([2**31 - 1, 0, 1, None], pa.int32()).view(pa.date32()),
    "far time": pa.array([2**62, 0, 1, None], pa.int64()).view(pa.timestamp("s", "No/Where")),
    "duration": pa.array([1, 2, None, -4], pa.duration("ms")),
    "decimal": pa.array([1, 2, None, 4]).cast(pa.decimal256(60, 2)),
    "small decimal": pa.array([1, 2, None, 4], pa.int8()).cast(pa.decimal32(5, 2)),
    "codes": pa.array(SOME).dictionary_encode(),
    "codes of nulls": pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 0]), pa.nulls(2)),
    "runs": runs(pa.array(SOME)),
    "runs of views": runs(pa.array(SOME, pa.string_view())),
    "runs of runs": runs(runs(pa.array([1, 2, 3, 4]))),
    "uuid": extension(pa.uuid(), pa.array([b"0" * 16] * 4, pa.binary(16))),
    "json": extension(pa.json_(), pa.array(['{"a":1}', "[1]", None, '"x"'])),
    "truth": extension(pa.bool8(), pa.array([1, 0, None, 1], pa.int8())),
    "shape": extension(pa.opaque(pa.string(), "shape", "somebody"), pa.array(SOME)),
    "no shape": extension(pa.opaque(pa.null(), "shape", "somebody"), pa.nulls(4)),
    "either": pa.UnionArray.from_sparse(
        pa.array([0, 1, 0, 1], pa.int8()), [pa.array([1, 2, 3, 4]), pa.array(list("abcd"))]
    ),
    "one of two": pa.UnionArray.from_dense(
        pa.array([0, 1, 0, 1], pa.int8()),
        pa.array([0, 0, 1, 1], pa.int32()),
        [pa.array([1, 2]), pa.array(["a", "b"], pa.string_view())],
        ["count", "why"],
    ),
    "views of lists": pa.array([["a"], [], None, ["b", "c"]], pa.list_view(pa.string())),
    "large views": pa.array([["a"], [], None, ["b"]], pa.large_list_view(pa.string_view())),
    "pairs": pa.array([["a", "b"], None, ["c", None], ["d", "e"]], pa.list_(pa.string(), 2)),
    "objects without members": pa.array([{}, None, {}, {}], pa.struct([])),
    "by number": pa.array([[(1, "a")], [], None, [(3, None)]], pa.map_(pa.int64(), pa.string())),
    "by day": pa.array(
        [[(dt.date(2020, 1, 1), "a")], [], None, []], pa.map_(pa.date32(), "string")
    ),
}


def in_object(values: pa.Array) -> pa.Array:
    fields = [pa.field("n", pa.null()), pa.field("x", values.type)]
    return pa.StructArray.from_arrays([pa.nulls(4), values], fields=fields)


WRAPPED: dict[str, Callable[[pa.Array], pa.Array]] = {
    "as it is": lambda values: values,
    "member": in_object,
    "list": lambda values: pa.ListArray.from_arrays(OFFSETS, values),
    "list of objects": lambda values: pa.ListArray.from_arrays(OFFSETS, in_object(values)),
    "view": lambda values: pa.ListViewArray.from_arrays(
        pa.array([0, 1, 1, 3], pa.int32()), pa.array([1, 0, 2, 1], pa.int32()), values
    ),
    "map": lambda values: pa.MapArray.from_arrays(OFFSETS, pa.array(list("abcd")), values),
    "pair": lambda values: pa.FixedSizeListArray.from_arrays(values, 1),
}


TYPES: dict[str, Callable[[pa.DataType], pa.DataType]] = {
    "as it is": lambda kind: kind,
    "member": lambda kind: pa.struct({"n": pa.null(), "x": kind}),
    "list": pa.list_,
    "list of objects": lambda kind: pa.list_(pa.struct({"n": pa.null(), "x": kind})),
    "view": pa.list_view,
    "map": lambda kind: pa.map_(pa.string(), kind),
    "pair": lambda kind: pa.list_(kind, 1),
}


def written(folder: Path, columns: Mapping[str, pa.Array], *, stream: bool = False) -> Input:
    path = folder / "a.arrow"
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(path, batch.schema) as writer:
        writer.write_batch(batch.slice(0, 3))
        writer.write_batch(batch.slice(3))
    return Input(path.as_posix(), path, "arrow")


def read(source: Input, layout: ReadLayout, **how: Any) -> list[Batch]:
    return list(ArrowIpc().read(source, layout, **how))


def texts(batches: list[Batch]) -> list[str]:
    assert not any(batch.rejects.num_rows for batch in batches), batches[-1].rejects.to_pylist()
    return [text for batch in batches for text in batch.content.to_pylist()]


@pytest.mark.slow
@given(
    leaf=st.sampled_from(sorted(LEAVES)),
    wraps=st.lists(st.sampled_from(sorted(WRAPPED)), max_size=2),
    stream=st.booleans(),
    typed=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_no_column_beside_the_content_costs_it_anything(
    leaf: str, wraps: list[str], stream: bool, typed: bool
) -> None:
    column = LEAVES[leaf]
    for wrap in wraps:
        column = WRAPPED[wrap](column)
    layout = ReadLayout("text", ("text",), chooser=everything, typed=typed)
    chat = ReadLayout("structured", ("messages",), chooser=everything)
    turns = [[{"role": "user", "content": text}] for text in TEXTS]
    with tempfile.TemporaryDirectory() as folder:
        beside = {"text": pa.array(TEXTS), "messages": pa.array(turns), "x": column}
        source = written(Path(folder), beside, stream=stream)
        assert ArrowIpc().probe(source).notes == ()
        assert texts(read(source, layout)) == TEXTS
        assert texts(read(source, layout, original=True)) == TEXTS
        assert list(map(json.loads, texts(read(source, chat)))) == [{"messages": t} for t in turns]


@pytest.mark.parametrize("wrap", WRAPPED)
def test_intervals_of_which_python_has_no_arrays_are_text(tmp_path: Path, wrap: str) -> None:
    columns = {
        "text": pa.array(TEXTS),
        "months": WRAPPED[wrap](pa.array([1, 2, None, -4], pa.int32())),
        "days": WRAPPED[wrap](pa.array([1 | 1500 << 32, 2, None, 0], pa.int64())),
    }
    numbers = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    kinds = {"months": TYPES[wrap](MONTHS), "days": TYPES[wrap](DAY_TIME)}
    schema = pa.schema({"text": pa.string(), **kinds})
    _, held = numbers.__arrow_c_array__()
    batch = pa.RecordBatch._import_from_c_capsule(schema.__arrow_c_schema__(), held)
    with pa.ipc.new_file(tmp_path / "a.arrow", schema) as writer:
        writer.write_batch(batch)
    source = Input((tmp_path / "a.arrow").as_posix(), tmp_path / "a.arrow", "arrow")
    assert ArrowIpc().probe(source).notes == ()
    batches = read(source, ReadLayout("text", ("text",), ("months", "days")))
    assert texts(batches) == TEXTS
    said = json.dumps([batch.fields.to_pylist() for batch in batches])
    assert all(span in said for span in ("P1M", "P2M", "P-4M", "P1DT1.5S", "P2D"))


def test_what_columns_of_such_types_say_is_heard(tmp_path: Path) -> None:
    model = pa.array(["gpt-4", None, "gpt-4", None], pa.string_view())
    column = pa.ListArray.from_arrays(OFFSETS, pa.StructArray.from_arrays([model], ["model"]))
    columns = {"text": runs(pa.array(TEXTS)), "turns": column, "model": runs(model)}
    batches = read(written(tmp_path, columns), ReadLayout("text", ("text",), chooser=everything))
    assert texts(batches) == TEXTS
    assert [
        (row["model"], row["turns[].model"])
        for batch in batches
        for row in batch.fields.to_pylist()
        if "turns[].model" in row
    ] == [("gpt-4", '["gpt-4"]'), (None, None), ("gpt-4", '["gpt-4"]')]


@pytest.mark.parametrize("form", ["views", "runs", "codes", "lists of views"])
def test_rows_of_such_types_are_those_of_json_lines(tmp_path: Path, form: str) -> None:
    rows = [{"n": n, "turns": [{"role": "user", "content": t}]} for n, t in enumerate(TEXTS)]
    said = pa.array([row["turns"][0]["content"] for row in rows])
    made: dict[str, Callable[[pa.Array], pa.Array]] = {
        "views": lambda values: values.cast(pa.string_view()),
        "runs": runs,
        "codes": lambda values: values.dictionary_encode(),
        "lists of views": lambda values: values.cast(pa.string_view()),
    }
    members = [pa.array(["user"] * 4), made[form](said)]
    turn = pa.StructArray.from_arrays(members, ["role", "content"])
    kind = pa.ListViewArray if form == "lists of views" else pa.ListArray
    starts = pa.array(range(4 if form == "lists of views" else 5), pa.int32())
    sizes = [pa.array([1] * 4, pa.int32())] if form == "lists of views" else []
    column = kind.from_arrays(starts, *sizes, turn)
    layout = ReadLayout("structured", ("*",))
    source = written(tmp_path, {"n": pa.array(range(4)), "turns": column})
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = list(JsonLines().read(Input(path.as_posix(), path, "jsonl"), layout))
    assert list(map(json.loads, texts(read(source, layout)))) == [
        json.loads(text) for batch in lines for text in batch.content.to_pylist()
    ]


def test_a_union_of_codes_that_is_content_is_refused_by_its_name(tmp_path: Path) -> None:
    union = LEAVES["either"]
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 3], pa.int8()), union)
    source = written(tmp_path, {"text": pa.array(TEXTS), "odd": column})
    assert ArrowIpc().probe(source).notes == (
        f"column 'odd' of the type {column.type} cannot be read",
    )
    batches = read(source, ReadLayout("text", ("text",), chooser=everything))
    assert texts(batches) == TEXTS
    assert "cannot be read" in json.dumps([batch.fields.to_pylist() for batch in batches])
    with pytest.raises(DamagedError, match="column 'odd'"):
        read(source, ReadLayout("structured", ("odd",)))


@pytest.mark.parametrize(
    ("name", "label"), [("is_synthetic", "unknown"), ("model", "unknown"), ("note", "human")]
)
def test_a_mark_that_cannot_be_read_keeps_its_record_from_being_human(
    tmp_path: Path, name: str, label: str
) -> None:
    codes = pa.array([0, 1, 2, 3], pa.int8())
    column = pa.DictionaryArray.from_arrays(codes, LEAVES["either"])
    written(tmp_path, {"text": pa.array(TEXTS), name: column})
    ledger = provenance.init(str(tmp_path / "ledger"))
    options = IngestOptions(source="s", label="human")
    answer = ledger.ingest([str(tmp_path / "a.arrow")], options)
    assert {name: count for name, count in answer.labels.items() if count} == {label: 4}
    assert any(name in note for file in answer.files for note in file.notes)


def test_words_that_stand_for_unread_values_bear_their_names() -> None:
    kind = pa.list_(pa.struct({"model": pa.string(), "n": pa.list_(pa.int8())}))
    (value,) = unreadable_values(kind, 1).to_pylist()
    assert set(value) == {"model", "n"}


@pytest.mark.parametrize(
    ("form", "wrap"),
    [
        ("runs", "as it is"),
        ("views", "as it is"),
        ("runs", "list of objects"),
        ("codes", "list of objects"),
        ("views", "list of objects"),
    ],
)
def test_what_few_bytes_stand_for_is_known_before(form: str, wrap: str) -> None:
    long, count = "x" * 1_000_000, 4_000
    if form == "runs":
        ends = pa.array([count], pa.int32())
        column = pa.RunEndEncodedArray.from_arrays(ends, pa.array([long]))
    elif form == "codes":
        column = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int8()), pa.array([long]))
    else:
        column = views(long, count)
    if wrap != "as it is":
        objects = pa.StructArray.from_arrays([column], ["x"])
        column = pa.ListArray.from_arrays(pa.array(range(count + 1), pa.int32()), objects)
    table = pa.RecordBatch.from_arrays([pa.array(["t"] * count), column], ["text", "x"])
    told: list[int] = []
    rows = supported_rows(table, frozenset(), lambda sizes: told.append(int(sizes.sum())))
    for part, size in zip(rows, told, strict=False):
        assert part.nbytes <= size + (1 << 20)
        assert size <= BATCH_BYTES
        if len(told) == 2:
            break
    assert len(told) == 2
    weights = expanded_sizes(column)
    assert len(weights) == count
    assert weights.min() > 1_000_000


def views(text: str, count: int) -> pa.Array:
    """So many views of one text."""
    buffer = pa.py_buffer(text.encode())
    view = np.array([len(text), int.from_bytes(text[:4].encode(), "little"), 0, 0], np.int32)
    words = pa.py_buffer(np.tile(view, count).tobytes())
    return pa.Array.from_buffers(pa.string_view(), count, [None, words, buffer])


@pytest.mark.parametrize("compression", ["", "gz"])
def test_streams_of_before_0_15_are_known(tmp_path: Path, compression: str) -> None:
    table = pa.table({"text": TEXTS, "n": range(4)})
    options = pa.ipc.IpcWriteOptions(
        metadata_version=pa.ipc.MetadataVersion.V4, use_legacy_format=True
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    data = bytes(sink.getvalue())
    path = tmp_path / ("old" + (f".{compression}" if compression else ""))
    path.write_bytes(gzip.compress(data) if compression else data)
    assert detect(path) == ("arrow", compression)
    source = Input(path.as_posix(), path, "arrow", compression)
    assert texts(read(source, ReadLayout("text", ("text",)))) == TEXTS


@given(st.binary(max_size=80))
@settings(max_examples=50)
def test_other_bytes_are_no_old_stream(head: bytes) -> None:
    assert not is_old_stream(b'{"a":' + head)
    assert not is_old_stream(head.replace(b"\0", b" "))
