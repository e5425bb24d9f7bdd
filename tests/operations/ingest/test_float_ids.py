"""A whole number in a column of numbers with fractions is the id that it stands for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, strategies as st
from support.datafiles import ingest, write_jsonl

import provenance
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.json.lines import JsonLines
from provenance.io.records.batch_builder import without_fraction
from provenance.ledger import Ledger

TEXTS = [
    "The harbour was quiet when the boats came home.",
    "It was calm in the harbour as the boats returned.",
    "Nobody could say who had painted the lighthouse.",
]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def as_integers(path: Path) -> None:
    write_jsonl(path, [{"id": n + 1, "text": text} for n, text in enumerate(TEXTS)])
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    write_jsonl(path, [rows[0], {**rows[1], "parent": 1}, rows[2]])


def as_floats(path: Path) -> None:
    parents = [None, 1.0, None]
    rows = zip(TEXTS, parents, strict=True)
    write_jsonl(path, [{"id": n + 1.0, "text": t, "parent": p} for n, (t, p) in enumerate(rows)])


def as_csv(path: Path) -> None:
    lines = [f"{n + 1},{text},{'1.0' if n == 1 else ''}" for n, text in enumerate(TEXTS)]
    path.write_text("id,text,parent\n" + "".join(f"{line}\n" for line in lines))


def as_doubles(path: Path, kind: pa.DataType) -> None:
    values = pa.array([None, "1.0", None]).cast(kind)
    ids = pa.array(["1", "2", "3"]).cast(kind)
    table = pa.table({"id": ids, "text": TEXTS, "parent": values})
    pq.write_table(table, path)


FORMS: dict[str, Any] = {
    "integers.jsonl": as_integers,
    "floats.jsonl": as_floats,
    "a.csv": as_csv,
    "doubles.parquet": lambda path: as_doubles(path, pa.float64()),
    "floats.parquet": lambda path: as_doubles(path, pa.float32()),
    "decimals.parquet": lambda path: as_doubles(path, pa.decimal128(9, 1)),
}


@pytest.mark.parametrize("name", sorted(FORMS))
@pytest.mark.parametrize("asked", [{}, {"id_field": "id"}])
def test_a_parent_is_found_in_every_format(
    ledger: Ledger, tmp_path: Path, name: str, asked: dict[str, str]
) -> None:
    FORMS[name](tmp_path / name)
    summary = ingest(
        ledger, tmp_path / name, "s", parent_field="parent", process="rephrase", **asked
    )
    assert summary.parents is not None
    assert (summary.parents.named, summary.parents.found) == (1, 1)
    with ledger.store.snapshot() as connection:
        ids = connection.execute("SELECT external_id FROM sightings ORDER BY row").fetchall()
    assert ids == [("1",), ("2",), ("3",)]


def test_lists_of_parents_too(ledger: Ledger, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": n + 1.0, "text": text} for n, text in enumerate(TEXTS)]
    rows[2]["parent"] = [1.0, 2]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    parents = ingest(ledger, path, "s", parent_field="parent").parents
    assert parents is not None
    assert (parents.named, parents.found) == (2, 2)


def test_a_string_stays_what_it_is(tmp_path: Path) -> None:
    """In JSON a string says that it is one: `"1.0"` is another id than `1`."""
    path = write_jsonl(
        tmp_path / "a.jsonl",
        [{"text": "t", "id": value} for value in ("1.0", 1.0, 1.5, 1, "x", True)],
    )
    for fast in (None, 0):
        layout = ReadLayout("text", ("text",), ("id",), references=("id",))
        source = Input(path.as_posix(), path, "jsonl")
        batches = list(JsonLines(fast_from=fast).read(source, layout))
        got = [value for batch in batches for value in batch.fields.column("id").to_pylist()]
        assert got == ["1.0", "1", "1.5", "1", "x", "true"]


def test_the_fast_path_writes_whole_numbers(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"id": n / 2, "text": "t"} for n in range(6)])
    layout = ReadLayout("text", ("text",), ("id",), references=("id",))
    (batch,) = JsonLines(fast_from=0).read(Input(path.as_posix(), path, "jsonl"), layout)
    assert batch.fields.column("id").to_pylist() == ["0", "0.5", "1", "1.5", "2", "2.5"]


def test_what_is_no_id_keeps_its_spelling(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,text,version\n1.0,t,1.0\n")
    layout = ReadLayout("text", ("text",), ("id", "version"), references=("id",))
    (batch,) = reader_for("csv").read(Input(path.as_posix(), path, "csv"), layout)
    assert batch.fields.to_pylist() == [{"id": "1", "version": "1.0"}]


@given(st.integers(-(2**53) + 1, 2**53 - 1), st.integers(0, 4))
def test_whole_decimals_are_integers(number: int, zeros: int) -> None:
    assert without_fraction(f"{number}.0{'0' * zeros}") == str(number)
    assert without_fraction(repr(float(number))) == str(number)
    assert without_fraction(f"{number}.{'0' * zeros}5") == f"{number}.{'0' * zeros}5"


@pytest.mark.parametrize("text", ["1.0.0", "1e400", "1.", ".0", "v1.0", "", "1.0 ", "1e-3"])
def test_other_texts_are_left_alone(text: str) -> None:
    assert without_fraction(text) == text
