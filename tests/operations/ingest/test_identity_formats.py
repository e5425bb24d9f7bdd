"""The same rows have the same digests in every format, and the rule is the one that is documented.

What a format's writer cannot hold is named here, with the reason; nothing else is left out.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rfc8785
import zstandard
from hypothesis import HealthCheck, given, settings, strategies as st
from support.datafiles import cap, ingest, policy

import provenance
from provenance.io.discovery.discover import discover
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.plan import file_task
from provenance.operations.ingest.worker import run_unit
from provenance.operations.ingest.worker_contract import UnitResult, UnitTask
from provenance.store.data_files import read_data_file
from provenance.store.layout import Layout

Row = dict[str, Any]


# -- the rule, in plain Python ---------------------------------------------------------------------


def said(value: Any) -> Any:
    """A value without the members that say nothing, as docs/design.md has it."""
    if isinstance(value, dict):
        members = {name: said(item) for name, item in value.items()}
        return {k: v for k, v in members.items() if not (v is None or v == "" or v == {})}
    return [said(item) for item in value] if isinstance(value, list) else value


def expected(rows: Sequence[Row], content: Sequence[str]) -> set[str]:
    """The digests of all rows that say something."""
    found = set()
    for row in rows:
        if content == ("text",):
            data = (row.get("text") or "").encode()
        else:
            whole = content == ("*",)
            left = said(row if whole else {name: row.get(name) for name in content})
            nothing = not left if whole else all(item == [] for item in left.values())
            data = b"" if nothing else rfc8785.dumps(left)
        if data:
            found.add(hashlib.sha256(data).hexdigest())
    return found


# -- the formats -----------------------------------------------------------------------------------


class CannotHoldError(Exception):
    """Why rows cannot be written in a format."""


def jsonl(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def array(rows: Sequence[Row]) -> bytes:
    return json.dumps(rows, indent=1).encode()


def delimited(delimiter: str) -> Callable[[Sequence[Row]], bytes]:
    def write(rows: Sequence[Row]) -> bytes:
        names = list(dict.fromkeys(name for row in rows for name in row))
        if not names or any(
            not (value is None or isinstance(value, str)) for row in rows for value in row.values()
        ):
            raise CannotHoldError("every cell is a text")
        # A row of nothing is a blank line where there is one column, which is no row.
        target = io.StringIO(newline="")
        writer = csv.writer(target, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow(names)
        writer.writerows([[row.get(name) or "" for name in names] for row in rows])
        return target.getvalue().encode()

    return write


def typed(kind: pa.DataType, integer: pa.DataType) -> pa.DataType:
    """A type in which nothing is of the type null: what has no value in any row is a text."""
    if pa.types.is_list(kind):
        return pa.list_(typed(kind.value_type, integer))
    if pa.types.is_struct(kind):
        members = (kind.field(place) for place in range(kind.num_fields))
        return pa.struct([(member.name, typed(member.type, integer)) for member in members])
    if pa.types.is_integer(kind):
        return integer
    return pa.string() if pa.types.is_null(kind) else kind


WHOLE = pa.int64()


def table(rows: Sequence[Row], integer: pa.DataType = WHOLE) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        raise CannotHoldError("a table without columns has no rows")
    columns = {name: [row.get(name) for row in rows] for name in names}
    try:
        kinds = {name: typed(pa.array(values).type, integer) for name, values in columns.items()}
        return pa.table({name: pa.array(columns[name], kinds[name]) for name in names})
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise CannotHoldError("the values of a column have one type") from error


def with_floats(rows: Sequence[Row]) -> pa.Table:
    """As pandas has columns of whole numbers with gaps."""
    return table(rows, pa.float64())


def with_json(rows: Sequence[Row]) -> pa.Table:
    """As ``datasets`` has columns of values that differ in kind: each as JSON in text."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        raise CannotHoldError("a table without columns has no rows")
    columns = {}
    for name in names:
        found = [row.get(name) for row in rows]
        if all(value is None or isinstance(value, str) for value in found):
            columns[name] = pa.array(found, pa.string())
        else:
            as_text = [None if value is None else json.dumps(value) for value in found]
            columns[name] = pa.ExtensionArray.from_storage(pa.json_(), pa.array(as_text))
    return pa.table(columns)


def parquet(make: Callable[[Sequence[Row]], pa.Table]) -> Callable[[Sequence[Row]], bytes]:
    def write(rows: Sequence[Row]) -> bytes:
        target = io.BytesIO()
        try:
            pq.write_table(make(rows), target)
        except pa.ArrowNotImplementedError as error:
            raise CannotHoldError("a struct without members") from error
        return target.getvalue()

    return write


def arrow(
    make: Callable[[Sequence[Row]], pa.Table], open_writer: Callable[..., Any]
) -> Callable[[Sequence[Row]], bytes]:
    def write(rows: Sequence[Row]) -> bytes:
        held, target = make(rows), io.BytesIO()
        with open_writer(target, held.schema) as writer:
            writer.write_table(held)
        return target.getvalue()

    return write


FORMATS: Mapping[str, Callable[[Sequence[Row]], bytes]] = {
    "a.jsonl": jsonl,
    "a.json": array,
    "a.csv": delimited(","),
    "a.tsv": delimited("\t"),
    "a.parquet": parquet(table),
    "floats.parquet": parquet(with_floats),
    "json.parquet": parquet(with_json),
    "file.arrow": arrow(table, pa.ipc.new_file),
    "stream.arrow": arrow(table, pa.ipc.new_stream),
    "json.arrow": arrow(with_json, pa.ipc.new_file),
}

IN_PLACE = {name for name in FORMATS if name.endswith((".parquet", "file.arrow", "json.arrow"))}
"""Files that are not read from their start on, and whose own pages and buffers are compressed."""

COMPRESSED: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def files(folder: Path, rows: Sequence[Row], suffix: str) -> Iterator[Path]:
    """The rows in every format that can hold them, compressed where that format is ever."""
    for name, write in FORMATS.items():
        try:
            data = write(rows)
        except CannotHoldError:
            continue
        own = name in IN_PLACE
        path = folder / (name if own else f"{name}{suffix}")
        path.write_bytes(data if own else COMPRESSED[suffix](data))
        yield path


def units(path: Path, content: Sequence[str], scratch: str) -> UnitResult:
    """A file as an ingest and an audit read it."""
    (item,) = discover([str(path)]).inputs
    options = IngestOptions(source="s", content=tuple(content))
    task = UnitTask(Layout(Path(scratch)), uuid.uuid4(), options, (file_task(item),))
    return run_unit(task)


def digests(path: Path, content: Sequence[str]) -> tuple[set[str], int, int]:
    """The digests of a file, how many records were read of it and how many kept."""
    with tempfile.TemporaryDirectory() as scratch:
        outcome = units(path, content, scratch)
        (result,) = outcome.files
        assert result.failure is None, (path.name, result.failure)
        halves = ["record_id", "digest_rest"]
        parts = [read_data_file(p.path, halves) for p in outcome.parts if p.table == "sightings"]
        rows = [row for part in parts for row in part.to_pylist()]
    assert (result.read, result.kept) == (result.kept + result.rejected, len(rows))
    return {row["record_id"].hex + row["digest_rest"].hex for row in rows}, result.read, len(rows)


def reasons(path: Path, content: Sequence[str]) -> set[str]:
    """Why records of a file are refused."""
    with tempfile.TemporaryDirectory() as scratch:
        return set(units(path, content, scratch).files[0].reasons)


# -- rows of every shape ---------------------------------------------------------------------------

words = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6
) | st.sampled_from(["", "NA", "null", "1", "1.0", "true", "{}", "[]", ':""', ":{}", "\u2028", " "])
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.sampled_from([0, 1, 1.0, -0.0, 0.5, 1e21])
leaves = st.none() | st.booleans() | numbers | words
names = st.sampled_from(["a", "b", "c", "A", "é", "name"])
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
texts = st.fixed_dictionaries({"text": st.none() | words})
PAIR = ("instruction", "input", "output")
pairs = st.dictionaries(st.sampled_from(PAIR), st.none() | words)
parts = st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": words}), max_size=2)
calls = st.lists(
    st.fixed_dictionaries(
        {"id": words, "function": st.fixed_dictionaries({"name": words, "arguments": words})},
        optional={"index": st.none() | st.integers(0, 3)},
    ),
    max_size=2,
)


def chats(content: st.SearchStrategy[Any]) -> st.SearchStrategy[Row]:
    turn = st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool"])},
        optional={
            "content": st.none() | content,
            "name": st.none() | words,
            "tool_calls": st.none() | calls,
            "extra": st.dictionaries(names, st.none() | words, max_size=2),
        },
    )
    return st.dictionaries(st.just("messages"), st.none() | st.lists(turn, max_size=3))


sharegpt = st.fixed_dictionaries(
    {"conversations": st.lists(st.fixed_dictionaries({"from": words, "value": words}), max_size=3)}
)
whole = st.dictionaries(names, values, max_size=4)
flat = st.dictionaries(names, st.none() | words, max_size=4)
SHAPES: Mapping[str, tuple[tuple[str, ...], st.SearchStrategy[Row]]] = {
    "texts": (("text",), texts),
    "pairs": (PAIR, pairs),
    "chats": (("messages",), chats(words)),
    "chats of parts": (("messages",), chats(parts)),
    "turns of many kinds": (("messages",), chats(words | parts)),
    "sharegpt": (("conversations",), sharegpt),
    "whole rows": (("*",), whole),
    "flat rows": (("*",), flat),
}


FIRST: Mapping[str, Row] = {
    "text": {"text": "x"},
    "instruction": dict.fromkeys(PAIR, "x"),
    "messages": {"messages": [{"role": "user", "content": None, "name": "x"}]},
    "conversations": {"conversations": [{"from": "a", "value": "b"}]},
}


@st.composite
def sets(draw: st.DrawFn) -> tuple[tuple[str, ...], list[Row]]:
    content, rows = SHAPES[draw(st.sampled_from(sorted(SHAPES)))]
    # A field that is asked for is there: a file without it is refused as a whole.
    first = FIRST.get(content[0], {"a": "x"})
    return content, [first, *draw(st.lists(rows, min_size=1, max_size=4))]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sets(), st.sampled_from(sorted(COMPRESSED)))
def test_every_format_gives_the_same_digests(
    drawn: tuple[tuple[str, ...], list[Row]], suffix: str
) -> None:
    content, rows = drawn
    wanted = expected(rows, content)
    nothing = sum(not expected([row], content) for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        for path in files(Path(folder), rows, suffix):
            found, read, kept = digests(path, content)
            assert found == wanted, path.name
            assert read == len(rows), path.name
            assert kept == len(rows) - nothing, path.name


EMPTY: Sequence[Row] = ({}, {"a": None}, {"a": ""}, {"a": "", "b": None}, {"a": "", "b": ""})


@pytest.mark.parametrize("content", [("*",), ("a", "b")])
def test_a_record_of_which_nothing_is_left_is_refused_alike(
    content: tuple[str, ...], tmp_path: Path
) -> None:
    rows = [{"a": "x", "b": "y"}, *EMPTY, {"b": "z"}]
    for path in files(tmp_path, rows, ""):
        found, read, kept = digests(path, content)
        assert found == expected(rows, content)
        assert (read, kept) == (7, 2), path.name
        # Of fields that are asked for it is said whether they are not there, null or empty.
        assert content != ("*",) or reasons(path, content) == {"the record is empty"}, path.name


@pytest.mark.slow
def test_an_audit_in_any_format_knows_what_was_ingested_in_another(tmp_path: Path) -> None:
    rows = [
        {
            "instruction": f"Name a fish, number {n}.",
            "input": "" if n % 2 else None,
            "output": "A cod.",
        }
        for n in range(4)
    ]
    ledger = provenance.init(str(tmp_path / "ledger"))
    for number, path in enumerate(files(tmp_path, rows, "")):
        if number == 0:
            ingest(ledger, path, "fish", label="synthetic", content=PAIR)
        options = IngestOptions(source="audit", content=PAIR)
        result = ledger.audit_files([str(path)], policy(cap("0")), options)
        assert (result.verdict, result.budgets[0].numerator_lo) == ("fail", 4), path.name
        assert any("knows 4 of 4" in finding.reason for finding in result.findings), path.name
