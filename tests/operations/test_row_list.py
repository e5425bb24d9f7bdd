"""Lists of answers as Arrow tables, and what a notebook shows of answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

import provenance
from provenance import Activity, Finding, Gap, Judgement, Model, Release, Rows, Source, Verdict
from provenance.operations.row_list import arrow_schema

AT = datetime(2026, 5, 1, tzinfo=UTC)


def test_rows_are_a_list_and_a_table() -> None:
    release = Release(name="v1", recorded_at=AT, records=3, verdict=Verdict.PASS)
    rows = Rows([release], Release)
    assert rows == [release]
    assert rows.table().to_pylist() == [
        {"name": "v1", "recorded_at": AT, "records": 3, "verdict": "pass"}
    ]


@pytest.mark.parametrize("kind", [Activity, Gap, Model, Release, Source])
def test_no_rows_have_the_same_columns(kind: type[provenance.Model]) -> None:
    table = Rows([], kind).table()
    assert table.num_rows == 0
    assert table.schema == arrow_schema(kind)
    assert table.column_names == list(kind.model_fields)


def test_nested_members_are_json_text() -> None:
    source = Source(name="a", label="human", accepts=("b",))
    (row,) = Rows([source], Source).table().to_pylist()
    assert (row["label"], row["accepts"], row["licence"]) == ("human", '["b"]', None)
    made = Activity(activity="a", kind="transform", started_at=AT, detail={"k": "v"})
    table = Rows([made], Activity).table()
    assert table.schema.field("started_at").type == pa.timestamp("us", tz="UTC")
    assert table.column("detail").to_pylist() == ['{"k": "v"}']


def test_rows_show_the_first_of_them() -> None:
    rows = Rows([Model(name=f"m{n}") for n in range(12)], Model)
    lines = repr(rows).splitlines()
    assert lines[:2] == ["12 rows of Model", "  Model(name='m0')"]
    assert (len(lines), lines[-1]) == (12, "  and 2 more")


def test_an_answer_shows_what_differs_from_its_defaults_in_one_short_line() -> None:
    finding = Finding(code="c", severity="note", subject="s", reason="x" * 1000)
    judgement = Judgement(verdict=Verdict.FAIL, budgets=(), findings=(finding,) * 3)
    assert repr(judgement) == "Judgement(verdict='fail', budgets=(), findings=<3 Finding>)"
    assert len(repr(finding)) < 250


def test_control_characters_of_data_are_escaped() -> None:
    assert "\x1b" not in repr(Model(name="a\x1b[31m\u202e"))
    assert "\u202e" not in repr(Model(name="a\x1b[31m\u202e"))


def test_a_ledger_shows_where_it_is(tmp_path: Path) -> None:
    assert repr(provenance.init(tmp_path / "l")) == f"<Ledger {tmp_path / 'l'}>"
